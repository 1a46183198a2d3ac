"""The scratch folder of a stage: finished parts of unfinished work.

The folder does not depend on settings, inputs or code. The name of each part contains everything that decides
its content, so that the next run uses the parts that are still right, and no others.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

from coinspark.config import Config
from coinspark.warehouse.locations import local_folder


def scratch_folder(config: Config, stage: str) -> Path:
    """The scratch folder of a stage. It is removed when the stage has finished."""
    return local_folder(config) / "scratch" / stage


def remove_others(folder: Path, names: Collection[str]) -> None:
    """Delete everything in the folder except these names: parts of other settings, inputs or code."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name not in names:
            remove(path)


def remove(path: Path) -> None:
    """Delete a file or a folder, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
