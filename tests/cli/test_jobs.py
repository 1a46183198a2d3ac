"""Files of jobs/: each runs the stage of its name."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from coinspark import nightly
from coinspark.cli import jobs
from tests.builds import ROOT

FILES = sorted((ROOT / "jobs").glob("*.py"))


def test_every_stage_has_a_file() -> None:
    assert {file.stem for file in FILES} == {"nightly", *(stage.name for stage in nightly.STAGES)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_file_runs_the_stage_of_its_name(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(jobs, "main", started.append)
    runpy.run_path(str(file), run_name="__main__")
    assert started == [file.stem]
