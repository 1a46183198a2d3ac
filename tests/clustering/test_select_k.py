"""Reduction, selection of k, and clusters of the previous build."""

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
from tests.clustering.test_kmeans import blobs, rows, run_workers

KMEANS = KMeansSettings(5, tol=0, seed=2)


def select(
    points: np.ndarray,
    settings: SelectionSettings,
    before: list[int] | np.ndarray | None = None,
    workers: int = 1,
) -> ClusterSelection:
    """The selection of `workers` workers, which must be the same on all of them."""
    points = np.asarray(points, np.float32).reshape(len(points), -1)
    former = np.zeros(len(points), np.int64) if before is None else np.asarray(before, np.int64)

    def work(rank: int, collective: object) -> ClusterSelection:
        own_rows = np.arange(rank, len(points), workers)
        with closing(BlockFile(None)) as store:
            return select_clusters(
                replace(rows(points[own_rows], own_rows), before=former[own_rows]),
                settings,
                collective,
                store,
            )  # type: ignore[arg-type]

    results = run_workers(workers, work)
    for result in results:
        assert_array_equal(result.clusters.centroids, results[0].clusters.centroids)
    return results[0]


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_clusters_are_computed_in_the_reduced_space(workers: int) -> None:
    points = blobs(600, 30, 5, 0.5)
    selection = select(points, SelectionSettings(KMEANS, components=8), workers=workers)
    assert selection.reduction is not None and selection.reduction.axes.shape == (30, 8)
    single = reduce(rows(points), 8)
    assert_allclose(selection.reduction.axes, single.axes, atol=1e-5)
    reduced = single.apply(points)
    distances = np.linalg.norm(reduced[:, None] - selection.clusters.centroids, axis=2)
    assert_array_equal(np.bincount(distances.argmin(1), minlength=5), selection.clusters.sizes)
    assert selection.clusters.inertia[-1] == pytest.approx(np.square(distances.min(1)).sum(), rel=1e-4)
    assert not len(selection.former) and not selection.silhouettes


@pytest.mark.parametrize("workers", [1, 3])
def test_k_with_the_best_silhouette_is_selected(workers: int) -> None:
    points = blobs(600, 10, 6, 0.2, seed=1)
    selection = select(points, SelectionSettings(KMEANS, (2, 3, 4, 6, 8, 12)), workers=workers)
    assert len(selection.clusters.centroids) == 6
    assert [k for k, _ in selection.silhouettes] == [2, 3, 4, 6, 8, 12]
    assert max(selection.silhouettes, key=lambda pair: pair[1])[0] == 6


def test_of_equally_good_values_the_smaller_k_is_selected() -> None:
    # two distinct points give two clusters, never three
    selection = select([0, 0, 5, 5], SelectionSettings(KMEANS, (2, 3, 4)))
    assert len(selection.clusters.centroids) == 2 and selection.silhouettes == ((2, 1.0),)
    # and four points never five
    assert len(select([0, 1, 10, 11], SelectionSettings(KMEANS, (4, 5))).clusters.centroids) == 4


def test_fewer_distinct_points_than_the_smallest_k_are_noted() -> None:
    selection = select(np.full((9, 4), 3), SelectionSettings(KMEANS, (2, 3), components=256))
    assert len(selection.clusters.centroids) == 1
    assert selection.clusters.note == "k is 1 instead of 2: there are no more distinct vectors"
    assert selection.reduction is not None and selection.reduction.axes.shape == (4, 1)


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_former_clusters_are_means_of_their_rows_in_the_new_space(workers: int) -> None:
    points = np.array([[0, 0], [0, 2], [8, 0], [9, 9], [50, 50]], np.float32)
    selection = select(points, SelectionSettings(replace(KMEANS, k=2)), [4, 4, 1, 0, 0], workers)
    assert_array_equal(selection.former_numbers, [1, 4])  # 2 and 3 have no rows left
    assert_allclose(selection.former, [[8, 0], [0, 1]])
    reduced = select(
        blobs(90, 12, 3), SelectionSettings(replace(KMEANS, k=3), components=4), np.arange(90) % 3, workers
    )
    points = reduce(rows(blobs(90, 12, 3)), 4).apply(blobs(90, 12, 3))
    assert_allclose(reduced.former, [points[1::3].mean(0), points[2::3].mean(0)], atol=1e-5)


def test_resume_starts_from_former_clusters_if_there_are_k() -> None:
    points = blobs(400, 6, 12, 2)
    first = select(points, SelectionSettings(replace(KMEANS, k=7)))
    distances = np.linalg.norm(points[:, None] - first.clusters.centroids, axis=2)
    before = distances.argmin(1) + 1
    again = select(points, SelectionSettings(replace(KMEANS, k=7, seed=99), resume=True), before)
    assert_allclose(again.clusters.centroids, first.clusters.centroids, atol=1e-5)
    other = select(points, SelectionSettings(replace(KMEANS, k=7, seed=99)), before)
    assert not np.allclose(other.clusters.centroids, first.clusters.centroids, atol=1e-2)
    more = select(points, SelectionSettings(replace(KMEANS, k=6, seed=99), resume=True), before)
    assert_array_equal(
        more.clusters.centroids,
        select(points, SelectionSettings(replace(KMEANS, k=6, seed=99))).clusters.centroids,
    )


def test_invalid_rows_are_refused_before_the_reduction() -> None:
    points = blobs(20)
    points[4, 2] = np.nan
    with pytest.raises(InputError, match="the vector of row 4 has NaN or infinity"):
        select(points, SelectionSettings(KMEANS, components=4), workers=2)
