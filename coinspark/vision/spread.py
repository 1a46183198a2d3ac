"""k-means over the rows of a DataFrame: Spark around `vision/kmeans.py`.

What costs is moving the rows into Python, so that happens once: the tasks of one barrier stage, one a core, write theirs to
their machine's local disk, map them from there round after round, and add up over sockets (`vision/exchange.py`). Memory
stays flat however many rows there are, and the driver sees k centroids. Measured on two busy cores before choosing, a round
without its computing: a job a round over mapped blocks 650 to 750 ms, Spark's allGather in a barrier stage 750 to 1,000 ms,
sockets 3 ms; and a cluster's jobs would not know on which machine the blocks lie. A lost task takes the stage back to its
beginning: the rows come to the same tasks in the same order (by a hash of their keys), so the result is the same to the bit.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark import BarrierTaskContext
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from coinspark.errors import ConfigError, InputError
from coinspark.vision.blocks import NO_ROWS, Block, Rows, Spool, finite
from coinspark.vision.exchange import meet
from coinspark.vision.kmeans import Clusters, Plan, fit, nearest

After = Callable[[int, float], None]
Sample = tuple[str, int, str]
"""What a task says of its rows before all begin: a fault or nothing, their width (0 without rows), the key of one of them."""

_FOUND = pa.schema([("fault", pa.string()), ("note", pa.string()), ("width", pa.int32()), ("centroids", pa.binary()),
                    ("sizes", pa.binary()), ("inertia", pa.binary())])
_MEND = ": leave this row out, or make its features again"
_RANGES = 6  # bits: 64 files, each of which must fit in memory while it is sorted
_PATIENCE = 60  # seconds until executors must be there


def cluster(rows: DataFrame, plan: Plan, tasks: int | None = None, after: After = lambda done, inertia: None) -> Clusters:
    """The clusters of `rows` (key: string, each once; vector: array<float>, or binary with little-endian float32).

    `tasks`: how many share the rows, at most and by default as many as run at the same time; `after` is told rounds done and
    inertia in every task. InputError: no rows, k below 1, a vector missing, NaN, infinite or of another length, by its key.
    """
    together = min(tasks or 2**31, slots(rows.sparkSession))
    secret = secrets.token_bytes(32)

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from _task(batches, plan, secret, after)

    placed = rows.select(F.xxhash64("key").alias("number"), "key", _vector(rows)).repartition(together, "number")
    answered = placed.mapInArrow(work, from_arrow_schema(_FOUND), barrier=True)
    # Spark begins a failed barrier stage anew only where a shuffle follows it; and it leaves one out that has nothing to read
    answers = answered.repartition(1).collect()
    if fault := answers[0]["fault"] if answers else NO_ROWS:
        raise InputError(fault)
    found = answers[0]
    centroids = np.frombuffer(found["centroids"], np.float32).reshape(-1, found["width"])
    return Clusters(centroids, np.frombuffer(found["sizes"], np.int64), tuple(np.frombuffer(found["inertia"]).tolist()),
                    found["note"])


def assign(rows: DataFrame, centroids: Block) -> DataFrame:
    """key → cluster (int, the row of `centroids` (k, width) nearest to its vector) and distance (float); `rows` as above."""
    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            vectors, fault = read(batch, centroids.shape[1])
            if fault:
                raise InputError(fault)
            parts = [nearest(vectors[start:start + 4096], centroids) for start in range(0, len(vectors), 4096)]
            labels, distances = (np.concatenate(each) for each in zip(*parts, strict=True))
            yield pa.RecordBatch.from_arrays([batch.column("key"), pa.array(labels), pa.array(distances)],
                                             ["key", "cluster", "distance"])

    return rows.select("key", _vector(rows)).mapInArrow(work, "key string, cluster int, distance float")


def slots(spark: SparkSession) -> int:
    """How many tasks can run at the same time. ConfigError: none yet after a minute, or their number changes by itself."""
    context = spark.sparkContext._jsc.sc()  # Python has no name for it
    if not context.isLocal() and spark.conf.get("spark.dynamicAllocation.enabled", "false") == "true":
        raise ConfigError("k-means holds its rows in tasks that all run at the same time, which Spark refuses with dynamic "
                          "allocation: set spark.dynamicAllocation.enabled to false and spark.executor.instances")
    until = time.monotonic() + _PATIENCE
    while not (found := int(context.maxNumConcurrentTasks(context.resourceProfileManager().defaultResourceProfile()))):
        if time.monotonic() > until:
            raise ConfigError(f"k-means needs at least one free core, and no executor came within {_PATIENCE} seconds: look at "
                              "spark.executor.cores, spark.task.cpus and the cluster's free machines")
        time.sleep(0.5)
    return found


def _vector(rows: DataFrame) -> Column:
    kind = rows.schema["vector"].dataType.typeName()
    if kind not in ("array", "binary"):
        raise InputError(f"the column vector is {kind}: k-means wants array<float> or binary")
    return F.col("vector") if kind == "binary" else F.col("vector").cast("array<float>").alias("vector")


def _task(batches: Iterable[pa.RecordBatch], plan: Plan, secret: bytes, after: After) -> Iterator[pa.RecordBatch]:
    """One task of the barrier stage, from its rows to the clusters, which the first one gives."""
    context = BarrierTaskContext.get()
    rank, hosts = context.partitionId(), [info.address.split(":")[0] for info in context.getTaskInfos()]
    folder = os.environ.get("SPARK_LOCAL_DIRS", "").split(",")[0] or None
    with closing(Spool(folder)) as spool, ExitStack() as stack, ThreadPoolExecutor(1) as aside:
        # telling the address takes Spark up to a second: meanwhile the rows come in
        coming = aside.submit(stack.enter_context, meet(rank, len(hosts), hosts[0], secret, context.allGather))
        keys, sample = _load(batches, spool, folder)
        team = coming.result()
        fault = _judge([json.loads(message) for message in team.gather(json.dumps(sample).encode())])
        if not fault:
            try:
                found, _ = fit(Rows(keys, spool), plan, team, after)
            except InputError as wrong:  # every task finds the same, so that it is an answer, not a failure to try again
                fault = str(wrong)
        if rank == 0:
            row = {"fault": fault} if fault else {
                "note": found.note, "width": found.centroids.shape[1], "centroids": found.centroids.tobytes(),
                "sizes": found.sizes.tobytes(), "inertia": np.array(found.inertia).tobytes()}
            yield pa.RecordBatch.from_pylist([row], schema=_FOUND)


def _load(batches: Iterable[pa.RecordBatch], spool: Spool, folder: str | None) -> tuple[NDArray[np.int64], Sample]:
    """The rows' numbers (n,), their vectors into the spool, by number, and a sample; after a fault the rest only passes by.

    Rows arrive in any order and may not fit in memory: first into a file for each range of numbers, then each range sorted.
    Spark's own sort of whole rows took half of the loading.
    """
    width, key, fault = 0, "", ""
    with ExitStack() as stack:
        ranges = [stack.enter_context(closing(Spool(folder))) for _ in range(1 << _RANGES)]
        arrived: list[list[NDArray[np.int64]]] = [[] for _ in ranges]
        for batch in batches:
            if fault or not len(batch):
                continue
            vectors, fault = read(batch, width)
            if fault:
                continue
            width, key = vectors.shape[1], key or str(batch.column("key")[0].as_py())
            if not (good := finite(vectors)).all():
                fault = f"the vector of {batch.column('key')[int(good.argmin())].as_py()!r} has NaN or infinity{_MEND}"
            numbers = batch.column("number").to_numpy()
            places = (numbers >> (64 - _RANGES)) + (1 << _RANGES - 1)
            for place in np.unique(places):
                ranges[place].add(vectors[places == place])
                arrived[place].append(numbers[places == place])
        return _sorted(ranges, arrived, spool), (fault, width, key)


def _sorted(ranges: list[Spool], arrived: list[list[NDArray[np.int64]]], spool: Spool) -> NDArray[np.int64]:
    """The numbers (n,) in order, and the vectors into the spool in theirs."""
    found = [np.empty(0, np.int64)]
    for part, numbers in zip(ranges, arrived, strict=True):
        if numbers:
            order = np.argsort(joined := np.concatenate(numbers), kind="stable")
            found.append(joined[order])
            spool.add(np.concatenate(part[:])[order])
            part.close()
    return np.concatenate(found)


def _judge(samples: list[Sample]) -> str:
    """What is wrong in any task, or between two of them; nothing: an empty string."""
    if faults := sorted(fault for fault, _, _ in samples if fault):
        return faults[0]
    seen = {width: key for _, width, key in samples if width}
    return _lengths(*list(seen.items())[:2]) if len(seen) > 1 else ""


def _lengths(one: tuple[int, str], other: tuple[int, str]) -> str:
    return (f"vectors of different lengths: {one[1]!r} has {one[0]} numbers, {other[1]!r} has {other[0]}; "
            "cluster the features of one model at a time")


def read(batch: pa.RecordBatch, width: int) -> tuple[Block, str]:
    """The column `vector` of a batch as float32 (n, width), not copied, or what is wrong with it; width 0: the first one's."""
    keys, vectors = batch.column("key"), batch.column("vector")
    nothing = np.empty((0, width), np.float32)
    if vectors.null_count:
        return nothing, f"the vector of {keys[vectors.is_null().index(True).as_py()].as_py()!r} is missing{_MEND}"
    if pa.types.is_large_binary(vectors.type):  # as spark.sql.execution.arrow.useLargeVarTypes asks for
        vectors = vectors.cast(pa.binary())
    if pa.types.is_binary(vectors.type):
        offsets = np.frombuffer(vectors.buffers()[1], np.int32, len(vectors) + 1, 4 * vectors.offset)
        sizes = np.diff(offsets) / 4
        flat = np.frombuffer(vectors.buffers()[2] or b"", np.uint8)[offsets[0]:offsets[-1]]
    else:
        sizes = np.diff(vectors.offsets.to_numpy())
        flat = vectors.flatten().to_numpy(zero_copy_only=False)  # a null among the numbers becomes NaN
    if (torn := sizes % 1 > 0).any():
        return nothing, f"the vector of {keys[int(torn.argmax())].as_py()!r} ends within a float32 of 4 bytes{_MEND}"
    width = width or int(sizes[0])
    if (other := sizes != width).any():
        at = int(other.argmax())
        same = keys[int((~other).argmax())].as_py() if not other.all() else "an earlier one"
        return nothing, _lengths((width, same), (int(sizes[at]), keys[at].as_py()))
    if not width:
        return nothing, f"the vector of {keys[0].as_py()!r} is empty{_MEND}"
    return flat.view(np.float32).reshape(-1, width), ""
