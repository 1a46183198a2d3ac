"""k-means over a DataFrame: partitioning, killed tasks and invalid input."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pyspark.sql import DataFrame, SparkSession

from coinspark.clustering import loading, on_spark, select_k
from coinspark.clustering.blocks import BlockFile, Rows
from coinspark.clustering.collective import ALONE
from coinspark.clustering.kmeans import KMeansSettings, fit
from coinspark.clustering.on_spark import assign, cluster, select_clusters
from coinspark.clustering.select_k import SelectionSettings
from coinspark.core.errors import ConfigError, InputError
from coinspark.warehouse.local_frame import local_frame
from tests.clustering.kills import kill_once
from tests.clustering.test_kmeans import blobs

SETTINGS = KMeansSettings(8, 15, tol=0)


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    return blobs(1500, 12, 10, 2)


@pytest.fixture(scope="module")
def coins(spark: SparkSession, points: np.ndarray) -> DataFrame:
    """The points with keys, as arrays, in 7 partitions."""
    return (
        frame(spark, [(f"coin-{n}", point.tolist()) for n, point in enumerate(points)]).repartition(7).cache()
    )


def frame(spark: SparkSession, values: list[tuple[str, Any]], dtype: str = "array<float>") -> DataFrame:
    """A DataFrame of key and vector."""
    return local_frame(spark, values, f"key string, vector {dtype}")


def test_clusters_do_not_depend_on_partitions_and_tasks(coins: DataFrame, points: np.ndarray) -> None:
    single = cluster(coins, SETTINGS, tasks=1)
    for partitions, tasks in ((2, 2), (7, 7)):
        clusters = cluster(coins.repartition(partitions), SETTINGS, tasks)
        assert_allclose(clusters.centroids, single.centroids, atol=2e-6)
        assert_allclose(clusters.inertia, single.inertia, rtol=1e-9)
        assert_array_equal(clusters.sizes, single.sizes)
    start = points[:8]
    on_spark_clusters = cluster(coins, KMeansSettings(8, 15, tol=0, initial=start))
    core_clusters, _ = fit(
        Rows(np.arange(len(points)), [points]), KMeansSettings(8, 15, tol=0, initial=start)
    )
    assert_allclose(on_spark_clusters.centroids, core_clusters.centroids, atol=2e-6)
    assert_allclose(on_spark_clusters.inertia, core_clusters.inertia, rtol=1e-9)


def test_assign_gives_the_nearest_centroid_of_binary_vectors(spark: SparkSession, points: np.ndarray) -> None:
    binary = frame(spark, [(f"coin-{n}", point.tobytes()) for n, point in enumerate(points)], "binary")
    clusters = cluster(binary, SETTINGS)
    rows = {row["key"]: row for row in assign(binary, clusters.centroids).collect()}
    distances = np.linalg.norm(points[:, None].astype(float) - clusters.centroids, axis=2)
    assert [rows[f"coin-{n}"]["cluster"] for n in range(len(points))] == distances.argmin(1).tolist()
    assert_allclose([rows[f"coin-{n}"]["distance"] for n in range(len(points))], distances.min(1), rtol=1e-5)
    assert_array_equal(np.bincount(distances.argmin(1), minlength=8), clusters.sizes)
    assert clusters.inertia[-1] == pytest.approx(np.square(distances.min(1)).sum(), rel=1e-6)


def test_select_clusters_gives_the_selection_of_one_process(spark: SparkSession, points: np.ndarray) -> None:
    """And `assign` gives distances in the reduced space."""
    values = [(f"coin-{n}", point.tolist(), n % 3 or None) for n, point in enumerate(points)]
    rows = local_frame(spark, values, "key string, vector array<float>, before int").repartition(5)
    ks = (4, 6, 8, 10)
    selection = select_clusters(rows, SelectionSettings(SETTINGS, ks, components=6))
    assert selection.reduction is not None and selection.reduction.axes.shape == (12, 6)
    reduced = selection.reduction.apply(points)
    own = np.array([row["n"] for row in rows.selectExpr("key", "xxhash64(key) n").orderBy("n").collect()])
    order = [
        int(row["key"].split("-")[1])
        for row in rows.selectExpr("key", "xxhash64(key) n").orderBy("n").collect()
    ]
    with closing(BlockFile(None)) as store:
        expected = select_k.select_clusters(
            Rows(own, [points[order]], np.array(order) % 3),
            SelectionSettings(SETTINGS, ks, components=6),
            ALONE,
            store,
        )
    assert_allclose(selection.clusters.centroids, expected.clusters.centroids, atol=1e-4)
    assert_array_equal(selection.former_numbers, [1, 2])
    assert_allclose(selection.former, [reduced[1::3].mean(0), reduced[2::3].mean(0)], atol=1e-5)
    assert_allclose(selection.silhouettes, expected.silhouettes, atol=1e-5)
    distances = np.linalg.norm(reduced[:, None] - selection.clusters.centroids, axis=2)
    assigned = {
        row["key"]: row for row in assign(rows, selection.clusters.centroids, selection.reduction).collect()
    }
    assert [assigned[f"coin-{n}"]["cluster"] for n in range(len(points))] == distances.argmin(1).tolist()
    assert_allclose(
        [assigned[f"coin-{n}"]["distance"] for n in range(len(points))], distances.min(1), atol=1e-5
    )


@pytest.mark.fault(1)
def test_killed_worker_does_not_change_the_result(coins: DataFrame, tmp_path: Path) -> None:
    kill = kill_once(tmp_path / "killed", iteration=3)
    undisturbed = cluster(coins, SETTINGS)
    disturbed = cluster(coins, SETTINGS, on_iteration=kill)
    assert (tmp_path / "killed").exists()
    assert disturbed.centroids.tobytes() == undisturbed.centroids.tobytes()
    assert disturbed.inertia == undisturbed.inertia


def test_driver_does_not_receive_the_rows(spark: SparkSession) -> None:
    """16 MB of rows, generated in the workers, with a limit of 1 MB for results on the driver."""

    def make(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            values = [
                np.random.default_rng(int(n)).normal(size=512).astype(np.float32).tobytes()
                for n in batch["id"]
            ]
            yield pd.DataFrame({"key": batch["id"].astype(str), "vector": values})

    rows = spark.range(0, 8_000, 1, 8).mapInPandas(make, "key string, vector binary")
    settings = spark.sparkContext._jsc.sc().conf()  # the only way to change it in a running session
    settings.set("spark.driver.maxResultSize", "1m")
    try:
        clusters = cluster(rows, KMeansSettings(4, 1))
    finally:
        settings.set("spark.driver.maxResultSize", "1g")
    assert clusters.sizes.sum() == 8_000


@pytest.mark.parametrize(
    ("vectors", "dtype", "message"),
    [
        (
            [[1, 2], [1, np.nan]],
            pa.list_(pa.float32()),
            "the vector of 'b' has NaN or infinity: remove this row",
        ),
        ([[1, -np.inf], [1, 2]], pa.list_(pa.float32()), "the vector of 'a' has NaN or infinity"),
        ([[1, 2], [None, 1]], pa.list_(pa.float32()), "the vector of 'b' has NaN or infinity"),
        ([[1, 2], None], pa.list_(pa.float32()), "the vector of 'b' is missing: remove this row"),
        ([[], []], pa.list_(pa.float32()), "the vector of 'a' is empty"),
        (
            [[1, 2], [1]],
            pa.list_(pa.float32()),
            "different lengths: .* has 2 numbers, 'b' has 1; cluster the",
        ),
        ([b"12345678", b"123456"], pa.binary(), "the vector of 'b' is not a whole number"),
        ([b"12345678", struct.pack("<2f", 1, np.inf)], pa.binary(), "the vector of 'b' has NaN or infinity"),
        ([b"123456", b"123456"], pa.binary(), "the vector of 'a' is not a whole number of 4-byte floats"),
        ([b"", b""], pa.binary(), "the vector of 'a' is empty"),
    ],
)
@pytest.mark.parametrize("batches", [1, 2])
def test_invalid_vectors_are_reported_with_their_key(
    vectors: list[Any], dtype: pa.DataType, message: str, batches: int
) -> None:
    arrays = [pa.array([1, 2]), pa.array(["a", "b"]), pa.array(vectors, dtype)]
    batch = pa.RecordBatch.from_arrays(arrays, ["number", "key", "vector"])
    record_batches = [batch] if batches == 1 else [batch.slice(0, 1), batch.slice(1)]
    with closing(BlockFile(None)) as file:
        fault = loading.load(record_batches, file, None).report.fault
    assert re.search(message, fault), fault


@pytest.mark.parametrize("dtype", [pa.list_(pa.float32()), pa.binary(), pa.large_binary()])
def test_slice_of_a_batch_is_read(dtype: pa.DataType) -> None:
    vectors = np.arange(10, dtype=np.float32).reshape(5, 2)
    values = vectors.tolist() if pa.types.is_list(dtype) else [row.tobytes() for row in vectors]
    batch = pa.RecordBatch.from_arrays([pa.array(list("abcde")), pa.array(values, dtype)], ["key", "vector"])
    clusters = loading.read_vectors(batch.slice(2, 2), 2)
    assert_array_equal(clusters, vectors[2:4])


@pytest.mark.parametrize(
    ("values", "dtype", "message"),
    [
        (
            [(f"{n}", [1.0] * (2 + (n == 7))) for n in range(20)],
            "array<float>",
            "different lengths: .*'7' has 3",
        ),
        (
            [(f"{n}", [1.0, np.nan if n == 3 else 0.0]) for n in range(20)],
            "array<double>",
            "the vector of '3' has NaN",
        ),
        ([], "binary", "there are no rows to cluster"),
        ([("a", "1 2")], "string", "the column vector has the type string, expected array<float> or binary"),
    ],
)
def test_invalid_rows_are_refused(spark: SparkSession, values: list[Any], dtype: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        cluster(frame(spark, values, dtype), KMeansSettings(2))


def test_k_of_0_is_refused_and_k_above_the_distinct_vectors_is_reduced(spark: SparkSession) -> None:
    few = frame(spark, [(f"{n}", [float(n % 3), 1.0]) for n in range(30)])
    with pytest.raises(InputError, match="k is 0; it must be at least 1"):
        cluster(few, KMeansSettings(0))
    clusters = cluster(few, KMeansSettings(10))
    assert_array_equal(np.sort(clusters.centroids[:, 0]), [0, 1, 2])
    assert clusters.note == "k is 3 instead of 10: there are no more distinct vectors"
    alike = cluster(few.selectExpr("key", "array(float(4), float(2)) AS vector"), KMeansSettings(10))
    assert_array_equal(alike.centroids, [[4, 2]])
    assert_allclose(cluster(few, KMeansSettings(1)).centroids, [[1, 1]])


def test_missing_executor_is_reported(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    class Empty:
        """A Spark cluster without executors."""

        def __getattr__(self, name: str) -> Any:
            return lambda *_: {"isLocal": True, "maxNumConcurrentTasks": 0}.get(name, self)

    assert on_spark.slots(spark) == 2
    monkeypatch.setattr(on_spark, "_EXECUTOR_SECONDS", 0)
    monkeypatch.setattr(spark.sparkContext._jsc, "sc", Empty, raising=False)
    with pytest.raises(ConfigError, match="no executor became available"):
        on_spark.slots(spark)
