"""Clusters of the rows of a DataFrame.

One barrier stage loads the rows and runs all iterations. Its tasks, one per core, write their rows to local
disk, map them in each iteration, and exchange sums over sockets (`sockets.py`), so that memory use does not
grow with the number of rows and the driver receives only the centroids. If a task is lost, Spark starts the
stage again. Rows go to the same tasks in the same order (by a hash of their keys), so the result is the same
to the bit.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyspark import BarrierTaskContext
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from coinspark.clustering import select_k
from coinspark.clustering.blocks import NO_ROWS, Block, BlockFile, Rows
from coinspark.clustering.collective import Collective
from coinspark.clustering.kmeans import Clusters, KMeansSettings, OnIteration, ignore_iteration, nearest
from coinspark.clustering.loading import LoadedRows, Report, combined_fault, load, read_vectors
from coinspark.clustering.pca import Reduction
from coinspark.clustering.select_k import ClusterSelection, SelectionSettings
from coinspark.clustering.sockets import connect
from coinspark.core.errors import ConfigError, InputError

_ANSWER = "fault string, selection binary"
_EXECUTOR_SECONDS = 60  # until an executor must be available
_LOOPBACK = "127.0.0.1"
_ASSIGN_ROWS = 4096  # rows whose nearest centroids are computed at a time


class _Exchange(NamedTuple):
    """How the tasks connect: their secret, and the first task's address if it is not that of its executor."""

    secret: bytes
    host: str | None


def cluster(
    rows: DataFrame,
    settings: KMeansSettings,
    tasks: int | None = None,
    on_iteration: OnIteration = ignore_iteration,
) -> Clusters:
    """Cluster the rows of a DataFrame by k-means.

    Args:
        rows: key: string, unique; vector: array<float>, or binary with little-endian float32.
        tasks: Number of tasks, at most; by default as many as can run at the same time.
        on_iteration: Called in every task.

    Raises:
        InputError: There are no rows, k is below 1, or a vector is missing, not finite or of another length;
            names its key.
        ConfigError: No executor is available, or dynamic allocation is on.
    """
    return select_clusters(rows, SelectionSettings(settings), tasks, on_iteration).clusters


def select_clusters(
    rows: DataFrame,
    settings: SelectionSettings,
    tasks: int | None = None,
    on_iteration: OnIteration = ignore_iteration,
) -> ClusterSelection:
    """Reduce and cluster the rows of a DataFrame, and select k. Loads the rows once for all values of k.

    Args:
        rows: As for `cluster`; optionally before: int, the number of the row's former cluster, or null.
        tasks, on_iteration: As for `cluster`.

    Raises:
        InputError, ConfigError: As `cluster`.
    """
    count = min(tasks or 2**31, slots(rows.sparkSession))
    exchange = _Exchange(secrets.token_bytes(32), _host(rows.sparkSession))

    def run_task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from _run_task(batches, settings, exchange, on_iteration)

    before = [F.col("before").cast("int")] if "before" in rows.columns else []
    numbered = rows.select(F.xxhash64("key").alias("number"), "key", *before, _vector(rows))
    answers = numbered.repartition(count, "number").mapInArrow(run_task, _ANSWER, barrier=True)
    # the shuffle makes Spark restart a failed barrier stage; a stage without rows returns nothing
    received = answers.repartition(1).collect()
    if fault := received[0]["fault"] if received else NO_ROWS:
        raise InputError(fault)
    return ClusterSelection.from_bytes(bytes(received[0]["selection"]))


