"""Confusion matrices with recall, precision and attraction of each class, in NumPy without Spark."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ClassScore:
    """Scores of one class; shares between 0 and 1, NaN if there is nothing to divide by.

    Attributes:
        n: Test images of the class.
        attraction: Share of the other classes' images that are predicted as this class. A class with a high
            attraction is a vertical line in the confusion matrix.
    """

    name: str
    n: int
    recall: float
    precision: float
    attraction: float


@dataclass(frozen=True)
class ConfusionMatrix:
    """A confusion matrix: `names`, largest class first, and `counts`, int64 of shape (truth, predicted)."""

    names: tuple[str, ...]
    counts: NDArray[np.int64]

    def scores(self) -> list[ClassScore]:
        """Scores of every class, in the order of `names`.

        With 10 images of A, 6 of B and 4 of C, of which 3 of B and 1 of C are predicted as A: attraction of A
            = 4 / 10.
        """
        hits, truth, predicted = np.diag(self.counts), self.counts.sum(axis=1), self.counts.sum(axis=0)
        total = int(self.counts.sum())
        return [
            ClassScore(
                name,
                int(truth[i]),
                _share(hits[i], truth[i]),
                _share(hits[i], predicted[i]),
                _share(predicted[i] - hits[i], total - truth[i]),
            )
            for i, name in enumerate(self.names)
        ]

    def top_errors(self, limit: int) -> list[tuple[str, str, int, float]]:
        """The most frequent errors: truth, predicted, images, share of the truth's images."""
        truth = self.counts.sum(axis=1)
        errors = [
            (self.names[i], self.names[j], int(self.counts[i, j]), _share(self.counts[i, j], truth[i]))
            for i, j in np.argwhere(self.counts > 0)
            if i != j
        ]
        return sorted(errors, key=lambda error: (-error[2], error[0], error[1]))[:limit]


def confusion_matrix(cells: Iterable[tuple[str, str, int]]) -> ConfusionMatrix:
    """The matrix of cells (truth, predicted, n). Cells of the same pair, from several folds, add up."""
    pairs: dict[tuple[str, str], int] = {}
    sizes: dict[str, int] = {}
    for truth, predicted, n in cells:
        pairs[truth, predicted] = pairs.get((truth, predicted), 0) + n
        sizes[truth] = sizes.get(truth, 0) + n
        sizes.setdefault(predicted, 0)
    names = sorted(sizes, key=lambda name: (-sizes[name], name))
    index = {name: i for i, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    for (truth, predicted), n in pairs.items():
        counts[index[truth], index[predicted]] = n
    return ConfusionMatrix(tuple(names), counts)


def pooled_matrices(
    confusion: Sequence[Any], runs: Mapping[str, tuple[str, str]], level: str
) -> dict[tuple[str, str], ConfusionMatrix]:
    """The confusion matrix of each (layer, model) at a level, summed over folds.

    Args:
        confusion: Rows of the table `confusion`.
        runs: run_id → (layer, model). Rows of other runs are ignored.
    """
    cells: dict[tuple[str, str], list[tuple[str, str, int]]] = defaultdict(list)
    for row in confusion:
        if row["level"] == level and row["run_id"] in runs:
            cells[runs[row["run_id"]]].append((row["truth"], row["predicted"], row["n"]))
    return {key: confusion_matrix(rows) for key, rows in sorted(cells.items())}


def _share(part: Any, whole: Any) -> float:
    return float(part) / float(whole) if whole else float("nan")
