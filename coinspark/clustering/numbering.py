"""Numbers for clusters that stay from build to build. Plain NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from coinspark.clustering.blocks import Block

Ints = NDArray[np.int64]


def numbers(centroids: Block, sizes: Ints, former: Block, known: Ints) -> Ints:
    """The number of each of tonight's clusters (k,), from 1 on.

    `centroids` (k, d) with `sizes` (k,) rows each; `former` (m, d): last build's centroids in the same space, whose numbers
    were `known` (m,). A cluster of tonight and one of last build that are each other's nearest share the number. The others
    get the smallest free ones, the larger cluster first: on the first build the largest is 1. Of equals the one whose
    centroid comes first, number by number.
    """
    found = np.zeros(len(centroids), np.int64)
    if len(former) and len(centroids):
        away = np.linalg.norm(centroids[:, None].astype(np.float64) - former, axis=2)  # (k, m)
        nearest = away.argmin(1)
        mutual = away.argmin(0)[nearest] == np.arange(len(centroids))
        found[mutual] = known[nearest[mutual]]
    taken, following = set(found.tolist()), 1
    for cluster in sorted(np.flatnonzero(found == 0), key=lambda one: (-sizes[one], centroids[one].tolist())):
        while following in taken:
            following += 1
        found[cluster] = following
        taken.add(following)
    return found
