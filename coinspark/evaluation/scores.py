"""Scores of predictions in NumPy: top-k, macro recall, bootstrap intervals over coins, per-class figures, attraction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
CHUNK = 100
"""Resamples drawn at a time: 100 × coins numbers in memory, whatever `evaluation.bootstrap` is."""


@dataclass(frozen=True)
class Tested:
    """Test images of one layer and model at one level: arrays of one length, a row an image.

    `image` str, the key of the image (coin and medium); `coin` str; `truth` str, the recorded label; `rank` int, the
    place of the truth among the predictions from 1, or 0 where it was not among them.
    """

    image: NDArray[np.str_]
    coin: NDArray[np.str_]
    truth: NDArray[np.str_]
    rank: NDArray[np.int64]

    def only(self, keep: NDArray[np.bool_]) -> Tested:
        """The rows where `keep` (bool, same length) is true."""
        return Tested(self.image[keep], self.coin[keep], self.truth[keep], self.rank[keep])


@dataclass(frozen=True)
class Tally:
    """A metric's raw counts by coin: `hits` and `images` are [coins, groups]; the metric is the mean of their ratios.

    One group for top-k, one group a class for macro recall.
    """

    hits: sparse.csr_matrix
    images: sparse.csr_matrix

    def value(self) -> float:
        """The metric, between 0 and 1; NaN without any image."""
        return float(self.resampled(np.ones((1, self.hits.shape[0])))[0])

    def resampled(self, draws: Floats) -> Floats:
        """The metric for each row of `draws` [resamples, coins], the number of times a coin was drawn.

        A class of which a resample holds no coin is left out of that resample's mean.
        """
        hits, images = np.asarray(draws @ self.hits), np.asarray(draws @ self.images)
        shares = np.divide(hits, images, out=np.zeros_like(hits, dtype=float), where=images > 0)
        held = (images > 0).sum(axis=1)
        return np.divide(shares.sum(axis=1), held, out=np.full(len(held), np.nan), where=held > 0)


def tally(tested: Tested, metric: str) -> Tally:
    """The counts of `metric`: `top1`, `top5`, … or `macro_recall` (mean over the classes of the share found)."""
    coins, row = np.unique(tested.coin, return_inverse=True)
    if metric == "macro_recall":
        names, group = np.unique(tested.truth, return_inverse=True)
        found, groups = tested.rank == 1, len(names)
    elif metric.startswith("top") and metric[3:].isdecimal():
        group, groups = np.zeros(len(row), dtype=np.int64), 1
        found = (tested.rank >= 1) & (tested.rank <= int(metric[3:]))
    else:
        raise ValueError(f"no metric {metric!r}; there are topK and macro_recall")
    shape = (len(coins), groups)
    return Tally(
        sparse.csr_matrix((found.astype(float), (row, group)), shape=shape),
        sparse.csr_matrix((np.ones(len(row)), (row, group)), shape=shape),
    )


def interval(first: Tally, second: Tally | None, times: int, seed: int) -> tuple[float, float]:
    """95 % bootstrap interval of `first`, or of `first` − `second` where both hold the same coins in the same order.

    Whole coins are drawn with replacement, so that the media of a coin stay together, and both get the same draws
    (paired). The coins are in the order of their names: the same tables and seed give the same interval.
    """
    draw, coins = np.random.default_rng(seed), first.hits.shape[0]
    if coins == 0:
        return float("nan"), float("nan")
    values = []
    for done in range(0, times, CHUNK):
        draws = draw.multinomial(coins, np.full(coins, 1 / coins), size=min(CHUNK, times - done)).astype(
            float
        )
        values.append(first.resampled(draws) - (second.resampled(draws) if second else 0.0))
    low, high = np.nanpercentile(np.concatenate(values), [2.5, 97.5])
    return float(low), float(high)


def common(first: Tested, second: Tested) -> tuple[Tested, Tested]:
    """Both, cut to the images that both tested."""
    return (first.only(np.isin(first.image, second.image)), second.only(np.isin(second.image, first.image)))


@dataclass(frozen=True)
class ClassScore:
    """One class of a confusion matrix: test images, shares between 0 and 1 (NaN where nothing is to be shared).

    `attraction` is the share of the other classes' images that the class draws: the paper's vertical lines.
    """

    name: str
    n: int
    recall: float
    precision: float
    attraction: float


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix: `names` biggest class first, `counts` int64 [truth, predicted] in that order."""

    names: tuple[str, ...]
    counts: NDArray[np.int64]

    def scores(self) -> list[ClassScore]:
        """Recall, precision and attraction of every class, in the order of the names."""
        hit, truth, predicted = np.diag(self.counts), self.counts.sum(axis=1), self.counts.sum(axis=0)
        total = int(self.counts.sum())
        return [
            ClassScore(
                name,
                int(truth[i]),
                _share(hit[i], truth[i]),
                _share(hit[i], predicted[i]),
                _share(predicted[i] - hit[i], total - truth[i]),
            )
            for i, name in enumerate(self.names)
        ]

    def mix_ups(self, most: int) -> list[tuple[str, str, int, float]]:
        """The most frequent errors: truth, predicted, images, their share of the truth's images."""
        truth = self.counts.sum(axis=1)
        wrong = [
            (self.names[i], self.names[j], int(self.counts[i, j]), _share(self.counts[i, j], truth[i]))
            for i, j in np.argwhere(self.counts > 0)
            if i != j
        ]
        return sorted(wrong, key=lambda error: (-error[2], error[0], error[1]))[:most]


def matrix(rows: Iterable[tuple[str, str, int]]) -> Matrix:
    """The matrix of rows truth, predicted, n; rows of the same pair (of several folds) add up."""
    pairs: dict[tuple[str, str], int] = {}
    sizes: dict[str, int] = {}
    for truth, predicted, n in rows:
        pairs[truth, predicted] = pairs.get((truth, predicted), 0) + n
        sizes[truth] = sizes.get(truth, 0) + n
        sizes.setdefault(predicted, 0)
    names = sorted(sizes, key=lambda name: (-sizes[name], name))
    at = {name: i for i, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    for (truth, predicted), n in pairs.items():
        counts[at[truth], at[predicted]] = n
    return Matrix(tuple(names), counts)


def tested(rows: Sequence[Any]) -> Tested:
    """`Tested` of rows with coin_id, medium, truth and rank, in the order of their images."""
    ordered = sorted(rows, key=lambda row: (row["coin_id"], row["medium"]))
    return Tested(
        np.array([f"{row['coin_id']}\x00{row['medium']}" for row in ordered], dtype=np.str_),
        np.array([row["coin_id"] for row in ordered], dtype=np.str_),
        np.array([row["truth"] for row in ordered], dtype=np.str_),
        np.array([row["rank"] or 0 for row in ordered], dtype=np.int64),
    )


def _share(part: Any, whole: Any) -> float:
    return float(part) / float(whole) if whole else float("nan")
