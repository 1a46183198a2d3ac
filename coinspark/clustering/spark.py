"""Clusters of the rows of a DataFrame: Spark around `vision/division.py` and `vision/kmeans.py`.

What costs is moving the rows into Python, so that happens once: the tasks of one barrier stage, one a core, write theirs to
their machine's local disk, map them from there round after round, and add up over sockets (`vision/exchange.py`). Memory
stays flat however many rows there are, and the driver sees k centroids. Measured on two busy cores before choosing, a round
without its computing: a job a round over mapped blocks 650 to 750 ms, Spark's allGather in a barrier stage 750 to 1,000 ms,
sockets 3 ms; and a cluster's jobs would not know on which machine the blocks lie. A lost task takes the stage back to its
beginning: the rows come to the same tasks in the same order (by a hash of their keys), so the result is the same to the bit.
"""

from __future__ import annotations

import io
import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark import BarrierTaskContext
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from coinspark.clustering.blocks import NO_ROWS, Block, Rows, Spool
from coinspark.clustering.kmeans import Clusters, Plan, nearest
from coinspark.clustering.loading import judge, load, read
from coinspark.clustering.pca import Reduction
from coinspark.clustering.select_k import After, Asked, Division, divide
from coinspark.clustering.sockets import meet
from coinspark.core.errors import ConfigError, InputError

_FOUND = "fault string, division binary"
_PATIENCE = 60  # seconds until executors must be there


def cluster(
    rows: DataFrame, plan: Plan, tasks: int | None = None, after: After = lambda done, inertia: None
) -> Clusters:
    """The clusters of `rows` (key: string, each once; vector: array<float>, or binary with little-endian float32).

    `tasks`: how many share the rows, at most and by default as many as run at the same time; `after` is told rounds done and
    inertia in every task. InputError: no rows, k below 1, a vector missing, NaN, infinite or of another length, by its key.
    """
    return split(rows, Asked(plan), tasks, after).clusters


def split(
    rows: DataFrame, asked: Asked, tasks: int | None = None, after: After = lambda done, inertia: None
) -> Division:
    """The division of `rows`, which are as for `cluster` and may say in `before` (int, null: none) where a row stood before.

    Reduction, seeds and clusters for every number that is tried come from one barrier stage: the rows are loaded once.
    """
    together = min(tasks or 2**31, slots(rows.sparkSession))
    secret = secrets.token_bytes(32)

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from _task(batches, asked, secret, after)

    more = [F.col("before").cast("int")] if "before" in rows.columns else []
    placed = rows.select(F.xxhash64("key").alias("number"), "key", *more, _vector(rows)).repartition(
        together, "number"
    )
    answered = placed.mapInArrow(work, _FOUND, barrier=True)
    # Spark begins a failed barrier stage anew only where a shuffle follows it; and it leaves one out that has nothing to read
    answers = answered.repartition(1).collect()
    if fault := answers[0]["fault"] if answers else NO_ROWS:
        raise InputError(fault)
    return _unpacked(bytes(answers[0]["division"]))


def assign(rows: DataFrame, centroids: Block, reduction: Reduction | None = None) -> DataFrame:
    """key → cluster (int, the row of `centroids` (k, width) nearest to its vector) and distance (float); `rows` as above.

    With a `reduction` the centroids are in its space, and so is the distance.
    """
    width = len(reduction.mean) if reduction else centroids.shape[1]

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            vectors, fault = read(batch, width)
            if fault:
                raise InputError(fault)
            parts = [
                nearest(reduction.apply(piece) if reduction else piece, centroids)
                for piece in (vectors[start : start + 4096] for start in range(0, len(vectors), 4096))
            ]
            labels, distances = (np.concatenate(each) for each in zip(*parts, strict=True))
            yield pa.RecordBatch.from_arrays(
                [batch.column("key"), pa.array(labels), pa.array(distances)], ["key", "cluster", "distance"]
            )

    return rows.select("key", _vector(rows)).mapInArrow(work, "key string, cluster int, distance float")