def assign(rows: DataFrame, centroids: Block, reduction: Reduction | None = None) -> DataFrame:
    """Assign each row to its nearest centroid.

    Args:
        rows: As for `cluster`.
        centroids: float32 (k, width), in the space of `reduction` if there is one.

    Returns:
        key; cluster: int, the index of the nearest centroid; distance: float, in the space of the centroids.
    """
    width = len(reduction.mean) if reduction else centroids.shape[1]

    def assign_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            vectors = read_vectors(batch, width)
            parts = []
            for start in range(0, len(vectors), _ASSIGN_ROWS):
                part = vectors[start : start + _ASSIGN_ROWS]
                parts.append(nearest(reduction.apply(part) if reduction else part, centroids))
            labels, distances = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
            yield pa.RecordBatch.from_arrays(
                [batch.column("key"), pa.array(labels), pa.array(distances)], ["key", "cluster", "distance"]
            )

    return rows.select("key", _vector(rows)).mapInArrow(
        assign_batches, "key string, cluster int, distance float"
    )


def slots(spark: SparkSession) -> int:
    """Number of tasks that can run at the same time.

    Raises:
        ConfigError: No executor is available after a minute, or dynamic allocation is on.
    """
    context = spark.sparkContext._jsc.sc()  # not in the Python API
    if not context.isLocal() and spark.conf.get("spark.dynamicAllocation.enabled", "false") == "true":
        raise ConfigError(
            "spark.dynamicAllocation.enabled: k-means runs in a barrier stage, which Spark refuses with "
            "dynamic allocation; "
            "set it to false and set spark.executor.instances"
        )
    profile = context.resourceProfileManager().defaultResourceProfile()
    until = time.monotonic() + _EXECUTOR_SECONDS
    while not (count := int(context.maxNumConcurrentTasks(profile))):
        if time.monotonic() > until:
            raise ConfigError(
                f"k-means: no executor became available within {_EXECUTOR_SECONDS} seconds; check "
                "spark.executor.cores, "
                "spark.task.cpus and the free machines of the cluster"
            )
        time.sleep(0.5)
    return count


def _host(spark: SparkSession) -> str | None:
    """Address for the exchange of a local session; None on a cluster."""
    return _LOOPBACK if spark.sparkContext._jsc.sc().isLocal() else None


def _vector(rows: DataFrame) -> Column:
    """The column `vector` in a type that `read_vectors` reads."""
    dtype = rows.schema["vector"].dataType.typeName()
    if dtype not in ("array", "binary"):
        raise InputError(f"k-means: the column vector has the type {dtype}, expected array<float> or binary")
    return F.col("vector") if dtype == "binary" else F.col("vector").cast("array<float>").alias("vector")


def _run_task(
    batches: Iterable[pa.RecordBatch],
    settings: SelectionSettings,
    exchange: _Exchange,
    on_iteration: OnIteration,
) -> Iterator[pa.RecordBatch]:
    """Run one task of the barrier stage: connect, load, cluster. Rank 0 yields the answer."""
    context = BarrierTaskContext.get()
    rank = context.partitionId()
    tasks = context.getTaskInfos()
    host = exchange.host or tasks[0].address.split(":")[0]
    folder = os.environ.get("SPARK_LOCAL_DIRS", "").split(",")[0] or None
    with (
        closing(BlockFile(folder)) as vectors,
        closing(BlockFile(folder)) as reduced,
        ExitStack() as connections,
        ThreadPoolExecutor(1) as background,
    ):
        # connect while the rows are loaded: other tasks may start later
        connecting = background.submit(
            connections.enter_context, connect(rank, len(tasks), host, exchange.secret)
        )
        loaded = load(batches, vectors, folder)
        collective = connecting.result()
        fault, selection = _common_fault(loaded, collective), b""
        if not fault:
            rows = Rows(loaded.numbers, vectors, loaded.before)
            try:
                selection = select_k.select_clusters(
                    rows, settings, collective, reduced, on_iteration
                ).to_bytes()
            except InputError as error:  # all tasks raise the same: an answer, not a failure to retry
                fault = str(error)
        if rank == 0:
            yield pa.RecordBatch.from_pydict({"fault": [fault], "selection": [selection]})


def _common_fault(loaded: LoadedRows, collective: Collective) -> str:
    """The fault of any task, the same in all of them; '' if there is none."""
    messages = collective.allgather(json.dumps(loaded.report).encode())
    return combined_fault([Report(*json.loads(message)) for message in messages])
