"""k-means: blocks of rows → nearest centroids by matrix product → sums, counts and inertia → new centroids. Plain NumPy.

One core for a process, for Spark (`vision/spread.py`) and for Horovod: they differ in the `Team` that adds up. Products run in
float32 through BLAS in pieces that fit the cache; sums are float64, and only rows that changed their cluster are added and
taken away again. Lloyd 1982; seeds: `vision/seeds.py`. Given the same seeds, the spread of the rows over workers changes the
result by the order of summation only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from coinspark.clustering.blocks import Block, Rows, first, first_of_all, pieces, survey
from coinspark.clustering.collective import ALONE, Doubles, Team
from coinspark.clustering.seeds import seeds
from coinspark.core.errors import InputError

Labels = NDArray[np.int32]


@dataclass(frozen=True)
class Plan:
    """k clusters in at most `iterations` rounds, fewer once a round betters the inertia by no more than the share `tolerance`.

    `start` (k, width) are centroids to begin with; without them they are drawn from `seed`.
    """

    k: int
    iterations: int = 100
    tolerance: float = 1e-4
    seed: int = 0
    start: NDArray[np.floating[Any]] | None = None


@dataclass(frozen=True)
class Clusters:
    """`centroids` float32 (k, width); `sizes` int64 (k,): the rows nearest to each; `inertia`: the sum of squared distances to
    the nearest centroid, before each round and at the end; `note` says what came out otherwise than asked."""

    centroids: Block
    sizes: NDArray[np.int64]
    inertia: tuple[float, ...]
    note: str = ""


def fit(
    rows: Rows,
    plan: Plan,
    team: Team = ALONE,
    after: Callable[[int, float], None] = lambda done, inertia: None,
) -> tuple[Clusters, Labels]:
    """The clusters, the same for every worker, and the labels (n,) of this worker's own rows.

    `after` is told rounds done and inertia. InputError: k below 1, no rows, unequal widths, NaN or infinity.
    """
    mean, squares = _survey(rows, plan, team)
    centroids, note = _begin(rows, plan, mean, team)
    k, width = centroids.shape
    labels = np.full(len(rows.keys), -1, np.int32)
    mine = np.zeros((k, width + 1))  # sums of the rows by label, and how many
    history: list[float] = []
    for done in range(plan.iterations + 1):
        _assign(rows, centroids, mean, labels, mine)
        everyone = team.total(mine.ravel()).reshape(mine.shape)
        sums, sizes = everyone[:, :-1].copy(), everyone[:, -1].copy()
        # from the sums instead of row by row: costs nothing, and in float64; around the mean, for far-off data
        away, there = centroids - mean, sums - sizes[:, None] * mean
        history.append(max(0.0, squares + float((away * (away * sizes[:, None] - 2 * there)).sum())))
        after(done, history[-1])
        empty = np.flatnonzero(sizes == 0)
        settled = done > 0 and history[-2] - history[-1] <= plan.tolerance * history[-2]
        if done == plan.iterations or (settled and not len(empty)):
            break
        if len(empty):
            _fill(rows, centroids, labels, sums, sizes, team)
        held = sizes > 0
        centroids[held] = sums[held] / sizes[held, None]
    if len(empty):
        note = "; ".join(
            filter(None, [note, f"{len(empty)} of {k} clusters are empty after {plan.iterations} rounds"])
        )
    return Clusters(centroids.astype(np.float32), sizes.astype(np.int64), tuple(history), note), labels


def nearest(piece: Block, centroids: Block) -> tuple[Labels, Block]:
    """The nearest centroid of each row (n,), the first of several, and the distance to it, float32 (n,)."""
    mean = centroids.mean(0, dtype=np.float64)
    labels = _labels(piece, *_shifted(centroids, mean))
    return labels, np.linalg.norm(piece - centroids[labels], axis=1)


def _survey(rows: Rows, plan: Plan, team: Team) -> tuple[Doubles, float]:
    """The mean (width,) and the sum of squared distances from it, over all workers; or what is wrong with the rows."""
    if plan.k < 1:
        raise InputError(f"k-means into {plan.k} clusters: k must be at least 1")
    mean, _ = survey(rows, team)
    own = sum((float(((piece - mean) ** 2).sum()) for _, piece in pieces(rows)), 0.0)
    return mean, float(team.total(np.array([own]))[0])


def _begin(rows: Rows, plan: Plan, mean: Doubles, team: Team) -> tuple[Doubles, str]:
    """The first centroids (k, width) and what is to be said of them."""
    if plan.start is not None and plan.start.shape != (plan.k, len(mean)):
        raise InputError(
            f"centroids to start with are {plan.start.shape}, and {plan.k} of {len(mean)} numbers are needed"
        )
    found = _distinct(rows, plan.k, len(mean), team)
    if found is not None and len(found) < plan.k:
        return found, f"k is {len(found)} instead of {plan.k}: there are no more distinct vectors"
    start = seeds(rows, mean, plan.k, plan.seed, team) if plan.start is None else plan.start
    if not np.isfinite(start).all():
        raise InputError("centroids to start with have NaN or infinity")
    return start.astype(np.float64), ""


def _distinct(rows: Rows, k: int, width: int, team: Team) -> Doubles | None:
    """All distinct vectors, by the least key of each, if there are at most k."""
    seen: dict[bytes, int] = {}
    for at, piece in pieces(rows):
        for key, row in zip(rows.keys[at], piece + np.float32(0), strict=True):  # -0 and 0 are one
            one = row.tobytes()
            seen[one] = min(seen.get(one, key), key)
        if len(seen) > k:
            break
    kind = np.dtype([("key", "i8"), ("row", "f4", (width,))])
    many = len(seen) > k
    mine = np.array([(key, np.frombuffer(one, np.float32)) for one, key in seen.items() if not many], kind)
    heard = team.gather(bytes([many]) + mine.tobytes())
    if any(message[0] for message in heard):
        return None
    every = np.sort(np.concatenate([np.frombuffer(message[1:], kind) for message in heard]), order="key")
    distinct = list({row.tobytes(): row for row in every["row"]}.values())
    return np.array(distinct, np.float64) if len(distinct) <= k else None


def _shifted(centroids: NDArray[np.floating[Any]], mean: Doubles) -> tuple[Block, Block]:
    """Centroids from the mean, float32 (k, width), and what they lose to their own length (k,).

    The nearest centroid c of a row x has the greatest x·(c-m) - (|c|² - |m|²)/2: for data far from the origin the mean m
    takes away what would leave float32 no digits.
    """
    away = (centroids - mean).astype(np.float32)
    return away, np.einsum("ij,ij->i", away.astype(np.float64), (centroids + mean) / 2).astype(np.float32)


def _labels(piece: Block, away: Block, loss: Block) -> Labels:
    scores = piece @ away.T
    scores -= loss
    return np.asarray(scores.argmax(1), np.int32)


def _assign(rows: Rows, centroids: Doubles, mean: Doubles, labels: Labels, sums: Doubles) -> None:
    """Bring `labels` (n,) and `sums` (k, width + 1) up to date; only the rows that moved are added and taken away."""
    away, loss = _shifted(centroids, mean)
    for at, piece in pieces(rows):
        new, old = _labels(piece, away, loss), labels[at]
        moved = np.flatnonzero(new != old)
        left = np.flatnonzero(old[moved] >= 0)  # a row without a cluster, at first, leaves none
        signs = np.repeat([1.0, -1.0], (len(moved), len(left)))
        where = np.r_[new[moved], old[moved][left]], np.r_[np.arange(len(moved)), left]
        change = csr_matrix((signs, where), shape=(len(centroids), len(moved)))
        sums[:, :-1] += change @ piece[moved].astype(np.float64)
        sums[:, -1] += np.asarray(change.sum(1)).ravel()
        labels[at] = new


def _fill(rows: Rows, centroids: Doubles, labels: Labels, sums: Doubles, sizes: Doubles, team: Team) -> None:
    """Move the rows farthest from their centroids, ties by key, into the empty clusters: out of `sums` and `sizes`, and in."""
    near = centroids.astype(np.float32)

    def farthest(at: slice, piece: Block) -> Doubles:
        far = np.square(piece - near[labels[at]]).sum(1, dtype=np.float64)
        return np.where(far > 0, -far, np.inf)

    empty = list(np.flatnonzero(sizes == 0))
    count = 2 * len(empty)  # more than are needed, as some may be alike
    taken: set[bytes] = set()
    for pick in first_of_all(team, first(rows, sums.shape[1], count, farthest, labels), count):
        if empty and sizes[pick["label"]] > 1 and pick["row"].tobytes() not in taken:
            taken.add(pick["row"].tobytes())
            cluster = empty.pop(0)
            sums[pick["label"]] -= pick["row"]
            sizes[pick["label"]] -= 1
            sums[cluster], sizes[cluster] = pick["row"], 1
