"""Top-k accuracy and macro recall, as counts of split units, in NumPy without Spark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class TestResults:
    """Results of one layer, model and level: arrays of one length, one entry per test image and fold.

    Attributes:
        image: str; key of the entry (fold, coin and medium).
        fold: int64.
        unit: str; split unit of the coin.
        coin: str; coin id.
        truth: str; recorded label.
        rank: int64; rank of the truth among the predictions, from 1; 0 if it is not among them.
    """

    __test__ = False  # not a test class, whatever pytest infers from the name

    image: NDArray[np.str_]
    fold: Integers
    unit: NDArray[np.str_]
    coin: NDArray[np.str_]
    truth: NDArray[np.str_]
    rank: Integers

    def select(self, mask: NDArray[np.bool_]) -> TestResults:
        """The entries where `mask` (bool, same length) is true."""
        return TestResults(
            self.image[mask],
            self.fold[mask],
            self.unit[mask],
            self.coin[mask],
            self.truth[mask],
            self.rank[mask],
        )


@dataclass(frozen=True)
class MetricCounts:
    """Counts of a metric, one entry per split unit and group that occur together.

    The metric is the mean over the groups of hits / images. Top-k has one group, macro recall one group per
    class.

    Attributes:
        unit: int64; number of the unit, from 0, in the order of the names of the units.
        group: int64; number of the group, from 0.
        hits, images: float64; images of the unit in this group that are correct, and all of them.
    """

    unit: Integers
    group: Integers
    hits: Floats
    images: Floats

    @property
    def units(self) -> int:
        """Number of split units."""
        return len(np.unique(self.unit))

    def group_images(self) -> Floats:
        """Images of each group."""
        return _sums(self.group, self.images)

    def value(self) -> float:
        """The metric, between 0 and 1; NaN without images."""
        shares = self._shares()
        return float(shares.mean()) if len(shares) else float("nan")

    def without_each_unit(self) -> Floats:
        """The metric without each of the units in turn, shape (units,).

        A group that has no image left is left out of the mean; NaN if no group has one.
        """
        shares = self._shares()
        rest = self.group_images()[self.group] - self.images
        is_left = rest > 0
        hits = _sums(self.group, self.hits)[self.group] - self.hits
        changed = np.divide(hits, rest, out=np.zeros_like(rest), where=is_left)
        total = shares.sum() + _sums(self.unit, changed - shares[self.group])
        groups = len(shares) - _sums(self.unit, ~is_left)
        return np.divide(total, groups, out=np.full(len(groups), np.nan), where=groups > 0)

    def unit_weights(self) -> Floats:
        """The weight of each unit in the metric, shape (units,); their sum is 1."""
        images = self.group_images()
        return _sums(self.unit, self.images / images[self.group]) / len(images)

    def _shares(self) -> Floats:
        """Hits / images of each group."""
        return _sums(self.group, self.hits) / self.group_images()


def _sums(index: Integers, values: NDArray[Any]) -> Floats:
    """Sum of the values of each index, shape (largest index + 1,). Every index occurs."""
    return np.bincount(index, values).astype(np.float64)


def test_results(rows: Sequence[Any]) -> TestResults:
    """Results from rows with fold, unit, coin_id, medium, truth and rank, sorted by fold, coin, medium."""
    ordered = sorted(rows, key=lambda row: (row["fold"], row["coin_id"], row["medium"]))
    return TestResults(
        np.array([f"{row['fold']}\x00{row['coin_id']}\x00{row['medium']}" for row in ordered], dtype=np.str_),
        np.array([row["fold"] for row in ordered], dtype=np.int64),
        np.array([row["unit"] for row in ordered], dtype=np.str_),
        np.array([row["coin_id"] for row in ordered], dtype=np.str_),
        np.array([row["truth"] for row in ordered], dtype=np.str_),
        np.array([row["rank"] or 0 for row in ordered], dtype=np.int64),
    )


def metric_counts(results: TestResults, metric: str) -> MetricCounts:
    """Counts of a metric by split unit.

    Args:
        metric: `top1`, `top5`, … for top-k accuracy, or `macro_recall` for the mean recall of the classes.
    """
    if metric == "macro_recall":
        group = np.unique(results.truth, return_inverse=True)[1]
        hits = results.rank == 1
    elif metric.startswith("top") and metric[3:].isdecimal():
        group = np.zeros(len(results.rank), dtype=np.int64)
        hits = (results.rank >= 1) & (results.rank <= int(metric[3:]))
    else:
        raise ValueError(f"unknown metric {metric!r}; expected topK or macro_recall")
    unit = np.unique(results.unit, return_inverse=True)[1]
    groups = int(group.max(initial=0)) + 1
    pairs, entry = np.unique(unit * groups + group, return_inverse=True)
    images = _sums(entry, np.ones(len(entry)))
    return MetricCounts(pairs // groups, pairs % groups, _sums(entry, hits), images)


def common_images(first: TestResults, second: TestResults) -> tuple[TestResults, TestResults]:
    """Both results, restricted to the images that both contain in the same fold."""
    return (
        first.select(np.isin(first.image, second.image)),
        second.select(np.isin(second.image, first.image)),
    )
