"""Small files that are written completely or not at all."""

from __future__ import annotations

import json
import os
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
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        if private:
            part.touch(mode=0o600, exist_ok=False)
        part.write_text(text, encoding="utf-8")
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return file


def write_json(file: Path, value: Any) -> Path:
    """Write a value as JSON with sorted keys; see `write_text`."""
    return write_text(file, json.dumps(value, sort_keys=True))
