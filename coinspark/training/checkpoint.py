"""The state of a run after an epoch, in one npz that is replaced whole: a crash or a full disk leaves the one before."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from coinspark.errors import TrainingError

Arrays = list[np.ndarray[Any, Any]]
NAME = "checkpoint.npz"


@dataclass
class State:
    """Epochs done, a record of each, the best one's number, top-1 and loss, and the arrays: see the fields."""

    epoch: int = 0
    best_epoch: int = 0
    best_top1: float = -1.0  # of the validation rows
    best_loss: float = float("inf")
    history: list[dict[str, float]] = field(default_factory=list)
    weights: Arrays = field(default_factory=list)  # of the model, in the order of get_weights()
    optimizer: Arrays = field(default_factory=list)  # step count and moments
    average: Arrays = field(default_factory=list)  # running mean of the weights
    best: Arrays = field(default_factory=list)  # the weights to keep


_ARRAYS = ("weights", "optimizer", "average", "best")
_FACTS = ("epoch", "best_epoch", "best_top1", "best_loss", "history")


def save(folder: Path, state: State) -> None:
    """Replace the checkpoint. Raises TrainingError naming the file where it cannot be written; the one before stays."""
    file, part = folder / NAME, folder / f"{NAME}.part"
    facts = json.dumps({name: getattr(state, name) for name in _FACTS}).encode()
    arrays = {f"{name}/{n:04d}": array for name in _ARRAYS for n, array in enumerate(getattr(state, name))}
    try:
        with part.open("wb") as opened:
            np.savez(opened, facts=np.frombuffer(facts, np.uint8), **arrays)
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise TrainingError(f"{file}: the checkpoint of epoch {state.epoch} cannot be written ({error.strerror}); the one "
                            "before stays: make room and run again to go on from there") from None


def load(folder: Path) -> State | None:
    """The last whole checkpoint, or None where there is none. Raises TrainingError where the file is not one of ours."""
    file = folder / NAME
    try:
        with np.load(file, allow_pickle=False) as opened:
            facts: dict[str, Any] = json.loads(opened["facts"].tobytes())
            arrays: dict[str, Any] = {
                name: [opened[key] for key in sorted(opened.files) if key.startswith(f"{name}/")] for name in _ARRAYS}
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        raise TrainingError(f"{file}: is no checkpoint of ours ({error}); remove it to train from the start") from None
    return State(**facts, **arrays)
