"""Files in the folder of a training run, through which driver and workers communicate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from coinspark.core import atomic_files
from coinspark.training import checkpoint
from coinspark.warehouse.files import Location

JOB, ERROR, LOG, PROGRESS, RESULT = "job.json", "error.txt", "worker.log", "progress.txt", "result.json"
DRIVER_LOG = "driver.log"
WEIGHTS = "weights.npz"
TENSORBOARD = "tensorboard"
NETWORK_MARKER = "network.json"
"""The table row of a finished DeepCluster network, in its folder."""


def append_progress(folder: Path, line: str) -> None:
    """Append a line to the file that the driver follows and prints."""
    with (folder / PROGRESS).open("a", encoding="utf-8") as stream:
        stream.write(f"{line}\n")


def read_progress(folder: Location) -> list[str]:
    """The complete lines that `append_progress` has written so far."""
    try:
        return (folder / PROGRESS).read_text().split("\n")[:-1]
    except FileNotFoundError:
        return []


def write_result(folder: Path, result: dict[str, Any]) -> None:
    """Write the result of a training for the driver, atomically."""
    atomic_files.write_json(folder / RESULT, result)


def read_result(folder: Location) -> dict[str, Any]:
    """The result that `write_result` left."""
    result: dict[str, Any] = json.loads((folder / RESULT).read_text())
    return result


def training_folder(published: Location, scratch: Location, force: bool) -> Location:
    """The folder in which a run is trained: that of the finished run, where an interrupted one resumes.

    A forced run is trained in the scratch folder, so that the published weights stay until it has finished.
    """
    return scratch / published.parent.name / published.name if force else published


def mark_finished(folder: Location, published: Location, marker: str, row: dict[str, Any]) -> dict[str, Any]:
    """Write the table row of a finished run to the file `marker`, the last one, and remove the checkpoint.

    The files of a folder that is not `published` replace those in it, one by one and the weights first: a
    folder cannot be replaced as a whole in an object store. After a kill in between the marker does not fit
    the weights, and the run is trained again.

    Returns:
        The row.
    """
    if folder != published:
        files = [file for file in folder.iterdir() if file.name not in (checkpoint.NAME, TENSORBOARD)]
        for file in sorted(files, key=lambda file: file.name != WEIGHTS):
            file.move(published / file.name)
        (published / TENSORBOARD).remove()
        for file in (folder / TENSORBOARD).iterdir():
            file.move(published / TENSORBOARD / file.name)
    (published / marker).write_json(row)
    (published / checkpoint.NAME).remove()
    if folder != published:
        folder.remove()
    return row


def finished_row(folder: Location, marker: str) -> dict[str, Any] | None:
    """The row of a finished run; None if it is not finished or its weights file has changed."""
    try:
        row: dict[str, Any] = json.loads((folder / marker).read_text())
        return row if (folder / WEIGHTS).sha256() == row["sha256"] else None
    except FileNotFoundError:
        return None


def is_deepcluster_file(networks: Location, sha256: str | None) -> bool:
    """Whether a weights file with this SHA-256 is one of the DeepCluster networks below a folder."""
    if sha256 is None:
        return False
    rows = (_network_row(folder) for folder in networks.iterdir())
    return any(row["sha256"] == sha256.lower() for row in rows if row is not None)


def _network_row(folder: Location) -> dict[str, Any] | None:
    try:
        row: dict[str, Any] = json.loads((folder / NETWORK_MARKER).read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None
    return row
