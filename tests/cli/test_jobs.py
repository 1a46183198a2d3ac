"""Files of jobs/: each runs the stage of its name."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from coinspark import nightly
from coinspark.cli import app as cli
from coinspark.cli import jobs
from coinspark.config import Config
from tests.builds import ROOT

RUNNER = CliRunner()
FILES = sorted((ROOT / "jobs").glob("*.py"))


def test_every_stage_has_a_file() -> None:
    assert {file.stem for file in FILES} == {"nightly", "publish", *(stage.name for stage in nightly.STAGES)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_file_runs_the_stage_of_its_name(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(jobs, "main", started.append)
    runpy.run_path(str(file), run_name="__main__")
    assert started == [file.stem]


def test_publish_runs_no_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[object, ...]] = []

    def record(*arguments: object) -> SimpleNamespace:
        calls.append(arguments[1:])
        return SimpleNamespace(report="report.html", spark=None, name="build")

    monkeypatch.setattr(nightly, "publish_build", record)
    jobs.main("publish", ["--verify-files"])
    RUNNER.invoke(cli.app, ["publish"])
    assert calls == [(True,), (False,)]
    with pytest.raises(SystemExit):
        jobs.main("publish", ["--force"])


@pytest.mark.parametrize("name", ["nightly", "train"])
def test_verify_files_reaches_the_stages(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    calls: list[tuple[object, ...]] = []

    def record(*arguments: object) -> SimpleNamespace:
        calls.append(arguments[1:])
        return SimpleNamespace(report="report.html", spark=None, name="build")

    monkeypatch.setattr(nightly, "run_build", record)
    monkeypatch.setattr(nightly, "run_stages", record)
    jobs.main(name, ["--verify-files"])
    RUNNER.invoke(cli.app, [name, "--verify-files"])
    stages = [()] if name == "nightly" else [(("train",),), (nightly.up_to(Config(), "train"),)]
    assert calls == [(*names, False, True) for names in (stages * 2)[:2]]


@pytest.mark.parametrize("name", ["ingest", "nightly"])
def test_accept_loss_is_an_option_of_the_jobs_that_read_sources(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    accepted: list[bool] = []

    class Build:
        report = "report.html"

    def run(config: Config, *args: object) -> type[Build]:
        accepted.append(config.ingest.accept_loss)
        return Build

    monkeypatch.setattr(nightly, "run_build", run)
    monkeypatch.setattr(nightly, "run_stages", run)
    jobs.main(name, [])
    jobs.main(name, ["--accept-loss"])
    assert accepted == [False, True]
    with pytest.raises(SystemExit):
        jobs.main("splits", ["--accept-loss"])
