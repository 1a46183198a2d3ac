"""Top-k accuracy, macro recall and their bootstrap intervals, in NumPy and SciPy without Spark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
CHUNK = 100
"""Resamples drawn at a time, so that memory does not grow with `evaluation.bootstrap_samples`."""


@dataclass(frozen=True)
class TestResults:
    """Results on the test images of one layer, model and level: arrays of one length, one entry per image.

    Attributes:
        image: str; key of the image (coin and medium).
        coin: str; coin id.
        truth: str; recorded label.
        rank: int64; rank of the truth among the predictions, from 1; 0 if it is not among them.
    """

    __test__ = False  # not a test class, whatever pytest infers from the name

    image: NDArray[np.str_]
    coin: NDArray[np.str_]
    truth: NDArray[np.str_]
    rank: NDArray[np.int64]

    def select(self, mask: NDArray[np.bool_]) -> TestResults:
        """The images where `mask` (bool, same length) is true."""
        return TestResults(self.image[mask], self.coin[mask], self.truth[mask], self.rank[mask])


@dataclass(frozen=True)
class MetricCounts:
    """Counts of a metric by coin: `hits` and `images` of shape (coins, groups).

    The metric is the mean over the groups of hits / images. Top-k has one group, macro recall one group per
    class.
    """

    hits: sparse.csr_matrix
    images: sparse.csr_matrix

    def value(self) -> float:
        """The metric, between 0 and 1; NaN without images."""
        return float(self.resampled(np.ones((1, self.hits.shape[0])))[0])

    def resampled(self, weights: Floats) -> Floats:
        """The metric of each resample, shape (resamples,).

        A class without an image in a resample is left out of the mean of that resample.

        Args:
            weights: How often each coin was drawn, shape (resamples, coins).
        """
        hits, images = np.asarray(weights @ self.hits), np.asarray(weights @ self.images)
        shares = np.divide(hits, images, out=np.zeros_like(hits, dtype=float), where=images > 0)
        groups = (images > 0).sum(axis=1)
        return np.divide(shares.sum(axis=1), groups, out=np.full(len(groups), np.nan), where=groups > 0)


def test_results(rows: Sequence[Any]) -> TestResults:
    """Results from rows with coin_id, medium, truth and rank, ordered by coin and medium."""
    ordered = sorted(rows, key=lambda row: (row["coin_id"], row["medium"]))
    return TestResults(
        np.array([f"{row['coin_id']}\x00{row['medium']}" for row in ordered], dtype=np.str_),
        np.array([row["coin_id"] for row in ordered], dtype=np.str_),
        np.array([row["truth"] for row in ordered], dtype=np.str_),
        np.array([row["rank"] or 0 for row in ordered], dtype=np.int64),
    )


def metric_counts(results: TestResults, metric: str) -> MetricCounts:
    """Counts of a metric by coin.

    Args:
        metric: `top1`, `top5`, … for top-k accuracy, or `macro_recall` for the mean recall of the classes.
    """
    coins, row = np.unique(results.coin, return_inverse=True)
    if metric == "macro_recall":
        names, group = np.unique(results.truth, return_inverse=True)
        hits, groups = results.rank == 1, len(names)
    elif metric.startswith("top") and metric[3:].isdecimal():
        group, groups = np.zeros(len(row), dtype=np.int64), 1
        hits = (results.rank >= 1) & (results.rank <= int(metric[3:]))
    else:
        raise ValueError(f"unknown metric {metric!r}; expected topK or macro_recall")
    shape = (len(coins), groups)
    return MetricCounts(
        sparse.csr_matrix((hits.astype(float), (row, group)), shape=shape),
        sparse.csr_matrix((np.ones(len(row)), (row, group)), shape=shape),
    )


def bootstrap_interval(
    first: MetricCounts, second: MetricCounts | None, samples: int, seed: int
) -> tuple[float, float]:
    """95 % percentile bootstrap interval of `first`, or of `first` − `second` on the same coins.

    Whole coins are resampled, so that all media of a coin stay together. Both metrics get the same resamples
    (paired). The coins are in the order of their ids: the interval depends on the tables and the seed alone.
    """
    random, coins = np.random.default_rng(seed), first.hits.shape[0]
    if coins == 0:
        return float("nan"), float("nan")
    values = []
    for start in range(0, samples, CHUNK):
        draws = random.multinomial(coins, np.full(coins, 1 / coins), size=min(CHUNK, samples - start))
        weights = draws.astype(float)
        values.append(first.resampled(weights) - (second.resampled(weights) if second else 0.0))
    low, high = np.nanpercentile(np.concatenate(values), [2.5, 97.5])
    return float(low), float(high)


def common_images(first: TestResults, second: TestResults) -> tuple[TestResults, TestResults]:
    """Both results, restricted to the images that both contain."""
    return (
        first.select(np.isin(first.image, second.image)),
        second.select(np.isin(second.image, first.image)),
    )
