"""Uniform sampling over clusters: each cluster is shown equally often in an epoch, whatever its size.

Plain NumPy.

See Caron et al. 2018, section 3.3: with sampling in proportion to size, large clusters dominate the loss.
The code published with the paper that coinspark follows indexes the wrong list, so that a cluster of 35 %
of the images gets 38 % of an epoch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def sample_epoch(labels: NDArray[np.int32], sizes: Ints, rank: int, seed: int, epoch: int) -> Ints:
    """Indices (m,) of the rows that this worker shows in an epoch, in order.

    A row may occur several times or not at all.

    All workers together show as many images as there are rows, and each non-empty cluster equally often,
    within one.

    Args:
        labels: (n,) clusters of this worker's rows.
        sizes: (workers, k) number of rows of each cluster on each worker.
    """
    rng = np.random.default_rng([seed, epoch, rank])
    counts = worker_counts(sizes)[rank]
    samples = [
        _sample(np.flatnonzero(labels == cluster), int(count), rng)
        for cluster, count in enumerate(counts)
        if count
    ]
    return rng.permutation(np.concatenate(samples)) if samples else np.empty(0, np.int64)


def worker_counts(sizes: Ints) -> Ints:
    """Number of images of each cluster that each worker shows (workers, k).

    A cluster's quota is split in proportion to the workers' rows of it, by the largest remainder method;
    ties go to the first worker.
    """
    totals = sizes.sum(0)
    nonempty = np.flatnonzero(totals)
    quota = np.zeros(len(totals), np.int64)
    share, remainder = divmod(int(totals.sum()), max(len(nonempty), 1))
    quota[nonempty] = share
    quota[nonempty[:remainder]] += 1
    exact = sizes * (quota / np.maximum(totals, 1))
    counts = np.floor(exact).astype(np.int64)
    missing = quota - counts.sum(0)
    by_remainder = np.argsort(-(exact - counts), axis=0, kind="stable")
    for position, workers in enumerate(by_remainder):
        counts[workers, np.arange(len(totals))] += position < missing
    return np.asarray(counts, np.int64)


def _sample(indices: Ints, count: int, rng: np.random.Generator) -> Ints:
    """`count` of the indices, each equally often within one."""
    repeats, remainder = divmod(count, len(indices))
    return np.concatenate([np.tile(indices, repeats), rng.choice(indices, remainder, replace=False)])
