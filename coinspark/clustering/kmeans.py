"""k-means (Lloyd 1982) over the rows of one or many workers. Plain NumPy.

The same code runs in one process, on Spark and under Horovod; only the `Collective` differs. Distances are
float32 matrix products over pieces that fit the cache. Sums are float64 and updated by the rows that changed
their cluster. With the same initial centroids, the distribution of rows over workers changes the result only
by the order of summation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from coinspark.clustering.blocks import Block, Picks, Rows, checked_mean, pieces, smallest, smallest_of_all
from coinspark.clustering.collective import ALONE, Collective, Doubles
from coinspark.clustering.seeds import choose_seeds
from coinspark.core.errors import InputError

Labels = NDArray[np.int32]
OnIteration = Callable[[int, float], None]
"""Called with the number of finished iterations and the inertia before the next one, on every worker."""


def ignore_iteration(iteration: int, inertia: float) -> None:
    """An `OnIteration` that does nothing."""


@dataclass(frozen=True)
class KMeansSettings:
    """Settings of k-means.

    Attributes:
        k: Number of clusters.
        max_iter: Iterations, at most.
        tol: Stop when an iteration reduces the inertia by this share or less.
        seed: Seed of the initial centroids.
        initial: Initial centroids (k, width); None draws them from the rows.
    """

    k: int
    max_iter: int = 100
    tol: float = 1e-4
    seed: int = 0
    initial: NDArray[np.floating[Any]] | None = None


@dataclass(frozen=True)
class Clusters:
    """Result of k-means.

    Attributes:
        centroids: float32 (k, width). Fewer than the requested k if there are fewer distinct vectors.
        sizes: int64 (k,), the number of rows nearest to each centroid.
        inertia: Sum of squared distances to the nearest centroid, before each iteration and at the end.
        note: What differs from the request; empty if nothing does.
    """

    centroids: Block
    sizes: NDArray[np.int64]
    inertia: tuple[float, ...]
    note: str = ""


def fit(
    rows: Rows,
    settings: KMeansSettings,
    collective: Collective = ALONE,
    on_iteration: OnIteration = ignore_iteration,
) -> tuple[Clusters, Labels]:
    """Cluster the rows of all workers.

    Returns:
        The clusters, the same on all workers, and the labels (n,) of this worker's rows.

    Raises:
        InputError: k is below 1, there are no rows, widths differ, or a row has NaN or infinity.
    """
    if settings.k < 1:
        raise InputError(f"k-means: k is {settings.k}; it must be at least 1")
    mean, _ = checked_mean(rows, collective)
    scatter = _scatter(rows, mean, collective)
    centroids, note = _initial_centroids(rows, settings, mean, collective)
    k, width = centroids.shape
    labels = np.full(len(rows.keys), -1, np.int32)
    own = np.zeros((k, width + 1))  # sum and number of this worker's rows of each cluster
    inertia: list[float] = []
    for iteration in range(settings.max_iter + 1):
        _assign(rows, centroids, mean, labels, own)
        totals = collective.allreduce(own.ravel()).reshape(own.shape)
        sums, sizes = totals[:, :-1].copy(), totals[:, -1].copy()
        inertia.append(_inertia(centroids, mean, sums, sizes, scatter))
        on_iteration(iteration, inertia[-1])
        empty = np.flatnonzero(sizes == 0)
        converged = iteration > 0 and inertia[-2] - inertia[-1] <= settings.tol * inertia[-2]
        if iteration == settings.max_iter or (converged and not len(empty)):
            break
        if len(empty):
            # twice as many rows as needed, because some may be equal
            picks = _farthest_rows(rows, centroids, labels, 2 * len(empty), collective)
            _fill_empty_clusters(picks, sums, sizes)
        filled = sizes > 0
        centroids[filled] = sums[filled] / sizes[filled, None]
    if len(empty):
        remaining = f"{len(empty)} of {k} clusters are empty after {settings.max_iter} iterations"
        note = "; ".join(filter(None, [note, remaining]))
    return Clusters(centroids.astype(np.float32), sizes.astype(np.int64), tuple(inertia), note), labels


def nearest(piece: Block, centroids: Block) -> tuple[Labels, Block]:
    """The nearest centroid of each row (n,), the first of equally near ones, and its distance (n,)."""
    mean = centroids.mean(0, dtype=np.float64)
    labels = _labels(piece, *_centered(centroids, mean))
    return labels, np.linalg.norm(piece - centroids[labels], axis=1)


def _scatter(rows: Rows, mean: Doubles, collective: Collective) -> float:
    """Sum of squared distances of all rows from their mean."""
    own = sum((float(((piece - mean) ** 2).sum()) for _, piece in pieces(rows)), 0.0)
    return float(collective.allreduce(np.array([own]))[0])


def _inertia(centroids: Doubles, mean: Doubles, sums: Doubles, sizes: Doubles, scatter: float) -> float:
    """Inertia, computed from sums and sizes of the clusters instead of the rows.

    With all vectors relative to the mean: sum |x - c|² = sum |x|² + sum over clusters (n |c|² - 2 c · sum of
    x).
    """
    centered = centroids - mean
    centered_sums = sums - sizes[:, None] * mean
    return max(0.0, scatter + float((centered * (centered * sizes[:, None] - 2 * centered_sums)).sum()))


def _initial_centroids(
    rows: Rows, settings: KMeansSettings, mean: Doubles, collective: Collective
) -> tuple[Doubles, str]:
    """Initial centroids (k, width), and a note if there are fewer than requested."""
    initial, k = settings.initial, settings.k
    if initial is not None and initial.shape != (k, len(mean)):
        raise InputError(
            f"k-means: initial centroids have the shape {initial.shape}, expected {(k, len(mean))}"
        )
    distinct = _distinct_vectors(rows, k, len(mean), collective)
    if distinct is not None and len(distinct) < k:
        return distinct, f"k is {len(distinct)} instead of {k}: there are no more distinct vectors"
    if initial is None:
        initial = choose_seeds(rows, mean, k, settings.seed, collective)
    if not np.isfinite(initial).all():
        raise InputError("k-means: initial centroids have NaN or infinity")
    return initial.astype(np.float64), ""


def _distinct_vectors(rows: Rows, k: int, width: int, collective: Collective) -> Doubles | None:
    """The distinct vectors of all workers, by the smallest key of each; None if there are more than k."""
    smallest_keys: dict[bytes, int] = {}
    for at, piece in pieces(rows):
        for key, row in zip(rows.keys[at], piece + np.float32(0), strict=True):  # turns -0 into 0
            vector = row.tobytes()
            smallest_keys[vector] = min(smallest_keys.get(vector, key), key)
        if len(smallest_keys) > k:
            break
    too_many = len(smallest_keys) > k
    dtype = np.dtype([("key", "i8"), ("row", "f4", (width,))])
    vectors = [] if too_many else smallest_keys.items()
    own = np.array([(key, np.frombuffer(vector, np.float32)) for vector, key in vectors], dtype)
    messages = collective.allgather(bytes([too_many]) + own.tobytes())
    if any(message[0] for message in messages):
        return None
    by_key = np.sort(np.concatenate([np.frombuffer(message[1:], dtype) for message in messages]), order="key")
    distinct = list({row.tobytes(): row for row in by_key["row"]}.values())
    return np.array(distinct, np.float64) if len(distinct) <= k else None


def _centered(centroids: NDArray[np.floating[Any]], mean: Doubles) -> tuple[Block, Block]:
    """Terms of the score x·(c-m) - (|c|² - |m|²)/2, which is greatest for the nearest centroid c of a row x.

    The mean m keeps the digits of float32 for data far from the origin.

    Returns:
        c-m, float32 (k, width), and the subtrahend, float32 (k,).
    """
    centered = (centroids - mean).astype(np.float32)
    half = np.einsum("ij,ij->i", centered.astype(np.float64), (centroids + mean) / 2)
    return centered, half.astype(np.float32)


def _labels(piece: Block, centered: Block, half: Block) -> Labels:
    scores = piece @ centered.T
    scores -= half
    return np.asarray(scores.argmax(1), np.int32)


def _assign(rows: Rows, centroids: Doubles, mean: Doubles, labels: Labels, sums: Doubles) -> None:
    """Update `labels` (n,) and `sums` (k, width + 1) to the nearest centroids.

    A sparse matrix (k, rows that changed) with 1 for the new and -1 for the old cluster of a row applies the
    change. The last column of `sums` counts rows.
    """
    centered, half = _centered(centroids, mean)
    for at, piece in pieces(rows):
        new, old = _labels(piece, centered, half), labels[at]
        moved = np.flatnonzero(new != old)
        had_cluster = np.flatnonzero(old[moved] >= 0)  # none has in the first iteration
        signs = np.repeat([1.0, -1.0], (len(moved), len(had_cluster)))
        clusters = np.r_[new[moved], old[moved][had_cluster]]
        positions = np.r_[np.arange(len(moved)), had_cluster]
        change = csr_matrix((signs, (clusters, positions)), shape=(len(centroids), len(moved)))
        sums[:, :-1] += change @ piece[moved].astype(np.float64)
        sums[:, -1] += np.asarray(change.sum(1)).ravel()
        labels[at] = new


def _farthest_rows(
    rows: Rows, centroids: Doubles, labels: Labels, count: int, collective: Collective
) -> Picks:
    """The rows of all workers that are farthest from the centroids of their clusters, ties by key."""
    centers = centroids.astype(np.float32)

    def order(at: slice, piece: Block) -> Doubles:
        squares = np.square(piece - centers[labels[at]]).sum(1, dtype=np.float64)
        return np.where(squares > 0, -squares, np.inf)

    return smallest_of_all(collective, smallest(rows, centroids.shape[1], count, order, labels), count)


def _fill_empty_clusters(picks: Picks, sums: Doubles, sizes: Doubles) -> None:
    """Move a picked row into each empty cluster, different rows only; updates `sums` and `sizes`."""
    empty = list(np.flatnonzero(sizes == 0))
    moved: set[bytes] = set()
    for pick in picks:
        if empty and sizes[pick["label"]] > 1 and pick["row"].tobytes() not in moved:
            moved.add(pick["row"].tobytes())
            cluster = empty.pop(0)
            sums[pick["label"]] -= pick["row"]
            sizes[pick["label"]] -= 1
            sums[cluster], sizes[cluster] = pick["row"], 1
