"""Checkpoints: the state of a training after an epoch, in one npz that is replaced atomically.

A crash or a full disk leaves the previous checkpoint.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from coinspark.core.errors import TrainingError

Arrays = list[np.ndarray[Any, Any]]
NAME = "checkpoint.npz"


@dataclass
class TrainingState:
    """TrainingState of a classifier's training after `epoch` epochs.

    Attributes:
        epoch: Number of finished epochs.
        best_epoch: The epoch with the best validation result.
        best_top1: Its validation accuracy.
        best_loss: Its validation loss.
        history: The metrics of each epoch.
        weights: Weights of the model, in the order of `get_weights()`.
        optimizer: Step count, moments and loss scale of the optimizer (`worker.optimizer_variables`).
        average: Moving average of the weights; empty if it is switched off.
        best: The weights after the best epoch.
    """

    epoch: int = 0
    best_epoch: int = 0
    best_top1: float = -1.0
    best_loss: float = float("inf")
    history: list[dict[str, float]] = field(default_factory=list)
    weights: Arrays = field(default_factory=list)
    optimizer: Arrays = field(default_factory=list)
    average: Arrays = field(default_factory=list)
    best: Arrays = field(default_factory=list)


_ARRAYS = ("weights", "optimizer", "average", "best")
_FACTS = ("epoch", "best_epoch", "best_top1", "best_loss", "history")


def save(folder: Path, state: TrainingState) -> None:
    """Replace the checkpoint in a run's folder.

    Raises:
        TrainingError: The file cannot be written. The previous checkpoint is kept.
    """
    write(
        folder / NAME,
        {name: getattr(state, name) for name in _FACTS},
        {name: getattr(state, name) for name in _ARRAYS},
        f"the checkpoint of epoch {state.epoch}",
    )


def load(folder: Path) -> TrainingState | None:
    """Read the checkpoint in a run's folder; None if there is none.

    Raises:
        TrainingError: The file is not a checkpoint.
    """
    content = read(folder / NAME, _ARRAYS)
    if content is None:
        return None
    facts, arrays = content
    fields: dict[str, Any] = {**facts, **arrays}
    return TrainingState(**fields)


def write(file: Path, facts: Mapping[str, Any], arrays: Mapping[str, Arrays], description: str) -> None:
    """Replace a checkpoint file.

    Args:
        facts: JSON-like values.
        arrays: Lists of arrays by name.
        description: What the checkpoint is, for the error message.

    Raises:
        TrainingError: The file cannot be written. The previous checkpoint is kept.
    """
    part = file.with_name(f"{file.name}.part")
    facts_json = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    members = {f"{name}/{n:04d}": array for name, items in arrays.items() for n, array in enumerate(items)}
    try:
        with part.open("wb") as stream:
            np.savez(stream, facts=facts_json, **members)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise TrainingError(
            f"{file}: {description} cannot be written ({error.strerror}), the previous one is kept; "
            "free disk space and run again to resume"
        ) from None


def read(file: Path, names: Sequence[str]) -> tuple[dict[str, Any], dict[str, Arrays]] | None:
    """Read the facts and the named lists of arrays of a checkpoint file; None if it does not exist.

    Raises:
        TrainingError: The file is not a checkpoint. Pickled content is never loaded.
    """
    try:
        with np.load(file, allow_pickle=False) as archive:
            facts: dict[str, Any] = json.loads(archive["facts"].tobytes())
            return facts, {
                name: [archive[key] for key in sorted(archive.files) if key.startswith(f"{name}/")]
                for name in names
            }
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        raise TrainingError(
            f"{file}: not a checkpoint ({error}); remove it to train from the start"
        ) from None
