"""Agreement of clusters with labels (types or classes), in NumPy and scikit-learn without Spark.

A contingency table is int64 of shape (clusters, labels): coins of each label in each cluster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score

Table = np.ndarray[tuple[int, int], np.dtype[np.int64]]
Counts = np.ndarray[tuple[int], np.dtype[np.int64]]

RANDOM_DRAWS = 200
"""Random assignments that a cluster is compared with. The error of their mean is a few thousandths."""
MIN_GAIN = 0.2
"""Minimum gain over random assignment of a cluster that is better than chance."""
MAX_P_VALUE = 0.05
"""Maximum empirical p-value of a cluster that is better than chance."""
MIN_LABELLED = 5
"""A cluster with fewer labelled coins is not judged."""


@dataclass(frozen=True)
class Purity:
    """Agreement of one cluster with its labels.

    Attributes:
        labelled: Coins of the cluster that have a label.
        share: Share of them with the most frequent label (purity).
        label: The most frequent label, the first by name on a tie.
        random_share: Mean purity of as many coins drawn at random from the mint.
        recall: Pairwise recall: of all pairs of a coin in the cluster and another coin of its label, the
            share whose other coin is in the cluster too. None if no coin shares its label with another.
        random_recall: Expected pairwise recall of a random cluster: its share of the mint's other coins.
        p_value: Empirical p-value: the share of random draws with at least this gain.
    """

    labelled: int
    share: float
    label: str
    random_share: float
    recall: float | None
    random_recall: float
    p_value: float

    @property
    def gain(self) -> float | None:
        """Gain over random assignment: 0 for the random value, 1 for the best possible one.

        The maximum of the gains in purity and in pairwise recall: one large type may spread over several pure
        clusters, and a cluster of many small types has a low purity. None if it cannot be judged: too few
        labelled coins, one label only, as many labels as coins, or one cluster only.

        Example: purity 0.6 where random clusters reach 0.2 is a gain of (0.6 - 0.2) / (1 - 0.2) = 0.5.
        """
        if (
            self.labelled < MIN_LABELLED
            or self.random_share > 1 - 1e-9
            or self.recall is None
            or self.random_recall >= 1
        ):
            return None
        return max(
            (self.share - self.random_share) / (1 - self.random_share),
            (self.recall - self.random_recall) / (1 - self.random_recall),
        )

    @property
    def beats_chance(self) -> bool | None:
        """Whether gain and p-value are clearly better than chance; None if `gain` is None."""
        return None if self.gain is None else self.gain >= MIN_GAIN and self.p_value <= MAX_P_VALUE


@dataclass(frozen=True)
class Agreement:
    """Agreement of all clusters of a mint with one kind of label.

    Attributes:
        labelled: Coins that have a label.
        labels: Number of different labels.
        purity: Share of the labelled coins with the most frequent label of their cluster.
        random_purity: Mean purity of clusters of the same sizes drawn at random.
        mutual_information: Adjusted mutual information: 1 if clusters and labels are the same, about 0 by
            chance; None with one cluster or one label only.
        clusters: Purity of each cluster by number.
    """

    labelled: int
    labels: int
    purity: float
    random_purity: float
    mutual_information: float | None
    clusters: Mapping[int, Purity]


def agreement(counts: Mapping[tuple[int, str], int], seed: int) -> Agreement | None:
    """Agreement of clusters with labels; None if no coin has a label.

    Args:
        counts: (cluster, label) → coins, each above 0.
    """
    if not counts:
        return None
    numbers, labels = sorted({cluster for cluster, _ in counts}), sorted({label for _, label in counts})
    row = {number: i for i, number in enumerate(numbers)}
    column = {label: i for i, label in enumerate(labels)}
    table = np.zeros((len(numbers), len(labels)), dtype=np.int64)
    for (cluster, label), coins in counts.items():
        table[row[cluster], column[label]] = coins
    totals = table.sum(axis=0)
    purities = {number: _purity(table[i], totals, labels, seed) for i, number in enumerate(numbers)}
    labelled = int(table.sum())
    return Agreement(
        labelled=labelled,
        labels=len(labels),
        purity=float(table.max(axis=1).sum() / labelled),
        random_purity=sum(purity.random_share * purity.labelled for purity in purities.values()) / labelled,
        mutual_information=mutual_information(table),
        clusters=purities,
    )


def mutual_information(table: Table) -> float | None:
    """Adjusted mutual information (Vinh, Epps and Bailey 2010, arithmetic mean) of a contingency table.

    None for a table with one row or one column, where scikit-learn returns 1 or 0 although nothing is
    compared.
    """
    if min(table.shape) < 2:
        return None
    rows, columns = np.nonzero(table)
    coins = table[rows, columns]
    return float(adjusted_mutual_info_score(np.repeat(columns, coins), np.repeat(rows, coins)))


def random_draws(totals: Sequence[int], size: int, seed: int) -> Table:
    """Random draws of `size` coins without replacement: coins per label, int64 (RANDOM_DRAWS, labels).

    The exact expectation over all outcomes takes too long for a mint with hundreds of types.

    Args:
        totals: Coins of each label in the mint.
    """
    random = np.random.default_rng(seed)
    draws: Table = random.multivariate_hypergeometric(
        np.asarray(totals), size, size=RANDOM_DRAWS, method="marginals"
    )
    return draws


def _purity(row: Counts, totals: Counts, labels: Sequence[str], seed: int) -> Purity:
    labelled, total = int(row.sum()), int(totals.sum())
    draws = random_draws(totals.tolist(), labelled, seed)
    shares = draws.max(axis=1) / labelled
    purity = Purity(
        labelled=labelled,
        share=float(row.max() / labelled),
        label=labels[int(row.argmax())],
        random_share=float(shares.mean()),
        recall=_pairwise_recall(row, totals),
        random_recall=(labelled - 1) / max(1, total - 1),
        p_value=1.0,
    )
    if purity.gain is None:
        return purity
    gains = [
        replace(purity, share=float(share), recall=_pairwise_recall(draw, totals) or 0.0).gain
        for share, draw in zip(shares, draws, strict=True)
    ]
    return replace(
        purity, p_value=sum(gain is not None and gain >= purity.gain for gain in gains) / RANDOM_DRAWS
    )


def _pairwise_recall(row: Counts, totals: Counts) -> float | None:
    pairs = int((row * (totals - 1)).sum())
    return float((row * (row - 1)).sum() / pairs) if pairs else None
