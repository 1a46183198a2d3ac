"""k-means in one and in several processes, against scikit-learn and values computed by hand."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cluster import KMeans, kmeans_plusplus

from coinspark.clustering.blocks import BlockFile, Rows
from coinspark.clustering.collective import AllreduceCollective, Collective
from coinspark.clustering.kmeans import Clusters, KMeansSettings, fit, nearest
from coinspark.clustering.seeds import uniform
from coinspark.core.errors import InputError


def blobs(
    count: int = 3000, width: int = 16, centers: int = 12, spread: float = 1.0, seed: int = 0
) -> np.ndarray:
    """Random rows around random centers, float32 (count, width)."""
    random = np.random.default_rng(seed)
    middles = random.normal(0, 3, (centers, width))
    return (middles[random.integers(0, centers, count)] + random.normal(0, spread, (count, width))).astype(
        np.float32
    )


def rows(points: Any, keys: Any = None, blocks: int = 1) -> Rows:
    """The points as `Rows`; by default the key of a row is its position."""
    points = np.asarray(points, np.float32)
    points = points.reshape(-1, 1) if points.ndim == 1 else points
    keys = np.arange(len(points)) if keys is None else keys
    return Rows(np.asarray(keys, np.int64), np.array_split(points, blocks))


def run_workers(size: int, work: Callable[[int, Collective], Any]) -> list[Any]:
    """Results of `work(rank, collective)` in threads whose collective can only sum, as that of Horovod."""
    barrier = threading.Barrier(size, timeout=60)
    arrays: list[Any] = [None] * size

    def allreduce(rank: int) -> Callable[[np.ndarray], np.ndarray]:
        def total(values: np.ndarray) -> np.ndarray:
            arrays[rank] = values
            barrier.wait()
            result = np.sum(arrays, axis=0)
            barrier.wait()
            return result

        return total

    with ThreadPoolExecutor(size) as pool:
        return list(
            pool.map(lambda rank: work(rank, AllreduceCollective(allreduce(rank), rank, size)), range(size))
        )


def fit_on_workers(
    points: np.ndarray, size: int, settings: KMeansSettings
) -> tuple[list[Clusters], np.ndarray]:
    """The clusters of each of `size` workers, and the labels of all rows."""
    keys_of_workers = [np.flatnonzero(np.arange(len(points)) * 7919 % size == part) for part in range(size)]

    def work(rank: int, collective: Collective) -> tuple[Clusters, np.ndarray]:
        return fit(rows(points[keys_of_workers[rank]], keys_of_workers[rank]), settings, collective)

    results = run_workers(size, work)
    labels = np.empty(len(points), np.int32)
    for part, (_, own) in zip(keys_of_workers, results, strict=True):
        labels[part] = own
    return [clusters for clusters, _ in results], labels


@pytest.mark.parametrize("offset", [0, 1000])
@pytest.mark.parametrize("max_iter", [1, 20])
def test_fit_from_given_centroids_gives_the_inertia_of_scikit_learn(offset: float, max_iter: int) -> None:
    points = blobs() + np.float32(offset)
    clusters, labels = fit(rows(points, blocks=3), KMeansSettings(30, max_iter, tol=0, initial=points[:30]))
    sklearn_result = KMeans(
        30, init=points[:30].astype(np.float64), n_init=1, max_iter=max_iter, tol=0, algorithm="lloyd"
    ).fit(points.astype(np.float64))
    assert clusters.inertia[-1] == pytest.approx(sklearn_result.inertia_, rel=1e-4)
    assert (labels == sklearn_result.labels_).mean() > 0.999
    assert_array_equal(clusters.sizes, np.bincount(labels, minlength=30))
    assert clusters.inertia[-1] == pytest.approx(
        np.square(points.astype(float) - clusters.centroids[labels]).sum(), rel=1e-5
    )


def test_fit_gives_the_values_computed_by_hand() -> None:
    clusters, labels = fit(rows([0, 1, 10, 12]), KMeansSettings(2, initial=np.array([[0.0], [1.0]])))
    # from 0 and 1: {0} and {1, 10, 12}, means 0 and 23/3;
    # then {0, 1} and {10, 12}, means 0.5 and 11, inertia 0.5 + 2
    assert_array_equal(labels, [0, 0, 1, 1])
    assert_allclose(clusters.centroids, [[0.5], [11]])
    assert_allclose(clusters.inertia, [9**2 + 11**2, 1 + (7 / 3) ** 2 + (13 / 3) ** 2, 2.5, 2.5])
    assert clusters.note == ""


@pytest.mark.parametrize("workers", [2, 7])
@pytest.mark.parametrize("seeded", [True, False])
def test_result_does_not_depend_on_the_number_of_workers(workers: int, seeded: bool) -> None:
    points = blobs()
    settings = KMeansSettings(20, 30, seed=5, initial=points[:20] if seeded else None)
    single, own = fit(rows(points), settings)
    results, labels = fit_on_workers(points, workers, settings)
    for clusters in results:
        assert_allclose(clusters.centroids, single.centroids, atol=2e-6)
        assert_allclose(clusters.inertia, single.inertia, rtol=1e-9)
        assert_array_equal(clusters.centroids, results[0].centroids)
    assert_array_equal(labels, own)


def test_fit_works_with_more_workers_than_rows() -> None:
    results, labels = fit_on_workers(np.array([[0.0], [1], [10]], np.float32), 7, KMeansSettings(2))
    assert_allclose(np.sort(results[0].centroids.ravel()), [0.5, 10])
    assert labels[0] == labels[1] != labels[2]


def test_initial_centroids_depend_on_key_and_seed_not_on_order() -> None:
    points = blobs()
    shuffled = np.random.default_rng(1).permutation(len(points))
    first, again, other = (
        fit(rows(points[order], order), KMeansSettings(20, 0, seed=seed))[0].centroids
        for order, seed in ((np.arange(len(points)), 3), (shuffled, 3), (shuffled, 4))
    )
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert {row.tobytes() for row in first} <= {row.tobytes() for row in points}


def test_initial_centroids_are_as_good_as_those_of_scikit_learn() -> None:
    points = blobs(2000, 8, 25, 0.3)
    our_inertia = np.mean(
        [fit(rows(points), KMeansSettings(25, 0, seed=seed))[0].inertia[0] for seed in range(5)]
    )
    sklearn_inertia = np.mean(
        [
            np.square(points - centers[nearest(points, centers)[0]]).sum()
            for centers in (kmeans_plusplus(points, 25, random_state=seed)[0] for seed in range(5))
        ]
    )
    assert our_inertia < 1.15 * sklearn_inertia


def test_single_far_row_is_an_initial_centroid() -> None:
    """It has 99.9 % of all squared distances; a draw of 21 of 2,001 rows would miss it in 99 % of cases."""
    points = [*np.random.default_rng(0).normal(0, 1, 2000), 2000]
    for seed in range(5):
        assert fit(rows(points), KMeansSettings(2, 0, seed=seed))[0].centroids.max() == 2000


def test_random_numbers_are_uniform_and_depend_on_key_seed_and_turn() -> None:
    keys = np.arange(-5000, 5000)
    drawn = uniform(keys, 1, 2)
    assert drawn.min() > 0 and drawn.max() <= 1
    assert np.histogram(drawn, 10, (0, 1))[0].min() > 900
    assert_array_equal(uniform(keys[::-1], 1, 2)[::-1], drawn)
    for other in (uniform(keys, 2, 2), uniform(keys, 1, 3), uniform(keys + 1, 1, 2)):
        assert abs(np.corrcoef(drawn, other)[0, 1]) < 0.05


def test_empty_cluster_gets_the_farthest_row() -> None:
    # no row is nearest to 100: the row farthest from its centroid, 20, moves there
    clusters, labels = fit(rows([0, 1, 2, 20]), KMeansSettings(2, 1, initial=np.array([[1.0], [100.0]])))
    assert_allclose(clusters.centroids, [[1], [20]])
    assert_array_equal(labels, [0, 0, 0, 1])


@pytest.mark.parametrize("workers", [1, 3])
def test_of_equally_far_rows_the_one_with_the_smallest_key_moves(workers: int) -> None:
    points = np.array([[-5.0], [0], [0], [5]], np.float32)
    keys = np.array([9, 1, 2, 4])
    settings = KMeansSettings(2, 1, initial=np.array([[0.0], [100.0]]))
    parts = [np.arange(4) % workers == part for part in range(workers)]
    for clusters, _ in run_workers(
        workers,
        lambda rank, collective: fit(rows(points[parts[rank]], keys[parts[rank]]), settings, collective),
    ):
        assert_allclose(clusters.centroids, [[-5 / 3], [5]])


def test_empty_clusters_get_different_rows() -> None:
    clusters, _ = fit(
        rows([0, 0, 1, 9, 9, 30]), KMeansSettings(4, 20, initial=np.array([[0.0], [500.0], [500.0], [500.0]]))
    )
    assert_allclose(np.sort(clusters.centroids.ravel()), [0, 1, 9, 30])
    assert clusters.inertia[-1] == 0


def test_fit_stops_when_an_iteration_gains_less_than_tol() -> None:
    points = blobs()
    settings = KMeansSettings(20, 100, tol=0.01, initial=points[:20])
    inertia = fit(rows(points), settings)[0].inertia
    gains = 1 - np.array(inertia[1:]) / inertia[:-1]
    assert (gains[:-1] > 0.01).all() and gains[-1] <= 0.01
    iterations: list[int] = []
    fit(
        rows(points),
        KMeansSettings(20, 3, tol=0, initial=points[:20]),
        on_iteration=lambda done, inertia: iterations.append(done),
    )
    assert iterations == [0, 1, 2, 3]


def test_rows_in_a_file_give_the_same_clusters_as_rows_in_memory(tmp_path: Path) -> None:
    points = blobs(9000, 1000)  # 36 MB: several mapped pieces
    file = BlockFile(str(tmp_path))
    for part in np.array_split(points, 7):
        file.add(part)
    assert list(tmp_path.iterdir()) == [] and len(file) > 2
    assert_array_equal(np.concatenate(file[:]), points)
    in_memory, filed = (
        fit(Rows(np.arange(9000), blocks), KMeansSettings(5, 3))[0] for blocks in ([points], file)
    )
    assert_allclose(filed.centroids, in_memory.centroids, atol=1e-5)
    file.close()


def test_single_cluster_is_the_mean() -> None:
    points = blobs()
    clusters, labels = fit(rows(points), KMeansSettings(1))
    assert_allclose(clusters.centroids[0], points.mean(0, dtype=np.float64), rtol=1e-6)
    assert clusters.inertia[-1] == pytest.approx(np.square(points - points.mean(0)).sum(), rel=1e-5)
    assert not labels.any()


@pytest.mark.parametrize("start", [None, np.arange(5.0).reshape(5, 1)])
@pytest.mark.parametrize("workers", [1, 3])
def test_fewer_distinct_rows_than_k_give_a_cluster_each_and_a_note(
    workers: int, start: np.ndarray | None
) -> None:
    points = np.array([[2], [7], [-0.0], [2], [0], [7], [7]], np.float32)
    results, labels = fit_on_workers(points, workers, KMeansSettings(5, initial=start))
    for clusters in results:
        assert_array_equal(clusters.centroids, [[2], [7], [0]])  # in the order of the smallest key of each
        assert_array_equal(clusters.sizes, [2, 3, 2])
        assert clusters.inertia[-1] == 0
        assert clusters.note == "k is 3 instead of 5: there are no more distinct vectors"
    assert_array_equal(labels, [0, 1, 2, 0, 2, 1, 1])


def test_as_many_distinct_rows_as_k_give_a_cluster_each() -> None:
    clusters, _ = fit(rows([5, 5, 5, 1, 9, 1000]), KMeansSettings(4))
    assert_allclose(np.sort(clusters.centroids.ravel()), [1, 5, 9, 1000])
    assert clusters.note == "" and clusters.inertia[-1] == 0


def test_equal_rows_give_one_cluster() -> None:
    clusters, labels = fit(rows(np.full((50, 3), 0.1)), KMeansSettings(4))
    assert_allclose(clusters.centroids, [[0.1] * 3])
    assert_array_equal(clusters.sizes, [50])
    assert clusters.inertia[-1] == pytest.approx(0, abs=1e-9)
    assert clusters.note.startswith("k is 1 instead of 4") and not labels.any()


def test_rows_too_close_for_float32_leave_a_cluster_empty_with_a_note() -> None:
    points = np.full((40, 2), 1000, np.float32)
    points[:20, 0] = np.nextafter(np.float32(1000), np.float32(2000))
    points[0] = 0
    clusters, _ = fit(rows(points), KMeansSettings(3, 20))  # differences of a millionth in data of size 1,000
    assert clusters.note == "1 of 3 clusters are empty after 20 iterations"
    assert_array_equal(np.sort(clusters.sizes), [0, 1, 39])


def test_clusters_that_stay_empty_are_noted() -> None:
    clusters, _ = fit(rows([0, 1, 2, 3]), KMeansSettings(2, 0, initial=np.array([[0.0], [99.0]])))
    assert clusters.note == "1 of 2 clusters are empty after 0 iterations"
    assert_array_equal(clusters.sizes, [4, 0])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused_with_the_key(bad: float) -> None:
    points = blobs(20)
    points[[6, 3], 5] = bad
    for workers in (1, 2):
        with pytest.raises(InputError, match="the vector of row 3 has NaN or infinity; remove the row"):
            fit_on_workers(points, workers, KMeansSettings(2))


def test_invalid_input_is_refused() -> None:
    with pytest.raises(InputError, match="k is 0; it must be at least 1"):
        fit(rows([1, 2]), KMeansSettings(0))
    with pytest.raises(InputError, match="there are no rows to cluster"):
        fit(Rows(np.empty(0, np.int64), []), KMeansSettings(2))
    with pytest.raises(InputError, match=r"different lengths \(2, 3\)"):
        run_workers(
            2, lambda rank, collective: fit(rows(np.zeros((4, 2 + rank))), KMeansSettings(2), collective)
        )
    with pytest.raises(InputError, match=r"shape \(3, 1\), expected \(2, 1\)"):
        fit(rows([1, 2, 3]), KMeansSettings(2, initial=np.zeros((3, 1))))
    with pytest.raises(InputError, match="initial centroids have NaN"):
        fit(rows([1, 2, 3]), KMeansSettings(1, initial=np.array([[np.nan]])))


def test_nearest_gives_the_values_computed_by_hand() -> None:
    labels, distances = nearest(
        np.array([[0, 0], [3, 4], [6, 8], [3, 5]], np.float32), np.array([[0, 0], [6, 8]], np.float32)
    )
    assert_array_equal(labels[[0, 2, 3]], [0, 1, 1])
    assert_allclose(distances, [0, 5, 0, np.sqrt(18)], rtol=1e-6)


_WORKER = """
import sys
import horovod.tensorflow as hvd
import numpy as np
from coinspark.clustering.kmeans import KMeansSettings, fit
from coinspark.clustering.collective import AllreduceCollective
from tests.clustering.test_kmeans import blobs, rows
hvd.init()
add = lambda values: hvd.allreduce(values, op=hvd.Sum).numpy()
collective = AllreduceCollective(add, hvd.rank(), hvd.size())
own_keys = np.arange(hvd.rank(), 3000, hvd.size())
clusters, _ = fit(rows(blobs()[own_keys], own_keys), KMeansSettings(20, 30, seed=5), collective)
np.savez(f"{sys.argv[1]}/{hvd.rank()}.npz", centroids=clusters.centroids, inertia=clusters.inertia)
"""


@pytest.mark.slow
def test_two_horovod_workers_give_the_same_clusters(tmp_path: Path) -> None:
    (tmp_path / "worker.py").write_text(_WORKER)
    root = Path(__file__).parents[2]
    launch = [sys.executable, "-m", "horovod.runner.launch", "-np", "2", "--gloo"]
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    work = [sys.executable, tmp_path / "worker.py", tmp_path]
    subprocess.run([*launch, *work], check=True, cwd=root, env=environment, timeout=200)
    single, _ = fit(rows(blobs()), KMeansSettings(20, 30, seed=5))
    for rank in range(2):
        with np.load(tmp_path / f"{rank}.npz") as result:
            assert_allclose(result["centroids"], single.centroids, atol=2e-6)
            assert_allclose(result["inertia"], single.inertia, rtol=1e-9)
