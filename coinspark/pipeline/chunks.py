"""Long work in chunks: finished chunks survive a killed driver, and the next run does the rest."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from coinspark.pipeline.stage import Context

_BUCKETS = 1024  # a chunk is a range of buckets


@dataclass(frozen=True)
class ChunkedWork:
    """Rows to process in chunks.

    Attributes:
        rows: The rows to process.
        key: Columns that identify a row; they alone decide its chunk.
        size: Approximate number of rows per chunk.
        version: Identifies everything else that decides the result, such as settings; a part of each chunk's
            name.
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
    context: Context, work: ChunkedWork, folder: Path, write: Callable[[DataFrame, int, Path], None]
) -> list[str]:
    """Write one Parquet folder per chunk below `folder` and return their URIs.

    A chunk that is complete, from the same rows and version, is not written again. The rows are stored first,
    so that their query runs once and not once per chunk.

    Args:
        write: `write(rows, count, path)` processes the rows of a chunk and writes the result to `path`.
    """
    stored = _store_rows(context.spark, work, folder / "rows")
    rows_hash = F.sum(F.xxhash64(*stored.columns).cast("decimal(38,0)")).alias("rows_hash")
    buckets = stored.groupBy("bucket").agg(F.count("*").alias("n"), rows_hash).orderBy("bucket").collect()
    chunks = _group_buckets(buckets, work.size)
    total, done, written, began = sum(row["n"] for row in buckets), 0, 0, time.monotonic()
    uris = []
    for number, chunk in enumerate(chunks, start=1):
        path, count = folder / _chunk_name(chunk, work.version), sum(row["n"] for row in chunk)
        done += count
        if not (path / "_SUCCESS").exists():
            in_chunk = F.col("bucket").between(chunk[0]["bucket"], chunk[-1]["bucket"])
            write(stored.where(in_chunk), count, path)
            written += count
        speed = written / max(time.monotonic() - began, 1e-3)
        progress = f"chunk {number} of {len(chunks)}: {done:,} of {total:,} {work.action}, {speed:,.0f}/s"
        context.say(f"{work.stage:9} {progress}")
        uris.append(_uri(path))
    return uris


def count_partitions(spark: SparkSession, rows: int, per_core: int) -> int:
    """Number of partitions for so many rows: `per_core` on each core, and at least 16 rows in each.

    Several partitions per core balance rows of unequal cost; each partition costs about 0.1 s.
    """
    return min(per_core * spark.sparkContext.defaultParallelism, max(rows // 16, 1))


def _store_rows(spark: SparkSession, work: ChunkedWork, path: Path) -> DataFrame:
    """The rows with their `bucket`, written to Parquet and read back."""
    bucket = F.pmod(F.xxhash64(*work.key), F.lit(_BUCKETS)).cast("int")
    work.rows.withColumn("bucket", bucket).write.mode("overwrite").parquet(_uri(path))
    return spark.read.parquet(_uri(path))


def _group_buckets(buckets: Sequence[Row], size: int) -> list[list[Row]]:
    """Consecutive buckets in groups of about `size` rows.

    The number of groups is a power of two, so that a few rows more or less rarely move other rows to another
    chunk.
    """
    groups = -(-sum(row["n"] for row in buckets) // size)
    per_group = max(_BUCKETS >> max(groups - 1, 0).bit_length(), 1)
    return [list(rows) for _, rows in itertools.groupby(buckets, key=lambda row: row["bucket"] // per_group)]


def _chunk_name(chunk: Sequence[Row], version: str) -> str:
    rows_hash = sum(int(row["rows_hash"]) for row in chunk) % 2**64
    return f"{chunk[0]['bucket']:04d}-{chunk[-1]['bucket']:04d}-{version}-{rows_hash:016x}"


def _uri(path: Path) -> str:
    return f"file://{path}"
