"""Scratch folders: parts of unfinished work."""

from __future__ import annotations

from pathlib import Path

from coinspark.config import Config
from coinspark.pipeline.scratch import remove_others, scratch_folder


def test_each_namespace_and_stage_has_its_own_folder(tmp_path: Path) -> None:
    """A build of one namespace deletes parts that do not fit: they must not be those of another."""
    folders = [
        scratch_folder(
            Config.model_validate({"warehouse": str(tmp_path), "catalog": {"namespace": name}}), stage
        )
        for name in ("coins", "medals")
        for stage in ("ingest", "features")
    ]
    for folder in folders:
        (folder / "kept").write_text("part")
        (folder / "other").write_text("part")
    remove_others(folders[0], {"kept"})
    folders[1].remove()
    assert [[path.name for path in folder.iterdir()] for folder in folders] == [
        ["kept"],
        [],
        ["kept", "other"],
        ["kept", "other"],
    ]
