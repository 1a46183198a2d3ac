"""Small files that are written completely or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_text(file: Path, text: str) -> Path:
    """Write UTF-8 text to a temporary file in the same folder, then rename it to `file`. Creates the folder.

    Returns:
        `file`.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return file


def write_json(file: Path, value: Any) -> Path:
    """Write a value as JSON with sorted keys; see `write_text`."""
    return write_text(file, json.dumps(value, sort_keys=True))
