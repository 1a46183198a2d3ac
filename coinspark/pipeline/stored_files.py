"""Files that published rows refer to, such as weights: whether they are still those that were written.

A file is hashed only where its size or its times differ from those of its last check, since weights are large
and most builds change none. `file_hashes.json` in the warehouse records the checks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame

from coinspark.config import Config
from coinspark.core.formatting import one_line
from coinspark.warehouse.files import Location
from coinspark.warehouse.locations import warehouse_location

RECORD = "file_hashes.json"


def weights_files(table: str) -> Callable[[Config, Callable[[str], DataFrame]], dict[str, str]]:
    """`Stage.files` of a table with the columns `weights`, the path of a file, and `sha256`, its hash."""

    def files(config: Config, read: Callable[[str], DataFrame]) -> dict[str, str]:
        return {row["weights"]: row["sha256"] for row in read(table).select("weights", "sha256").collect()}

    return files


def damaged_files(config: Config, files: Mapping[str, str], verify: bool = False) -> list[str]:
    """Paths of the files and folders that are missing or have another hash.

    Args:
        files: Path below the warehouse → SHA-256 hex of the file, or `folder_hash` of the folder.
        verify: Hash every file, also where size and times are unchanged.
    """
    root = warehouse_location(config)
    record = _read_record(root / RECORD)
    checked = {path: _check(root / path, {} if verify else record.get(path, {})) for path in files}
    known = {path: check for path, check in checked.items() if check is not None}
    if any(record.get(path) != check for path, check in known.items()):
        (root / RECORD).write_json({**record, **known})
    return [path for path, sha256 in files.items() if path not in known or known[path]["sha256"] != sha256]


def describe_damage(paths: Sequence[str]) -> str:
    """The first path and the number of the others, for the user."""
    more = f" and {len(paths) - 1:,} more files are" if len(paths) > 1 else " is"
    return f"{one_line(paths[0])}{more} missing or damaged"


def _check(path: Location, before: Mapping[str, Any]) -> dict[str, Any] | None:
    """State and hash of a file or folder; None if it is missing. `before` is the result of the last check."""
    if (state := path.state()) is None:
        return None
    if before.get("state") == state:
        return {"state": state, "sha256": before["sha256"]}
    return {"state": state, "sha256": path.sha256()}


def _read_record(file: Location) -> dict[str, Any]:
    """The record; empty if it is missing or damaged, so that every file is hashed."""
    try:
        record = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
