"""The simplified silhouette, computed by hand and by scikit-learn's distances; numbers of clusters to try."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances

from coinspark.clustering.silhouette import candidate_ks, simplified_silhouette
from tests.clustering.test_kmeans import blobs, rows, run_workers


def test_silhouette_gives_the_value_computed_by_hand() -> None:
    # distances to 0 and 10: 1 and 9, 5 and 5, 0 and 10, 6 and 4 to the nearest: 8/9, 0, 1, 2/6
    value = simplified_silhouette(rows([1, 5, 10, 6]), np.array([[0], [10]], np.float32))
    assert value == pytest.approx((8 / 9 + 0 + 1 + 2 / 6) / 4)
    assert simplified_silhouette(rows([3, 3]), np.array([[3], [3]], np.float32)) == 0


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_silhouette_does_not_depend_on_the_number_of_workers_or_the_origin(workers: int) -> None:
    points = blobs(500, 8) + np.float32(100)
    centroids = points[:6]
    distances = np.sort(pairwise_distances(points.astype(float), centroids.astype(float)), axis=1)
    expected = ((distances[:, 1] - distances[:, 0]) / distances[:, 1]).mean()
    value = run_workers(
        workers,
        lambda rank, collective: simplified_silhouette(rows(points[rank::workers]), centroids, collective),
    )
    np.testing.assert_allclose(value, expected, rtol=1e-6)


def test_candidate_ks_are_powers_of_two_and_their_triples() -> None:
    assert candidate_ks(24) == (2, 3, 4, 6, 8, 12, 16, 24)
    assert candidate_ks(23) == (2, 3, 4, 6, 8, 12, 16)
    assert candidate_ks(100)[-2:] == (64, 96)
    assert candidate_ks(2) == (2,)
    assert candidate_ks(1) == candidate_ks(0) == ()
