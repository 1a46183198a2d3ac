"""The files of jobs/: each starts the stage that it is named after."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from coinspark import nightly
from coinspark.cli import jobs
from tests.builds import ROOT

FILES = sorted((ROOT / "jobs").glob("*.py"))


def test_every_stage_has_its_file() -> None:
    assert {file.stem for file in FILES} == {"nightly", *(stage.name for stage in nightly.STAGES)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_starts_its_own_stage(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(jobs, "main", started.append)
    runpy.run_path(str(file), run_name="__main__")
    assert started == [file.stem]
