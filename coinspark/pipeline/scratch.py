"""The scratch folder of a stage: finished parts of unfinished work.

The folder does not depend on settings, inputs or code. The name of each part contains everything that decides
its content, so that the next run uses the parts that are still right, and no others.
"""

from __future__ import annotations

from collections.abc import Collection

from coinspark.config import Config
from coinspark.warehouse.files import Location
from coinspark.warehouse.locations import warehouse_location


def scratch_folder(config: Config, stage: str) -> Location:
    """The scratch folder of a stage, of one namespace. It is removed when the stage has finished."""
    return warehouse_location(config) / "scratch" / config.catalog.namespace / stage


def remove_others(folder: Location, names: Collection[str]) -> None:
    """Delete everything in the folder except these names: parts of other settings, inputs or code."""
    for path in folder.iterdir():
        if path.name not in names:
            path.remove()
