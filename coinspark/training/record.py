"""What marks a training as finished: a file with its row, written last, beside weights that are still those of the row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from coinspark.core import atomic_files
from coinspark.core.hashing import file_hash
from coinspark.training.checkpoint import NAME

WEIGHTS = "weights.npz"


def finished(folder: Path, marker: str) -> dict[str, Any] | None:
    """The row of a training that came to its end and whose weights are as they were, else None."""
    try:
        row: dict[str, Any] = json.loads((folder / marker).read_text(encoding="utf-8"))
        return row if file_hash(folder / WEIGHTS) == row["sha256"] else None
    except FileNotFoundError:
        return None


def finish(folder: Path, marker: str, row: dict[str, Any]) -> dict[str, Any]:
    """Write the marker, whole, and clear the checkpoint away; the row."""
    atomic_files.write_json(folder / marker, row)
    (folder / NAME).unlink(missing_ok=True)
    return row
