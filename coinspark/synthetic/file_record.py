"""`.stamp`: the version of a collection, and size, modification time and hash of each of its files."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from coinspark.core import atomic_files
from coinspark.core.hashing import file_hash

STAMP = ".stamp"


def damaged_files(folder: Path, version: str, verify: bool = False) -> list[str]:
    """Names of the files that are missing or not as they were written; `.stamp` if that holds for all.

    Args:
        version: Version of the collection; files of another version do not count as written.
        verify: Compare the bytes too, not only size and modification time.
    """
    files = _recorded_files(folder, version)
    if files is None:
        return [STAMP]
    return [name for name, entry in sorted(files.items()) if not _is_whole(folder / name, entry, verify)]


def write_record(folder: Path, version: str, names: Iterable[str], written: Collection[str]) -> None:
    """Record the files of these names. Only those in `written` are hashed; the others are as recorded before.

    A file with the bytes that were recorded before gets its recorded time again, so that nothing that was
    computed from it is computed again.
    """
    before = _recorded_files(folder, version) or {}
    files: dict[str, list[Any]] = {}
    for name in names:
        if name not in before or name in written:
            sha256 = file_hash(folder / name)
            if name in before and before[name][2] == sha256:
                os.utime(folder / name, ns=(before[name][1], before[name][1]))
            files[name] = [*_state(folder / name), sha256]
        else:
            files[name] = before[name]
    atomic_files.write_json(folder / STAMP, {"version": version, "files": files})


def _recorded_files(folder: Path, version: str) -> Mapping[str, list[Any]] | None:
    """Name → size, modification time in ns, SHA-256 hex; None without a record of this version."""
    try:
        record = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    is_current = isinstance(record, dict) and record.get("version") == version
    return record.get("files") if is_current else None


def _is_whole(path: Path, entry: list[Any], verify: bool) -> bool:
    try:
        return _state(path) == entry[:2] and (not verify or file_hash(path) == entry[2])
    except OSError:
        return False


def _state(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]
