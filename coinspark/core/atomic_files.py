"""Small files that are written completely or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def exclude_other_users() -> None:
    """Set the umask so that users outside the group cannot access new files of this process and its children.

    The JVM of Spark and its Python workers are children: tables and the catalog are new files, too.
    """
    os.umask(os.umask(0o077) | 0o007)


def write_text(file: Path, text: str, private: bool = False) -> Path:
    """Write UTF-8 text to a temporary file in the same folder, then rename it to `file`. Creates the folder.

    Args:
        private: Whether only the owner can read the file.

    Returns:
        `file`.
    """
    with _replaced(file) as part:
        if private:
            part.touch(mode=0o600, exist_ok=False)
        part.write_text(text, encoding="utf-8")
    return file


def write_bytes(file: Path, content: bytes) -> Path:
    """Write bytes to `file`; see `write_text`."""
    with _replaced(file) as part:
        part.write_bytes(content)
    return file


def copy(source: Path, file: Path) -> Path:
    """Copy the content of `source` to `file`; see `write_text`."""
    with _replaced(file) as part:
        shutil.copyfile(source, part)
    return file


def write_json(file: Path, value: Any) -> Path:
    """Write a value as JSON with sorted keys; see `write_text`."""
    return write_text(file, json.dumps(value, sort_keys=True))


@contextmanager
def _replaced(file: Path) -> Iterator[Path]:
    """A temporary path in the same folder, which is then renamed to `file`, or deleted after an exception."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
