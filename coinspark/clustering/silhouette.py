"""How well clusters stand apart: the simplified silhouette, by which the number of clusters is chosen. Plain NumPy.

Hruschka, Campello and de Castro 2004; compared with other criteria by Vendramin, Campello and Hruschka 2010. Where the
silhouette measures a row's distance to all others, this one measures it to the centroids: one pass over the rows.
"""

from __future__ import annotations

import numpy as np

from coinspark.clustering.blocks import Block, Rows, pieces
from coinspark.clustering.collective import ALONE, Team


def simplified(rows: Rows, centroids: Block, team: Team = ALONE) -> float:
    """The mean over all workers' rows of (b - a) / max(a, b): a row's distances to the nearest and second nearest centroid.

    From 0, as near to one as to the other, to 1, on its centroid. `centroids` (k, width), k at least 2.
    """
    middle = centroids.mean(0, dtype=np.float64)
    there = centroids - middle
    lengths = np.einsum("ij,ij->i", there, there)
    sums = np.zeros(2)
    for _, piece in pieces(rows):
        away = piece - middle
        square = np.einsum("ij,ij->i", away, away)[:, None] - 2 * away @ there.T + lengths  # (n, k)
        least = np.sqrt(np.maximum(np.partition(square, 1, axis=1)[:, :2], 0))
        apart = np.divide(
            least[:, 1] - least[:, 0], least[:, 1], out=np.zeros(len(piece)), where=least[:, 1] > 0
        )
        sums += apart.sum(), len(piece)
    total, count = team.total(sums)
    return float(total / count)


def candidates(most: int) -> tuple[int, ...]:
    """The numbers of clusters to choose from: 2, 3, 4, 6, 8, 12, 16, 24 … up to `most`."""
    found = sorted(base << power for base in (2, 3) for power in range(max(most, 1).bit_length()))
    return tuple(one for one in found if one <= most)
