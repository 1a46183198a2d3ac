"""Long work in chunks: finished chunks survive a killed driver, and the next run does the rest."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from coinspark.pipeline import scratch
from coinspark.pipeline.stage import Context
from coinspark.warehouse.content import hash_sum
from coinspark.warehouse.files import Location

_BUCKETS = 1024  # a chunk is a range of buckets
_ROWS = "rows"
_NAME = re.compile(r"(?P<first>\d{4})-(?P<last>\d{4})-.+")


@dataclass(frozen=True)
class ChunkedWork:
    """Rows to process in chunks.

    Attributes:
        rows: The rows to process, only with columns that decide the result.
        key: Columns that identify a row; they alone decide its bucket.
        size: Approximate number of rows per chunk.
        version: Identifies everything else that decides the result, such as settings and the version of the
            code; a part of each chunk's name.
        stage: Name of the stage, for the progress line.
        action: What happens to the rows, for the progress line, such as "coins merged".
    """

    rows: DataFrame
    key: Sequence[str]
    size: int
    version: str
    stage: str
    action: str


def run_in_chunks(
    context: Context, work: ChunkedWork, folder: Location, write: Callable[[DataFrame, int, Location], None]
) -> list[str]:
    """Write one Parquet folder per chunk below `folder` and return their URIs.

    A chunk of an earlier run that is complete, from the same rows and version, is not written again; other
    chunks of earlier runs are deleted. The rows are stored first, so that their query runs once and not once
    per chunk.

    Args:
        write: `write(rows, count, path)` processes the rows of a chunk and writes the result to `path`.
    """
    stored = _store_rows(context.spark, work, folder / _ROWS)
    facts = F.count("*").alias("n"), hash_sum(stored).alias("rows_hash")
    buckets = stored.groupBy("bucket").agg(*facts).orderBy("bucket").collect()
    finished = {path.name for path in folder.iterdir() if (path / "_SUCCESS").exists()}
    chunks = _group_buckets(buckets, work, finished)
    scratch.remove_others(folder, {_ROWS, *(_chunk_name(chunk, work.version) for chunk in chunks)})
    total, done, written, began = sum(row["n"] for row in buckets), 0, 0, time.monotonic()
    uris = []
    for number, chunk in enumerate(chunks, start=1):
        path, count = folder / _chunk_name(chunk, work.version), sum(row["n"] for row in chunk)
        done += count
        if path.name not in finished:
            in_chunk = F.col("bucket").between(chunk[0]["bucket"], chunk[-1]["bucket"])
            write(stored.where(in_chunk), count, path)
            written += count
        speed = written / max(time.monotonic() - began, 1e-3)
        progress = f"chunk {number} of {len(chunks)}: {done:,} of {total:,} {work.action}, {speed:,.0f}/s"
        context.say(f"{work.stage:9} {progress}")
        uris.append(path.uri)
    return uris


def count_partitions(spark: SparkSession, rows: int, per_core: int) -> int:
    """Number of partitions for so many rows: `per_core` on each core, and at least 16 rows in each.

    Several partitions per core balance rows of unequal cost; each partition costs about 0.1 s.
    """
    return min(per_core * spark.sparkContext.defaultParallelism, max(rows // 16, 1))


def _store_rows(spark: SparkSession, work: ChunkedWork, path: Location) -> DataFrame:
    """The rows with their `bucket`, written to Parquet and read back."""
    bucket = F.pmod(F.xxhash64(*work.key), F.lit(_BUCKETS)).cast("int")
    work.rows.withColumn("bucket", bucket).write.mode("overwrite").parquet(path.uri)
    return spark.read.parquet(path.uri)


def _group_buckets(
    buckets: Sequence[Row], work: ChunkedWork, finished: Collection[str] = ()
) -> list[list[Row]]:
    """Consecutive buckets as chunks: finished ones whose rows are the same, and others of about `size` rows.

    The finished chunks may be of another size: the number of rows, which decides it, can change between runs.

    Args:
        finished: Names of complete chunks of earlier runs.
    """
    chunk_of: dict[int, str] = {}
    for match in filter(None, map(_NAME.fullmatch, sorted(finished))):
        name, first, last = match[0], int(match["first"]), int(match["last"])
        rows = [row for row in buckets if first <= row["bucket"] <= last]
        is_free = not any(row["bucket"] in chunk_of for row in rows)
        if rows and is_free and _chunk_name(rows, work.version) == name:
            chunk_of |= {row["bucket"]: name for row in rows}
    groups = -(-sum(row["n"] for row in buckets) // work.size)
    per_group = max(_BUCKETS >> max(groups - 1, 0).bit_length(), 1)

    def group(row: Row) -> str | int:
        return chunk_of.get(row["bucket"]) or row["bucket"] // per_group

    return [list(rows) for _, rows in itertools.groupby(buckets, group)]


def _chunk_name(chunk: Sequence[Row], version: str) -> str:
    rows_hash = sum(int(row["rows_hash"]) for row in chunk) % 2**64
    return f"{chunk[0]['bucket']:04d}-{chunk[-1]['bucket']:04d}-{version}-{rows_hash:016x}"
