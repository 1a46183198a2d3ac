"""The state of a run after an epoch, in one npz that is replaced whole: a crash or a full disk leaves the one before."""

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
    write(
        folder / NAME,
        {name: getattr(state, name) for name in _FACTS},
        {name: getattr(state, name) for name in _ARRAYS},
        f"the checkpoint of epoch {state.epoch}",
    )


def load(folder: Path) -> State | None:
    """The last whole checkpoint, or None where there is none. Raises TrainingError where the file is not one of ours."""
    found = read(folder / NAME, _ARRAYS)
    if found is None:
        return None
    facts, arrays = found
    fields: dict[str, Any] = {**facts, **arrays}
    return State(**fields)


def write(file: Path, facts: Mapping[str, Any], arrays: Mapping[str, Arrays], what: str) -> None:
    """Replace a checkpoint of any training: facts that JSON can hold, lists of arrays. TrainingError says `what` is lost."""
    part = file.with_name(f"{file.name}.part")
    told = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    named = {f"{name}/{n:04d}": array for name, many in arrays.items() for n, array in enumerate(many)}
    try:
        with part.open("wb") as opened:
            np.savez(opened, facts=told, **named)
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise TrainingError(
            f"{file}: {what} cannot be written ({error.strerror}); the one before stays: make room and run "
            "again to go on from there"
        ) from None


def read(file: Path, names: Sequence[str]) -> tuple[dict[str, Any], dict[str, Arrays]] | None:
    """Facts and lists of arrays of these names, or None without the file. Raises TrainingError where it is not one of ours."""
    try:
        with np.load(file, allow_pickle=False) as opened:
            facts: dict[str, Any] = json.loads(opened["facts"].tobytes())
            return facts, {
                name: [opened[key] for key in sorted(opened.files) if key.startswith(f"{name}/")]
                for name in names
            }
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        raise TrainingError(
            f"{file}: is no checkpoint of ours ({error}); remove it to train from the start"
        ) from None
