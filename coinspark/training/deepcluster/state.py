"""State of a DeepCluster training after a round, its checkpoint, and the agreement of two assignments."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coinspark.training import checkpoint
from coinspark.training.checkpoint import NAME, Arrays


@dataclass
class DeepClusterState:
    """State after `round` rounds.

    Attributes:
        round: Number of finished rounds.
        history: A record per round: `round`, `clusters` (not empty), `sizes` (descending), `nmi` with the
            previous round or None, `inertia` per image, `loss`.
        weights: Weights of the network, in the order of `get_weights()`.
        optimizer: Step count, moments and loss scale of the optimizer (`worker.optimizer_variables`).
        assigned: The last assignment of all workers' rows: sorted keys int64 (n,), labels int32 (n,).
    """

    round: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    weights: Arrays = field(default_factory=list)
    optimizer: Arrays = field(default_factory=list)
    assigned: Arrays = field(default_factory=list)


_ARRAYS = ("weights", "optimizer", "assigned")


def save(folder: Path, state: DeepClusterState) -> None:
    """Replace the checkpoint in the folder.

    Raises:
        TrainingError: The file cannot be written. The previous checkpoint is kept.
    """
    checkpoint.write(
        folder / NAME,
        {"round": state.round, "history": state.history},
        {name: getattr(state, name) for name in _ARRAYS},
        f"the checkpoint of round {state.round}",
    )


def load(folder: Path) -> DeepClusterState | None:
    """Read the checkpoint in the folder; None if there is none.

    Raises:
        TrainingError: The file is not a checkpoint.
    """
    content = checkpoint.read(folder / NAME, _ARRAYS)
    if content is None:
        return None
    facts, arrays = content
    return DeepClusterState(facts["round"], facts["history"], **arrays)


def normalized_mutual_information(table: NDArray[np.float64]) -> float:
    """Normalised mutual information (NMI) of two assignments, 0 to 1, from their contingency table.

    Normalised by the arithmetic mean of the two entropies, as in scikit-learn and in Caron et al. 2018.
    """
    joint = table / table.sum()
    first, second = joint.sum(1), joint.sum(0)
    positive = joint > 0
    ratio = joint[positive] / np.outer(first, second)[positive]
    information = float((joint[positive] * np.log(ratio)).sum())
    mean_entropy = (_entropy(first) + _entropy(second)) / 2
    return max(0.0, information / mean_entropy) if mean_entropy > 0 else 1.0


def _entropy(probabilities: NDArray[np.float64]) -> float:
    positive = probabilities[probabilities > 0]
    return float(-(positive * np.log(positive)).sum())
