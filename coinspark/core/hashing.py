"""SHA-256 of values and files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import BaseModel


def digest(value: Any) -> str:
    """SHA-256 hex of a JSON-like value or a configuration section. The order of keys does not count."""
    return sha256(json.dumps(_to_json(value), sort_keys=True).encode()).hexdigest()


def file_hash(file: Path) -> str:
    """SHA-256 hex of a file's bytes."""
    total = sha256()
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            total.update(block)
    return total.hexdigest()


def files_hash(files: Iterable[Path], root: Path) -> str:
    """SHA-256 hex of several files in the given order: their paths relative to `root` and their bytes."""
    total = sha256()
    for file in files:
        total.update(f"{file.relative_to(root).as_posix()}\0{file_hash(file)}\0".encode())
    return total.hexdigest()


def folder_hash(folder: Path) -> str:
    """SHA-256 hex over the names and bytes of all files below a folder, in the order of their names."""
    return files_hash(sorted(path for path in folder.rglob("*") if path.is_file()), folder)


def _to_json(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(key): _to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_to_json(item) for item in value]
    return value
