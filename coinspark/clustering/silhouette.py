"""Simplified silhouette, the criterion for the number of clusters. Plain NumPy.

Hruschka, Campello and de Castro 2004; compared with other criteria by Vendramin, Campello and Hruschka 2010.
It uses the distances of a row to the centroids, not to all other rows, and so needs one pass over the rows.
"""

from __future__ import annotations

import numpy as np

from coinspark.clustering.blocks import Block, Rows, pieces
from coinspark.clustering.collective import ALONE, Collective


def simplified_silhouette(rows: Rows, centroids: Block, collective: Collective = ALONE) -> float:
    """Mean of (b - a) / b over all rows; a, b are the distances to the nearest and second nearest centroid.

    0 means that rows are halfway between two centroids, 1 that they are on their centroid.

    Args:
        centroids: float32 (k, width), with k of at least 2.
    """
    middle = centroids.mean(0, dtype=np.float64)
    centered = centroids - middle
    lengths = np.einsum("ij,ij->i", centered, centered)
    sums = np.zeros(2)
    for _, piece in pieces(rows):
        points = piece - middle
        squares = np.einsum("ij,ij->i", points, points)[:, None] - 2 * points @ centered.T + lengths  # (n, k)
        two = np.sqrt(np.maximum(np.partition(squares, 1, axis=1)[:, :2], 0))
        values = np.divide(two[:, 1] - two[:, 0], two[:, 1], out=np.zeros(len(piece)), where=two[:, 1] > 0)
        sums += values.sum(), len(piece)
    total, count = collective.allreduce(sums)
    return float(total / count)


def candidate_ks(limit: int) -> tuple[int, ...]:
    """Numbers of clusters to try: 2, 3, 4, 6, 8, 12, 16, 24 … up to `limit`."""
    ks = sorted(base << power for base in (2, 3) for power in range(max(limit, 1).bit_length()))
    return tuple(k for k in ks if k <= limit)
