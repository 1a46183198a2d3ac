"""What a worker does with its rows: reduce them, choose their number of clusters, know last build's again."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coinspark.clustering.blocks import BlockFile
from coinspark.clustering.kmeans import KMeansSettings
from coinspark.clustering.pca import fit as reduce
from coinspark.clustering.select_k import ClusterSelection, SelectionSettings, select_clusters
from coinspark.core.errors import InputError
from tests.clustering.test_kmeans import blobs, rows, together

PLAN = KMeansSettings(5, tol=0, seed=2)


def divided(
    points: np.ndarray,
    asked: SelectionSettings,
    before: list[int] | np.ndarray | None = None,
    workers: int = 1,
) -> ClusterSelection:
    """What the first of so many workers comes to; all come to the same."""
    points = np.asarray(points, np.float32).reshape(len(points), -1)
    held = np.zeros(len(points), np.int64) if before is None else np.asarray(before, np.int64)

    def work(rank: int, team: object) -> ClusterSelection:
        mine = np.arange(rank, len(points), workers)
        with closing(BlockFile(None)) as store:
            return select_clusters(rows(points[mine], mine), held[mine], asked, team, store)  # type: ignore[arg-type]

    every = together(workers, work)
    for one in every:
        assert_array_equal(one.clusters.centroids, every[0].clusters.centroids)
    return every[0]


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_clusters_are_found_in_the_reduced_space(workers: int) -> None:
    points = blobs(600, 30, 5, 0.5)
    found = divided(points, SelectionSettings(PLAN, components=8), workers=workers)
    assert found.reduction is not None and found.reduction.axes.shape == (30, 8)
    alone = reduce(rows(points), 8)
    assert_allclose(found.reduction.axes, alone.axes, atol=1e-5)
    there = alone.apply(points)
    away = np.linalg.norm(there[:, None] - found.clusters.centroids, axis=2)
    assert_array_equal(np.bincount(away.argmin(1), minlength=5), found.clusters.sizes)
    assert found.clusters.inertia[-1] == pytest.approx(np.square(away.min(1)).sum(), rel=1e-4)
    assert not len(found.former) and not found.silhouettes


@pytest.mark.parametrize("workers", [1, 3])
def test_the_number_that_stands_apart_best_is_chosen(workers: int) -> None:
    points = blobs(600, 10, 6, 0.2, seed=1)
    found = divided(points, SelectionSettings(PLAN, (2, 3, 4, 6, 8, 12)), workers=workers)
    assert len(found.clusters.centroids) == 6
    assert [k for k, _ in found.silhouettes] == [2, 3, 4, 6, 8, 12]
    assert max(found.silhouettes, key=lambda one: one[1])[0] == 6


def test_of_equals_it_is_the_smaller_number() -> None:
    # two points are two clusters, and never three
    found = divided([0, 0, 5, 5], SelectionSettings(PLAN, (2, 3, 4)))
    assert len(found.clusters.centroids) == 2 and found.silhouettes == ((2, 1.0),)
    # and four points no fifth
    assert len(divided([0, 1, 10, 11], SelectionSettings(PLAN, (4, 5))).clusters.centroids) == 4


def test_fewer_points_than_the_least_number_say_so() -> None:
    found = divided(np.full((9, 4), 3), SelectionSettings(PLAN, (2, 3), components=256))
    assert len(found.clusters.centroids) == 1
    assert found.clusters.note == "k is 1 instead of 2: there are no more distinct vectors"
    assert found.reduction is not None and found.reduction.axes.shape == (4, 1)


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_last_nights_clusters_are_known_in_tonights_space(workers: int) -> None:
    points = np.array([[0, 0], [0, 2], [8, 0], [9, 9], [50, 50]], np.float32)
    found = divided(points, SelectionSettings(replace(PLAN, k=2)), [4, 4, 1, 0, 0], workers)
    assert_array_equal(found.former_numbers, [1, 4])  # nobody is left of 2 and 3
    assert_allclose(found.former, [[8, 0], [0, 1]])
    reduced = divided(
        blobs(90, 12, 3), SelectionSettings(replace(PLAN, k=3), components=4), np.arange(90) % 3, workers
    )
    there = reduce(rows(blobs(90, 12, 3)), 4).apply(blobs(90, 12, 3))
    assert_allclose(reduced.former, [there[1::3].mean(0), there[2::3].mean(0)], atol=1e-5)


def test_it_begins_with_last_nights_clusters_where_they_are_as_many() -> None:
    points = blobs(400, 6, 12, 2)
    first = divided(points, SelectionSettings(replace(PLAN, k=7)))
    away = np.linalg.norm(points[:, None] - first.clusters.centroids, axis=2)
    before = away.argmin(1) + 1
    again = divided(points, SelectionSettings(replace(PLAN, k=7, seed=99), resume=True), before)
    assert_allclose(again.clusters.centroids, first.clusters.centroids, atol=1e-5)
    other = divided(points, SelectionSettings(replace(PLAN, k=7, seed=99)), before)
    assert not np.allclose(other.clusters.centroids, first.clusters.centroids, atol=1e-2)
    more = divided(points, SelectionSettings(replace(PLAN, k=6, seed=99), resume=True), before)
    assert_array_equal(
        more.clusters.centroids,
        divided(points, SelectionSettings(replace(PLAN, k=6, seed=99))).clusters.centroids,
    )


def test_bad_rows_are_refused_before_they_are_reduced() -> None:
    points = blobs(20)
    points[4, 2] = np.nan
    with pytest.raises(InputError, match="the vector of row 4 has NaN or infinity"):
        divided(points, SelectionSettings(PLAN, components=4), workers=2)
