"""Files in the folder of a training run, through which driver and workers communicate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from coinspark.core import atomic_files
from coinspark.core.hashing import file_hash
from coinspark.pipeline.scratch import remove
from coinspark.training import checkpoint

JOB, ERROR, LOG, PROGRESS, RESULT = "job.json", "error.txt", "worker.log", "progress.txt", "result.json"
DRIVER_LOG = "driver.log"
WEIGHTS = "weights.npz"
NETWORK_MARKER = "network.json"
"""The table row of a finished DeepCluster network, in its folder."""


def append_progress(folder: Path, line: str) -> None:
    """Append a line to the file that the driver follows and prints."""
    with (folder / PROGRESS).open("a", encoding="utf-8") as stream:
        stream.write(f"{line}\n")


def write_result(folder: Path, result: dict[str, Any]) -> None:
    """Write the result of a training for the driver, atomically."""
    atomic_files.write_json(folder / RESULT, result)


def read_result(folder: Path) -> dict[str, Any]:
    """The result that `write_result` left."""
    result: dict[str, Any] = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    return result


def training_folder(published: Path, scratch: Path, force: bool) -> Path:
    """The folder in which a run is trained: that of the finished run, where an interrupted one resumes.

    A forced run is trained in the scratch folder, so that the published weights stay until it has finished.
    """
    return scratch / published.parent.name / published.name if force else published


def mark_finished(folder: Path, published: Path, marker: str, row: dict[str, Any]) -> dict[str, Any]:
    """Write the table row of a finished run to the file `marker` and remove the checkpoint; the row.

    A folder that is not `published` replaces it.
    """
    atomic_files.write_json(folder / marker, row)
    (folder / checkpoint.NAME).unlink(missing_ok=True)
    if folder != published:
        published.parent.mkdir(parents=True, exist_ok=True)
        former = published.with_name(f"{published.name}.former")
        remove(former)  # left by a killed run
        if published.exists():
            published.rename(former)
        folder.rename(published)
        remove(former)
    return row


def finished_row(folder: Path, marker: str) -> dict[str, Any] | None:
    """The row of a finished run; None if it is not finished or its weights file has changed."""
    try:
        row: dict[str, Any] = json.loads((folder / marker).read_text(encoding="utf-8"))
        return row if file_hash(folder / WEIGHTS) == row["sha256"] else None
    except FileNotFoundError:
        return None


def is_deepcluster_file(networks: Path, sha256: str | None) -> bool:
    """Whether a weights file with this SHA-256 is one of the DeepCluster networks below a folder."""
    rows = (json.loads(file.read_text(encoding="utf-8")) for file in networks.glob(f"*/{NETWORK_MARKER}"))
    return sha256 is not None and any(row["sha256"] == sha256.lower() for row in rows)
