"""k-means over a DataFrame: however the rows lie and whatever happens to a task, the same clusters."""

from __future__ import annotations

import os
import re
import signal
import struct
from collections.abc import Iterator
from contextlib import closing, suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Listener
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pyspark.sql import DataFrame, SparkSession

from coinspark.clustering import loading, on_spark, select_k, sockets
from coinspark.clustering.blocks import BlockFile, Rows
from coinspark.clustering.collective import ALONE
from coinspark.clustering.kmeans import KMeansSettings, fit
from coinspark.clustering.on_spark import assign, cluster, select_clusters
from coinspark.clustering.select_k import SelectionSettings
from coinspark.clustering.sockets import connect
from coinspark.core.errors import ConfigError, InputError
from tests.clustering.test_kmeans import blobs, together

PLAN = KMeansSettings(8, 15, tol=0)
HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    return blobs(1500, 12, 10, 2)


@pytest.fixture(scope="module")
def coins(spark: SparkSession, points: np.ndarray) -> DataFrame:
    """The points with a key each, as arrays, in 7 partitions."""
    return (
        frame(spark, [(f"coin-{n}", point.tolist()) for n, point in enumerate(points)]).repartition(7).cache()
    )


def frame(spark: SparkSession, made: list[tuple[str, Any]], kind: str = "array<float>") -> DataFrame:
    """Rows of key and vector."""
    return spark.createDataFrame(made, f"key string, vector {kind}")


def test_any_number_of_partitions_and_tasks_gives_the_same_clusters(
    coins: DataFrame, points: np.ndarray
) -> None:
    one = cluster(coins, PLAN, tasks=1)
    for partitions, tasks in ((2, 2), (7, 7)):
        found = cluster(coins.repartition(partitions), PLAN, tasks)
        assert_allclose(found.centroids, one.centroids, atol=2e-6)
        assert_allclose(found.inertia, one.inertia, rtol=1e-9)
        assert_array_equal(found.sizes, one.sizes)
    start = points[:8]
    given = cluster(coins, KMeansSettings(8, 15, tol=0, initial=start))
    bare, _ = fit(Rows(np.arange(len(points)), [points]), KMeansSettings(8, 15, tol=0, initial=start))
    assert_allclose(given.centroids, bare.centroids, atol=2e-6)
    assert_allclose(given.inertia, bare.inertia, rtol=1e-9)


def test_binary_vectors_and_assignments(spark: SparkSession, points: np.ndarray) -> None:
    binary = frame(spark, [(f"coin-{n}", point.tobytes()) for n, point in enumerate(points)], "binary")
    found = cluster(binary, PLAN)
    rows = {row["key"]: row for row in assign(binary, found.centroids).collect()}
    away = np.linalg.norm(points[:, None].astype(float) - found.centroids, axis=2)
    assert [rows[f"coin-{n}"]["cluster"] for n in range(len(points))] == away.argmin(1).tolist()
    assert_allclose([rows[f"coin-{n}"]["distance"] for n in range(len(points))], away.min(1), rtol=1e-5)
    assert_array_equal(np.bincount(away.argmin(1), minlength=8), found.sizes)
    assert found.inertia[-1] == pytest.approx(np.square(away.min(1)).sum(), rel=1e-6)


