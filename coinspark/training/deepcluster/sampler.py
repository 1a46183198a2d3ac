"""Which pictures an epoch shows: every cluster the same number of times, however large it is. Plain NumPy.

The heart of DeepCluster (Caron et al. 2018, section 3.3): served as they come, the largest clusters would be all that there is
to learn. The code published with the paper that coinspark follows indexed the wrong list, so that a cluster of 35 % was served
38 % of an epoch; here it is served its even share, which a test counts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def serve(labels: NDArray[np.int32], held: Ints, rank: int, seed: int, turn: int) -> Ints:
    """The places (m,) of this worker's rows that it shows in epoch `turn`, in order; a row may come several times or not.

    `labels` (n,) are its rows' clusters; `held` (workers, k) says how many rows of each cluster every worker has. Together the
    workers show as many pictures as there are rows, and of each cluster that has any the same number, within one.
    """
    draw = np.random.default_rng([seed, turn, rank])
    own = shares(held)[rank]
    parts = [
        _some(np.flatnonzero(labels == cluster), int(count), draw)
        for cluster, count in enumerate(own)
        if count
    ]
    return draw.permutation(np.concatenate(parts)) if parts else np.empty(0, np.int64)


def shares(held: Ints) -> Ints:
    """How many pictures of each cluster each worker shows (workers, k): of a cluster's even share, what it holds of it."""
    sizes = held.sum(0)
    there = np.flatnonzero(sizes)
    quota = np.zeros(len(sizes), np.int64)
    each, more = divmod(int(sizes.sum()), max(len(there), 1))
    quota[there] = each
    quota[there[:more]] += 1
    exact = held * (quota / np.maximum(sizes, 1))
    found = np.floor(exact).astype(np.int64)
    left = quota - found.sum(0)
    # what is left goes to the largest remainders, of equals to the first worker
    order = np.argsort(-(exact - found), axis=0, kind="stable")
    for place, workers in enumerate(order):
        found[workers, np.arange(len(sizes))] += place < left
    return np.asarray(found, np.int64)


def _some(places: Ints, count: int, draw: np.random.Generator) -> Ints:
    """So many of these places, all of them equally often, within one."""
    whole, rest = divmod(count, len(places))
    return np.concatenate([np.tile(places, whole), draw.choice(places, rest, replace=False)])