def slots(spark: SparkSession) -> int:
    """How many tasks can run at the same time. ConfigError: none yet after a minute, or their number changes by itself."""
    context = spark.sparkContext._jsc.sc()  # Python has no name for it
    if not context.isLocal() and spark.conf.get("spark.dynamicAllocation.enabled", "false") == "true":
        raise ConfigError(
            "k-means holds its rows in tasks that all run at the same time, which Spark refuses with dynamic "
            "allocation: set spark.dynamicAllocation.enabled to false and spark.executor.instances"
        )
    until = time.monotonic() + _PATIENCE
    while not (
        found := int(context.maxNumConcurrentTasks(context.resourceProfileManager().defaultResourceProfile()))
    ):
        if time.monotonic() > until:
            raise ConfigError(
                f"k-means needs at least one free core, and no executor came within {_PATIENCE} seconds: look at "
                "spark.executor.cores, spark.task.cpus and the cluster's free machines"
            )
        time.sleep(0.5)
    return found


def _vector(rows: DataFrame) -> Column:
    kind = rows.schema["vector"].dataType.typeName()
    if kind not in ("array", "binary"):
        raise InputError(f"the column vector is {kind}: k-means wants array<float> or binary")
    return F.col("vector") if kind == "binary" else F.col("vector").cast("array<float>").alias("vector")


def _task(
    batches: Iterable[pa.RecordBatch], asked: Asked, secret: bytes, after: After
) -> Iterator[pa.RecordBatch]:
    """One task of the barrier stage, from its rows to the division, which the first one gives."""
    context = BarrierTaskContext.get()
    rank, hosts = context.partitionId(), [info.address.split(":")[0] for info in context.getTaskInfos()]
    folder = os.environ.get("SPARK_LOCAL_DIRS", "").split(",")[0] or None
    with (
        closing(Spool(folder)) as spool,
        closing(Spool(folder)) as store,
        ExitStack() as stack,
        ThreadPoolExecutor(1) as aside,
    ):
        # the others may come late: meanwhile the rows come in
        coming = aside.submit(stack.enter_context, meet(rank, len(hosts), hosts[0], secret))
        keys, before, sample = load(batches, spool, folder)
        team = coming.result()
        fault, packed = (
            judge([json.loads(message) for message in team.gather(json.dumps(sample).encode())]),
            b"",
        )
        if not fault:
            try:
                packed = _packed(divide(Rows(keys, spool), before, asked, team, store, after))
            except (
                InputError
            ) as wrong:  # every task finds the same, so that it is an answer, not a failure to try again
                fault = str(wrong)
        if rank == 0:
            yield pa.RecordBatch.from_pydict({"fault": [fault], "division": [packed]})


def _packed(found: Division) -> bytes:
    """A division as named arrays, which no reader has to unpickle."""
    held: dict[str, Any] = {
        "centroids": found.clusters.centroids,
        "sizes": found.clusters.sizes,
        "inertia": found.clusters.inertia,
        "note": found.clusters.note,
        "former": found.former,
        "known": found.known,
        "silhouettes": np.array(found.silhouettes, np.float64).reshape(-1, 2),
    }
    if found.reduction:
        held |= {"mean": found.reduction.mean, "axes": found.reduction.axes}
    np.savez(packed := io.BytesIO(), **{name: np.asarray(values) for name, values in held.items()})
    return packed.getvalue()


def _unpacked(packed: bytes) -> Division:
    with np.load(io.BytesIO(packed), allow_pickle=False) as held:
        clusters = Clusters(
            held["centroids"], held["sizes"], tuple(held["inertia"].tolist()), str(held["note"])
        )
        reduction = Reduction(held["mean"], held["axes"]) if "mean" in held.files else None
        tried = tuple((int(k), float(value)) for k, value in held["silhouettes"])
        return Division(clusters, reduction, held["former"], held["known"], tried)
