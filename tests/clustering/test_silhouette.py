"""The simplified silhouette by hand, and the numbers of clusters that there are to choose from."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances

from coinspark.clustering.silhouette import candidate_ks, simplified_silhouette
from tests.clustering.test_kmeans import blobs, rows, together


def test_by_hand() -> None:
    # distances to 0 and 10: 1 and 9, 5 and 5, 0 and 10, 6 and 4 to the nearest: 8/9, 0, 1, 2/6
    found = simplified_silhouette(rows([1, 5, 10, 6]), np.array([[0], [10]], np.float32))
    assert found == pytest.approx((8 / 9 + 0 + 1 + 2 / 6) / 4)
    assert simplified_silhouette(rows([3, 3]), np.array([[3], [3]], np.float32)) == 0


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_any_number_of_workers_and_data_far_off(workers: int) -> None:
    points = blobs(500, 8) + np.float32(100)
    centroids = points[:6]
    near = np.sort(pairwise_distances(points.astype(float), centroids.astype(float)), axis=1)
    wanted = ((near[:, 1] - near[:, 0]) / near[:, 1]).mean()
    found = together(
        workers, lambda rank, team: simplified_silhouette(rows(points[rank::workers]), centroids, team)
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_what_there_is_to_choose_from() -> None:
    assert candidate_ks(24) == (2, 3, 4, 6, 8, 12, 16, 24)
    assert candidate_ks(23) == (2, 3, 4, 6, 8, 12, 16)
    assert candidate_ks(100)[-2:] == (64, 96)
    assert candidate_ks(2) == (2,)
    assert candidate_ks(1) == candidate_ks(0) == ()
