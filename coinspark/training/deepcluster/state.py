"""The state of a DeepCluster training after a round, and how far two assignments agree."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coinspark.training import checkpoint
from coinspark.training.checkpoint import NAME, Arrays


@dataclass
class State:
    """Rounds done, a record of each, and the arrays: of the network, of its optimiser, and of the last assignment."""

    round: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    weights: Arrays = field(default_factory=list)  # in the order of get_weights()
    optimizer: Arrays = field(default_factory=list)
    assigned: Arrays = field(
        default_factory=list
    )  # keys int64 (n,), sorted, of all workers' rows, and labels int32 (n,)


_ARRAYS = ("weights", "optimizer", "assigned")


def save(folder: Path, state: State) -> None:
    """Replace the checkpoint. Raises TrainingError naming the file where it cannot be written; the one before stays."""
    checkpoint.write(
        folder / NAME,
        {"round": state.round, "history": state.history},
        {name: getattr(state, name) for name in _ARRAYS},
        f"the checkpoint of round {state.round}",
    )


def load(folder: Path) -> State | None:
    """The last whole checkpoint, or None. Raises TrainingError where the file is not one of ours."""
    found = checkpoint.read(folder / NAME, _ARRAYS)
    if found is None:
        return None
    facts, arrays = found
    return State(facts["round"], facts["history"], **arrays)


def agreement(table: NDArray[np.float64]) -> float:
    """Normalised mutual information of two assignments, 0 to 1, from how many rows stand in each pair of clusters.

    Divided by the mean of both entropies, as scikit-learn does and the paper of DeepCluster plots.
    """
    joint = table / table.sum()
    first, second = joint.sum(1), joint.sum(0)
    there = joint > 0
    shared = float((joint[there] * np.log(joint[there] / np.outer(first, second)[there])).sum())
    mean = (_entropy(first) + _entropy(second)) / 2
    return max(0.0, shared / mean) if mean > 0 else 1.0


def _entropy(shares: NDArray[np.float64]) -> float:
    held = shares[shares > 0]
    return float(-(held * np.log(held)).sum())
