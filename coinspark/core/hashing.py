"""What something is known by: the SHA-256 of a value, a file or several files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import BaseModel


def digest(value: Any) -> str:
    """SHA-256 hex of any JSON-like value or configuration section, independent of key order."""
    return sha256(json.dumps(_plain(value), sort_keys=True).encode()).hexdigest()


def file_hash(file: Path) -> str:
    """SHA-256 hex of a file, read in pieces."""
    total = sha256()
    with file.open("rb") as opened:
        while piece := opened.read(1 << 20):
            total.update(piece)
    return total.hexdigest()


def files_hash(files: Iterable[Path], root: Path) -> str:
    """SHA-256 hex over the names below `root` and the bytes of files, in the order in which they come."""
    total = sha256()
    for file in files:
        total.update(f"{file.relative_to(root).as_posix()}\0{file_hash(file)}\0".encode())
    return total.hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
