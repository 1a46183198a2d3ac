"""Small files that stand whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write(file: Path, text: str) -> Path:
    """Write the text in UTF-8 beside `file` first and put it in its place at once; `file`. Its folder is made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return file


def write_json(file: Path, value: Any) -> Path:
    """`write` of a value as JSON, keys in order."""
    return write(file, json.dumps(value, sort_keys=True))
