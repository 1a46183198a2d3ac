"""From rows to clusters, reduced first, of as many as suit them: what each worker of a team does. Plain NumPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from coinspark.clustering import pca, silhouette
from coinspark.clustering.blocks import Block, Rows, Spool, pieces
from coinspark.clustering.collective import Team
from coinspark.clustering.kmeans import Clusters, Plan, fit
from coinspark.clustering.pca import Reduction

After = Callable[[int, float], None]
_EQUAL = 1e-6  # of a silhouette: what the order of summation may change


@dataclass(frozen=True)
class Asked:
    """How to divide rows: as `plan` says, or into that of `numbers` clusters which has the best simplified silhouette.

    Of equals it is the smaller number. `most`: reduce the rows to so many numbers first (vision/reduce.py). `resume`: where
    there are as many former clusters as clusters are wanted, begin with those, so that they move only as far as new rows
    move them.
    """

    plan: Plan
    numbers: tuple[int, ...] = ()
    most: int | None = None
    resume: bool = False


@dataclass(frozen=True)
class Division:
    """`clusters`, in the space of `reduction` where there is one, and what is known of last build's.

    `former` float32 (m, d): the means of the rows that each former cluster held, in the same space; `known` int64 (m,): their
    numbers. `silhouettes`: (k, its simplified silhouette) of every number that was tried, where there was a choice.
    """

    clusters: Clusters
    reduction: Reduction | None
    former: Block
    known: NDArray[np.int64]
    silhouettes: tuple[tuple[int, float], ...] = ()


def divide(
    rows: Rows,
    before: NDArray[np.int64],
    asked: Asked,
    team: Team,
    store: Spool,
    after: After = lambda done, inertia: None,
) -> Division:
    """The division, the same for every worker.

    `before` (n,): the former cluster of each row, from 1 on, 0 for none; `store`: an empty spool for the reduced rows.
    InputError as from `kmeans.fit`.
    """
    reduction = None
    if asked.most is not None:
        reduction = _reduction(rows, asked.most, team)
        for _, piece in pieces(rows):
            store.add(reduction.apply(piece))
        rows = Rows(rows.keys, store)
    former, known = _former(rows, before, team)
    best: Clusters | None = None
    tried: list[tuple[int, float]] = []
    for k in asked.numbers or (asked.plan.k,):
        start = former if asked.resume and len(former) == k else asked.plan.start
        found, _ = fit(rows, replace(asked.plan, k=k, start=start), team, after)
        if len(asked.numbers) < 2 or len(found.centroids) < k:
            best = (
                best or found
            )  # fewer than the least that was asked for: its note says so; more would be the same
            break
        tried.append((k, silhouette.simplified(rows, found.centroids, team)))
        if best is None or tried[-1][1] > max(value for _, value in tried[:-1]) + _EQUAL:
            best = found
    assert best is not None
    return Division(best, reduction, former, known, tuple(tried))


def _reduction(rows: Rows, most: int, team: Team) -> Reduction:
    """Rows that vary in no direction are one point: a single number, zero, says so."""
    found = pca.fit(rows, most, team)
    return found if found.axes.size else Reduction(found.mean, np.zeros((len(found.mean), 1), np.float32))


def _former(rows: Rows, before: NDArray[np.int64], team: Team) -> tuple[Block, NDArray[np.int64]]:
    """The means of the rows of each former cluster that still has any, and the clusters' numbers."""
    told = [
        np.frombuffer(message, np.int64)
        for message in team.gather(np.array([rows.width, before.max(initial=0)], np.int64).tobytes())
    ]
    width, highest = (max(int(one[n]) for one in told) for n in (0, 1))
    sums = np.zeros((highest + 1, width + 1))  # of the rows by former cluster, and how many
    for at, piece in pieces(rows):
        place = csr_matrix(
            (np.ones(len(piece)), (before[at], np.arange(len(piece)))), shape=(highest + 1, len(piece))
        )
        sums[:, :-1] += place @ piece.astype(np.float64)
        sums[:, -1] += np.bincount(before[at], minlength=highest + 1)
    sums = team.total(sums.ravel()).reshape(sums.shape)
    known = np.flatnonzero(sums[1:, -1]) + 1
    return (sums[known, :-1] / sums[known, -1:]).astype(np.float32), known.astype(np.int64)
