"""Content hashes tell rows apart that differ in nulls or in the boundaries of arrays, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import SparkSession

from coinspark.warehouse import schemas
from coinspark.warehouse.content import content_hash, row_hash
from coinspark.warehouse.local_frame import local_frame

PHOTO = ("file:///a.jpg", 1, 2)


@pytest.mark.parametrize(
    ("ddl", "row", "other"),
    [
        ("a string, b string", (None, "x"), ("x", None)),
        ("a string, b string", ("", None), (None, "")),
        ("a string, b string", ("ab", "c"), ("a", "bc")),
        ("a array<string>", ([],), (None,)),
        ("a array<string>", ([None],), ([],)),
        ("a array<string>", ([None, "x"],), (["x", None],)),
        ("a array<string>", (["x", "y"],), (["y", "x"],)),
        ("a array<string>, b array<string>", (["x", "y"], ["z"]), (["x"], ["y", "z"])),
        ("a array<array<int>>", ([[1, 2], [3]],), ([[1], [2, 3]],)),
        ("a array<struct<b:string,c:string>>", ([("x", None)],), ([(None, "x")],)),
        ("a struct<b:string>", (None,), ((None,),)),
        ("a array<float>", ([1.0, 2.0],), ([1.0, 3.0],)),
        ("a array<float>", ([1.0, None],), ([1.0],)),
        ("a int, b int", (1, 0), (0, 1)),
        ("a boolean", (False,), (None,)),
        ("a binary", (b"",), (None,)),
        (f"obverse {schemas.PHOTO}, reverse {schemas.PHOTO}", (PHOTO, None), (None, PHOTO)),
    ],
)
def test_different_rows_have_different_hashes(spark: SparkSession, ddl: str, row: Any, other: Any) -> None:
    frame = local_frame(spark, [row, other], ddl)
    first, second = frame.select(row_hash(frame).alias("hash")).collect()
    assert first["hash"] != second["hash"]


def test_each_nested_value_counts(spark: SparkSession) -> None:
    """Every leaf of a row of `coins`, set to null one at a time, changes the hash."""
    text = ("obverse", "en", "Zeus", "t1")
    whole = ["1", "original", "Rome", ["RIC 1"], "s", "CC0", PHOTO, PHOTO, PHOTO, [text], "i1", ["p1"]]
    rows = [tuple(whole)]
    for position, value in enumerate(whole):
        rows.append(tuple(None if index == position else item for index, item in enumerate(whole)))
        if isinstance(value, tuple):
            for leaf in range(len(value)):
                part = tuple(None if index == leaf else item for index, item in enumerate(value))
                rows.append((*whole[:position], part, *whole[position + 1 :]))
    frame = local_frame(spark, rows, schemas.COINS.ddl)
    hashes = {row["hash"] for row in frame.select(row_hash(frame).alias("hash")).collect()}
    assert len(hashes) == len(rows) == 1 + 12 + 9


def test_order_and_partitions_do_not_count(spark: SparkSession) -> None:
    rows = [("1", "Rome"), ("2", "Ostia"), ("3", None)]
    whole = content_hash(local_frame(spark, rows, "id string, mint string").repartition(3))
    assert whole == content_hash(local_frame(spark, rows[::-1], "id string, mint string").coalesce(1))
    assert whole.startswith("3-")
    assert whole != content_hash(local_frame(spark, rows[:2], "id string, mint string"))
    assert content_hash(local_frame(spark, [], "id string")) == "0-0000000000000000"


def test_every_row_counts(spark: SparkSession) -> None:
    """Each frame lacks another one of the rows, or has it twice in place of the first."""
    rows = [(str(number),) for number in range(4)]
    frames = [rows, *([row for row in rows if row != other] for other in rows)]
    frames += [[row if row != rows[0] else other for row in rows] for other in rows[1:]]
    hashes = [content_hash(local_frame(spark, frame, "a string")) for frame in frames]
    assert len(set(hashes)) == len(frames) == 8
