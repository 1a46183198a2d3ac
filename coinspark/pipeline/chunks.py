"""Long work in chunks that stay when the driver dies: the same work finds them again and does the rest."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from coinspark.pipeline.stage import Context

_BUCKETS = 1024  # a chunk is a run of these


@dataclass(frozen=True)
class Work:
    """What is to be done: rows of `todo` by `key`, about `size` a chunk, `mark`ed by all else that decides the outcome.

    `what` is said of a row that is done, as in `ingest    chunk 1 of 4: 20 of 80 coins merged`.
    """

    todo: DataFrame
    key: Sequence[str]
    size: int
    mark: str
    what: tuple[str, str]


def finish(
    context: Context, work: Work, folder: Path, make: Callable[[DataFrame, int, Path], None]
) -> list[str]:
    """Make chunk by chunk into Parquet below `folder`, and return the chunks' places.

    `make(rows, count, place)` writes a chunk. One that stands there whole, of the same rows and mark, is not made again. What
    is to be done is written down first, or every chunk would find it out anew.
    """
    bucket = F.pmod(F.xxhash64(*work.key), F.lit(_BUCKETS)).cast("int")  # by the key alone
    work.todo.withColumn("bucket", bucket).write.mode("overwrite").parquet(_uri(folder / "todo"))
    todo = context.spark.read.parquet(_uri(folder / "todo"))
    rows = F.sum(F.xxhash64(*todo.columns).cast("decimal(38,0)")).alias("rows")
    buckets = todo.groupBy("bucket").agg(F.count("*").alias("n"), rows).orderBy("bucket").collect()
    chunks = _cut(buckets, work.size)
    total, done, made, began = sum(row["n"] for row in buckets), 0, 0, time.monotonic()
    places = []
    for number, chunk in enumerate(chunks, start=1):
        place, n = folder / _name(chunk, work.mark), sum(row["n"] for row in chunk)
        done += n
        if not (place / "_SUCCESS").exists():
            make(todo.where(F.col("bucket").between(chunk[0]["bucket"], chunk[-1]["bucket"])), n, place)
            made += n
        speed = made / max(time.monotonic() - began, 1e-3)
        stage, past = work.what
        context.say(
            f"{stage:9} chunk {number} of {len(chunks)}: {done:,} of {total:,} {past}, {speed:,.0f} a second"
        )
        places.append(_uri(place))
    return places


def partitions(spark: SparkSession, rows: int, a_core: int) -> int:
    """In how many tasks to do so many rows: so many a core, and a task is worth 16 rows at least.

    Several a core even out rows of unequal cost; each costs a tenth of a second or more.
    """
    return min(a_core * spark.sparkContext.defaultParallelism, max(rows // 16, 1))


def _cut(buckets: Sequence[Row], size: int) -> list[list[Row]]:
    """The buckets in order, so many to a chunk that it holds about `size` rows.

    Their number is a power of two, so that a few rows more or less rarely move the others to another chunk.
    """
    wanted = -(-sum(row["n"] for row in buckets) // size)
    each = max(_BUCKETS >> max(wanted - 1, 0).bit_length(), 1)
    return [list(rows) for _, rows in itertools.groupby(buckets, key=lambda row: row["bucket"] // each)]


def _name(chunk: Sequence[Row], mark: str) -> str:
    rows = sum(int(row["rows"]) for row in chunk) % 2**64
    return f"{chunk[0]['bucket']:04d}-{chunk[-1]['bucket']:04d}-{mark}-{rows:016x}"


def _uri(path: Path) -> str:
    return f"file://{path}"
