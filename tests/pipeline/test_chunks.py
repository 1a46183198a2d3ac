"""Chunks: finished ones are used again while their rows and their version are the same, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from coinspark.config import Config
from coinspark.pipeline import chunks
from coinspark.pipeline.chunks import ChunkedWork
from coinspark.pipeline.stage import Context
from coinspark.warehouse.files import Location
from coinspark.warehouse.local_frame import local_frame

COLUMNS = "key string, obverse string, reverse string"


class Killed(BaseException):
    """The end of a driver."""


@pytest.fixture
def context(spark: SparkSession, config: Config, tmp_path: Path) -> Context:
    return Context(spark, config, lambda name: spark.range(0), Location.of(tmp_path), lambda line: None)


def work(context: Context, rows: Sequence[tuple[str | None, ...]], version: str = "v1") -> ChunkedWork:
    frame = local_frame(context.spark, list(rows), COLUMNS)
    return ChunkedWork(frame, ["key"], 4, version, "toy", "rows written")


def run(context: Context, job: ChunkedWork, kill_after: int = 1000) -> tuple[list[set[str]], set[str]]:
    """The keys of each chunk that was written now, and the names of all chunks that were returned."""
    written: list[set[str]] = []

    def write(rows: DataFrame, count: int, path: Location) -> None:
        if len(written) == kill_after:
            raise Killed
        keys = [row["key"] for row in rows.collect()]
        assert len(keys) == count
        written.append(set(keys))
        rows.select("key").write.mode("overwrite").parquet(path.uri)

    try:
        uris = chunks.run_in_chunks(context, job, context.scratch, write)
    except Killed:
        return written, set()
    rows = context.spark.read.parquet(*uris).collect()
    assert sorted(row["key"] for row in rows) == sorted(row["key"] for row in job.rows.collect())
    return written, {uri.rpartition("/")[2] for uri in uris}


def numbered(count: int) -> list[tuple[str | None, ...]]:
    return [(f"c{n}", f"o{n}", f"r{n}") for n in range(count)]


@pytest.mark.slow(seconds=20)
def test_finished_chunks_are_used_again_after_a_row_was_added(context: Context) -> None:
    """16 rows are four chunks, 17 rows would be eight: the finished chunks keep their size."""
    finished, _ = run(context, work(context, numbered(16)), kill_after=3)
    assert len(finished) == 3
    written, names = run(context, work(context, numbered(17)))
    kept = [chunk for chunk in finished if not any(chunk & other for other in written)]
    assert len(kept) >= 2, "the new row changes one chunk at most"
    assert set().union(*written) == {f"c{n}" for n in range(17)} - set().union(*kept)
    assert {path.name for path in context.scratch.iterdir()} == {"rows", *names}
    assert run(context, work(context, numbered(17))) == ([], names)
    # another version: every chunk is written again, and those of the old version are deleted
    written, others = run(context, work(context, numbered(17), "v2"))
    assert set().union(*written) == {f"c{n}" for n in range(17)} and not names & others
    assert {path.name for path in context.scratch.iterdir()} == {"rows", *others}


def test_value_that_moves_to_another_column_changes_its_chunk(context: Context) -> None:
    assert run(context, work(context, [("a", "photo", None)]))[0] == [{"a"}]
    assert run(context, work(context, [("a", None, "photo")]))[0] == [{"a"}]


def bucket(number: int, rows: int = 1, rows_hash: int = 7) -> Row:
    return Row(bucket=number, n=rows, rows_hash=rows_hash)


def test_chunk_without_its_marker_of_success_is_written_again(context: Context) -> None:
    _, (name,) = run(context, work(context, numbered(2)))
    (context.scratch / name / "_SUCCESS").remove()
    assert run(context, work(context, numbered(2)))[0] == [{"c0", "c1"}]


@pytest.mark.parametrize(
    ("finished", "expected"),
    [
        ([], [[0, 100], [300], [600]]),
        (["0000-0300-v-0000000000000015"], [[0, 100, 300], [600]]),  # 3 · 7 = 0x15; larger than a group
        (["0100-0100-v-0000000000000007"], [[0], [100], [300], [600]]),  # smaller
        (["0000-0100-v-000000000000000f"], [[0, 100], [300], [600]]),  # other rows
        (["0000-0300-w-0000000000000015"], [[0, 100], [300], [600]]),  # another version
        (["0000-0100-v-000000000000000e", "0100-0300-v-000000000000000e"], [[0, 100], [300], [600]]),
        (["rows", "0000", "coins.parquet"], [[0, 100], [300], [600]]),
    ],
)
def test_finished_chunks_keep_their_buckets(
    context: Context, finished: list[str], expected: list[list[int]]
) -> None:
    """Four rows in groups of one: 256 of the 1,024 buckets each."""
    buckets = [bucket(number) for number in (0, 100, 300, 600)]
    job = ChunkedWork(context.spark.range(0), ["id"], 1, "v", "toy", "")
    groups = chunks._group_buckets(buckets, job, finished)
    assert [[row["bucket"] for row in group] for group in groups] == expected
