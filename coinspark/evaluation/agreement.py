"""How far clusters go with what is known of their coins, from contingency tables alone: NumPy and scikit-learn, no Spark.

A table here is int64 of shape (clusters, labels): how many coins of each label stand in each cluster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score

Table = np.ndarray[tuple[int, int], np.dtype[np.int64]]
Counts = np.ndarray[tuple[int], np.dtype[np.int64]]

DRAWS = 200
"""Draws by lot that a cluster is compared with: their mean is then within a few thousandths."""
GAIN = 0.2
"""The part of the way from lots to the best there is that a cluster must have got to be more than a jumble,"""
LUCK = 0.05
"""and the most lots that may do as well: in a small mint, lots get far."""
TELLING = 5
"""Coins of a known label from which on a cluster's purity is judged at all."""


@dataclass(frozen=True)
class Purity:
    """How one cluster stands in its labels: `known` coins have one, `share` of them the commonest, which is `name`.

    `lot` is the share that as many coins of the mint, drawn by lot, would come to on average. `together`: of all pairs of a
    coin of the cluster and another of its label, the share whose other coin is in the cluster too (None where no coin has
    another); `scattered`: the same by lot, which is the cluster's share of the mint's other coins. `luck`: the share of the
    lots drawn that gain as much.
    """

    known: int
    share: float
    name: str
    lot: float
    together: float | None
    scattered: float
    luck: float

    @property
    def gain(self) -> float | None:
        """How far it got from what lots come to (0) to the best there is (1), in `share` or in `together`.

        The better of both: a cluster of one large type need not hold all of it, one of many small types is of none mostly.
        None where nothing can be told: too few are known, of one label in all, of as many labels as coins, or in one cluster.
        """
        if self.known < TELLING or self.lot > 1 - 1e-9 or self.together is None or self.scattered >= 1:
            return None
        return max(
            (self.share - self.lot) / (1 - self.lot), (self.together - self.scattered) / (1 - self.scattered)
        )

    @property
    def tells(self) -> bool | None:
        """Whether it is clearly better than lots, and by more than luck; None where `gain` is."""
        return None if self.gain is None else self.gain >= GAIN and self.luck <= LUCK


@dataclass(frozen=True)
class Agreement:
    """How all clusters of a mint go with one kind of label, over the `known` coins that have it.

    `purity`: the share of them whose label is the commonest of their cluster; `lot`: the same for clusters drawn by lot.
    `mutual`: adjusted mutual information, 1 where clusters and labels are one, about 0 by chance; None where there is only
    one cluster or one label, of which it says nothing.
    """

    known: int
    labels: int
    purity: float
    lot: float
    mutual: float | None
    clusters: Mapping[int, Purity]


def agreement(counts: Mapping[tuple[int, str], int], seed: int) -> Agreement | None:
    """The agreement of clusters with labels; `counts`: (cluster, label) → coins, above 0. None where no coin has a label."""
    if not counts:
        return None
    numbers, names = sorted({cluster for cluster, _ in counts}), sorted({label for _, label in counts})
    row = {number: i for i, number in enumerate(numbers)}
    column = {name: i for i, name in enumerate(names)}
    table = np.zeros((len(numbers), len(names)), dtype=np.int64)
    for (cluster, label), coins in counts.items():
        table[row[cluster], column[label]] = coins
    found = {number: _purity(table[i], table.sum(axis=0), names, seed) for i, number in enumerate(numbers)}
    known = int(table.sum())
    return Agreement(
        known=known,
        labels=len(names),
        mutual=mutual_information(table),
        clusters=found,
        purity=float(table.max(axis=1).sum() / known),
        lot=sum(one.lot * one.known for one in found.values()) / known,
    )


def mutual_information(table: Table) -> float | None:
    """Adjusted mutual information (Vinh, Epps and Bailey 2010, arithmetic mean) of a contingency table without empty rows.

    None where it has one row or one column: scikit-learn calls that 1 or 0, but nothing was compared.
    """
    if min(table.shape) < 2:
        return None
    rows, columns = np.nonzero(table)
    times = table[rows, columns]
    return float(adjusted_mutual_info_score(np.repeat(columns, times), np.repeat(rows, times)))


def by_lot(totals: Sequence[int], size: int, seed: int) -> Table:
    """Lots of `size` coins, drawn without return from `totals` coins a label: int64 of shape (DRAWS, labels).

    Seeded draws: the exact sum over all outcomes takes too long for a mint of hundreds of types.
    """
    draw = np.random.default_rng(seed)
    drawn: Table = draw.multivariate_hypergeometric(np.asarray(totals), size, size=DRAWS, method="marginals")
    return drawn


def _purity(row: Counts, totals: Counts, names: Sequence[str], seed: int) -> Purity:
    known, everyone = int(row.sum()), int(totals.sum())
    lots = by_lot(totals.tolist(), known, seed)
    shares = lots.max(axis=1) / known
    found = Purity(
        known=known,
        share=float(row.max() / known),
        name=names[int(row.argmax())],  # the first by name where two are even
        lot=float(shares.mean()),
        together=_together(row, totals),
        scattered=(known - 1) / max(1, everyone - 1),
        luck=1.0,
    )
    if found.gain is None:
        return found
    gains = [
        replace(found, share=float(share), together=_together(lot, totals) or 0.0).gain
        for share, lot in zip(shares, lots, strict=True)
    ]
    return replace(found, luck=sum(gain is not None and gain >= found.gain for gain in gains) / DRAWS)


def _together(row: Counts, totals: Counts) -> float | None:
    others = int((row * (totals - 1)).sum())
    return float((row * (row - 1)).sum() / others) if others else None