def test_reduced_rows_in_one_barrier_stage(spark: SparkSession, points: np.ndarray) -> None:
    """What one process makes of the same rows, and the distances of `assign` in the reduced space."""
    made = [(f"coin-{n}", point.tolist(), n % 3 or None) for n, point in enumerate(points)]
    rows = spark.createDataFrame(made, "key string, vector array<float>, before int").repartition(5)
    numbers = (4, 6, 8, 10)
    found = select_clusters(rows, SelectionSettings(PLAN, numbers, components=6))
    assert found.reduction is not None and found.reduction.axes.shape == (12, 6)
    there = found.reduction.apply(points)
    own = np.array([row["n"] for row in rows.selectExpr("key", "xxhash64(key) n").orderBy("n").collect()])
    order = [
        int(row["key"].split("-")[1])
        for row in rows.selectExpr("key", "xxhash64(key) n").orderBy("n").collect()
    ]
    with closing(BlockFile(None)) as store:
        alone = select_k.select_clusters(
            Rows(own, [points[order]]),
            np.array(order) % 3,
            SelectionSettings(PLAN, numbers, components=6),
            ALONE,
            store,
        )
    assert_allclose(found.clusters.centroids, alone.clusters.centroids, atol=1e-4)
    assert_array_equal(found.former_numbers, [1, 2])
    assert_allclose(found.former, [there[1::3].mean(0), there[2::3].mean(0)], atol=1e-5)
    assert_allclose(found.silhouettes, alone.silhouettes, atol=1e-5)
    away = np.linalg.norm(there[:, None] - found.clusters.centroids, axis=2)
    given = {row["key"]: row for row in assign(rows, found.clusters.centroids, found.reduction).collect()}
    assert [given[f"coin-{n}"]["cluster"] for n in range(len(points))] == away.argmin(1).tolist()
    assert_allclose([given[f"coin-{n}"]["distance"] for n in range(len(points))], away.min(1), atol=1e-5)


def test_a_killed_worker_changes_nothing(coins: DataFrame, tmp_path: Path) -> None:
    marker = str(tmp_path / "killed")

    def kill(done: int, inertia: float) -> None:
        if done == 3:
            try:
                os.close(os.open(marker, os.O_CREAT | os.O_EXCL))  # the first task that comes here, once
            except FileExistsError:
                return
            os.kill(os.getpid(), signal.SIGKILL)

    undisturbed = cluster(coins, PLAN)
    disturbed = cluster(coins, PLAN, on_iteration=kill)
    assert (tmp_path / "killed").exists()
    assert disturbed.centroids.tobytes() == undisturbed.centroids.tobytes()
    assert disturbed.inertia == undisturbed.inertia


