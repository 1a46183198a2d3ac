"""Interface of a baseline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from coinspark.training.shards import ShardSet

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Baseline:
    """A classifier without a network.

    Attributes:
        title: Name in progress lines and reports.
        train: `train(shards, file, seed)` fits the training split and writes an npz of plain arrays;
            returns the SHA-256 hex of the file, and metrics by name (`train_rows`, `validation_top1`).
        probabilities: `probabilities(arrays, jpegs)` returns (n, classes) float64 with rows that add up to
            1, given the arrays of the npz.
    """

    title: str
    train: Callable[[ShardSet, Path, int], tuple[str, dict[str, float]]]
    probabilities: Callable[[Mapping[str, Array], list[bytes]], Array]
