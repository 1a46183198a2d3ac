"""Files that published rows refer to, such as weights: whether they are still those that were written.

A file is hashed only where its size or its times differ from those of its last check, since weights are large
and most builds change none. `file_hashes.json` in the warehouse's local folder records the checks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame

from coinspark.config import Config
from coinspark.core import atomic_files
from coinspark.core.formatting import one_line
from coinspark.core.hashing import file_hash, folder_hash
from coinspark.warehouse.locations import local_folder

RECORD = "file_hashes.json"


def weights_files(table: str) -> Callable[[Config, Callable[[str], DataFrame]], dict[str, str]]:
    """`Stage.files` of a table with the columns `weights`, the path of a file, and `sha256`, its hash."""

    def files(config: Config, read: Callable[[str], DataFrame]) -> dict[str, str]:
        return {row["weights"]: row["sha256"] for row in read(table).select("weights", "sha256").collect()}

    return files


def damaged_files(config: Config, files: Mapping[str, str], verify: bool = False) -> list[str]:
    """Paths of the files and folders that are missing or have another hash.

    Args:
        files: Path below `local_folder` → SHA-256 hex of the file, or `folder_hash` of the folder.
        verify: Hash every file, also where size and times are unchanged.
    """
    root = local_folder(config)
    record = _read_record(root / RECORD)
    checked = {path: _check(root / path, {} if verify else record.get(path, {})) for path in files}
    known = {path: check for path, check in checked.items() if check is not None}
    if any(record.get(path) != check for path, check in known.items()):
        atomic_files.write_json(root / RECORD, {**record, **known})
    return [path for path, sha256 in files.items() if path not in known or known[path]["sha256"] != sha256]


def describe_damage(paths: Sequence[str]) -> str:
    """The first path and the number of the others, for the user."""
    more = f" and {len(paths) - 1:,} more files are" if len(paths) > 1 else " is"
    return f"{one_line(paths[0])}{more} missing or damaged"


def _check(path: Path, before: Mapping[str, Any]) -> dict[str, Any] | None:
    """State and hash of a file or folder; None if it is missing. `before` is the result of the last check."""
    if not path.exists():
        return None
    state = _state(path)
    if before.get("state") == state:
        return {"state": state, "sha256": before["sha256"]}
    return {"state": state, "sha256": folder_hash(path) if path.is_dir() else file_hash(path)}


def _state(path: Path) -> list[list[Any]]:
    """Name, size, and times of change of content and of attributes, of the file or of each file of a folder.

    A copy that keeps the modification time still has another time of change of its attributes (ctime).
    """
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    stats = [(file, file.stat()) for file in files]
    return [[file.name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns] for file, stat in stats]


def _read_record(file: Path) -> dict[str, Any]:
    """The record; empty if it is missing or damaged, so that every file is hashed."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