def test_the_driver_never_holds_the_rows(spark: SparkSession) -> None:
    """16 MB of rows made by the workers, with a driver that takes no more than 1 MB of results."""

    def make(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            made = [
                np.random.default_rng(int(n)).normal(size=512).astype(np.float32).tobytes()
                for n in batch["id"]
            ]
            yield pd.DataFrame({"key": batch["id"].astype(str), "vector": made})

    rows = spark.range(0, 8_000, 1, 8).mapInPandas(make, "key string, vector binary")
    settings = spark.sparkContext._jsc.sc().conf()  # the only way to change it while Spark is up
    settings.set("spark.driver.maxResultSize", "1m")
    try:
        found = cluster(rows, KMeansSettings(4, 1))
    finally:
        settings.set("spark.driver.maxResultSize", "1g")
    assert found.sizes.sum() == 8_000


@pytest.mark.parametrize(
    ("vectors", "kind", "message"),
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
def test_a_task_finds_bad_vectors_by_key(
    vectors: list[Any], kind: pa.DataType, message: str, batches: int
) -> None:
    arrays = [pa.array([1, 2]), pa.array(["a", "b"]), pa.array(vectors, kind)]
    whole = pa.RecordBatch.from_arrays(arrays, ["number", "key", "vector"])
    given = [whole] if batches == 1 else [whole.slice(0, 1), whole.slice(1)]
    with closing(BlockFile(None)) as spool:
        fault = loading.load(given, spool, None).report.fault
    assert re.search(message, fault), fault


@pytest.mark.parametrize("kind", [pa.list_(pa.float32()), pa.binary(), pa.large_binary()])
def test_a_part_of_a_batch_is_read(kind: pa.DataType) -> None:
    vectors = np.arange(10, dtype=np.float32).reshape(5, 2)
    made = vectors.tolist() if pa.types.is_list(kind) else [row.tobytes() for row in vectors]
    batch = pa.RecordBatch.from_arrays([pa.array(list("abcde")), pa.array(made, kind)], ["key", "vector"])
    found = loading.read_vectors(batch.slice(2, 2), 2)
    assert_array_equal(found, vectors[2:4])


@pytest.mark.parametrize(
    ("made", "kind", "message"),
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
def test_bad_rows_are_refused(spark: SparkSession, made: list[Any], kind: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        cluster(frame(spark, made, kind), KMeansSettings(2))


def test_k_too_small_and_k_too_great(spark: SparkSession) -> None:
    few = frame(spark, [(f"{n}", [float(n % 3), 1.0]) for n in range(30)])
    with pytest.raises(InputError, match="k is 0; it must be at least 1"):
        cluster(few, KMeansSettings(0))
    found = cluster(few, KMeansSettings(10))
    assert_array_equal(np.sort(found.centroids[:, 0]), [0, 1, 2])
    assert found.note == "k is 3 instead of 10: there are no more distinct vectors"
    alike = cluster(few.selectExpr("key", "array(float(4), float(2)) AS vector"), KMeansSettings(10))
    assert_array_equal(alike.centroids, [[4, 2]])
    assert_allclose(cluster(few, KMeansSettings(1)).centroids, [[1, 1]])


def test_no_slot_is_said(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    class Empty:
        """A cluster on which nothing can run."""

        def __getattr__(self, name: str) -> Any:
            return lambda *_: {"isLocal": True, "maxNumConcurrentTasks": 0}.get(name, self)

    assert on_spark.slots(spark) == 2
    monkeypatch.setattr(on_spark, "_EXECUTOR_SECONDS", 0)
    monkeypatch.setattr(spark.sparkContext._jsc, "sc", Empty, raising=False)
    with pytest.raises(ConfigError, match="no executor became available"):
        on_spark.slots(spark)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_tasks_meet_over_sockets(size: int) -> None:
    secret = os.urandom(32)

    def work(rank: int, told: Any) -> tuple[float, list[bytes]]:
        with connect(rank, size, HOST, secret) as team:
            return float(team.allreduce(np.array([10.0**rank]))[0]), team.allgather(b"x" * rank)

    for total, heard in together(size, work):
        assert total == sum(10.0**rank for rank in range(size))
        assert heard == [b"x" * rank for rank in range(size)]


def test_a_stranger_does_not_join() -> None:
    secret, tried = os.urandom(32), Event()

    def work(rank: int, _: Any) -> float:
        if rank == 2:
            with pytest.raises((AuthenticationError, ConnectionResetError, EOFError)):
                knock(sockets.ports(secret)[0], b"guess")
            tried.set()
            return 0
        if rank == 1:
            assert tried.wait(60)
        with connect(rank, 2, HOST, secret) as team:
            return float(team.allreduce(np.ones(1))[0])

    assert together(3, work) == [2, 2, 0]


def test_ports_of_others_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that says nothing, one that says something else, and the first task of an attempt that fails just then."""
    monkeypatch.setattr(sockets, "_GREETING_SECONDS", 0.2)
    secret = os.urandom(32)
    silent, other, failed = (Listener((HOST, port)) for port in sockets.ports(secret)[:3])

    def work(rank: int, _: Any) -> float:
        if rank == 2:
            with other.accept() as caller:
                caller.send_bytes(b"welcome to another service")
                return 0
        if rank == 3:
            failed.accept().close()
            return 0
        with connect(rank, 2, HOST, secret) as team:
            return float(team.allreduce(np.ones(1))[0])

    with silent, other, failed:
        assert together(4, work) == [2, 2, 0, 0]


def knock(port: int, secret: bytes) -> None:
    """Connect as soon as somebody listens there."""
    while True:
        with suppress(ConnectionRefusedError), Client((HOST, port), authkey=secret):
            return
