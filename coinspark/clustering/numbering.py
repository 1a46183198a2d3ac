"""Cluster numbers that stay the same from build to build. Plain NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from coinspark.clustering.blocks import Block

Ints = NDArray[np.int64]


def keep_numbers(centroids: Block, sizes: Ints, former: Block, former_numbers: Ints) -> Ints:
    """Number the clusters (k,) from 1 on, in agreement with the previous build.

    A new and a former cluster that are each other's nearest share the number. The others get the smallest
    free numbers, larger clusters first, so that cluster 1 of the first build is the largest. Ties are broken
    by the centroids' numbers.

    Args:
        centroids: (k, d), the new clusters.
        sizes: (k,), their numbers of rows.
        former: (m, d), centroids of the previous build in the same space.
        former_numbers: (m,), the numbers of these clusters.
    """
    numbers = np.zeros(len(centroids), np.int64)
    if len(former) and len(centroids):
        distances = np.linalg.norm(centroids[:, None].astype(np.float64) - former, axis=2)  # (k, m)
        nearest = distances.argmin(1)
        mutual = distances.argmin(0)[nearest] == np.arange(len(centroids))
        numbers[mutual] = former_numbers[nearest[mutual]]
    used, free = set(numbers.tolist()), 1
    unnumbered = np.flatnonzero(numbers == 0)
    for cluster in sorted(unnumbered, key=lambda index: (-sizes[index], centroids[index].tolist())):
        while free in used:
            free += 1
        numbers[cluster] = free
        used.add(free)
    return numbers
