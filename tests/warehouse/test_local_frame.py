"""Frames of rows of the driver: the same as with Spark's own function, and without Python workers."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from pyspark.sql import Row, SparkSession

from coinspark.warehouse.local_frame import local_frame

DDL = (
    "name string, n bigint, share double, score float, ok boolean, jpeg binary, at timestamp, "
    "types array<string>, side struct<uri:string,size:bigint>, "
    "texts array<struct<text:string,language:string>>, counts map<string,int>"
)
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
ROW = (
    "Ἀθηνᾶ",
    2**62 + 1,
    0.1,
    0.25,
    True,
    bytearray(b"\xff\x00"),
    NOON.astimezone(timezone(timedelta(hours=2))),
    ["a", None],
    ("file:a.jpg", 7),
    [{"text": "head r.", "language": None}],
    {"a": 1},
)


def test_rows_are_those_of_create_data_frame(spark: SparkSession) -> None:
    rows = [ROW, (None,) * len(ROW)]
    frame, expected = local_frame(spark, iter(rows), DDL), spark.createDataFrame(rows, DDL)
    assert frame.schema == expected.schema
    assert frame.collect() == expected.collect()
    assert frame.collect()[0]["side"] == Row(uri="file:a.jpg", size=7)


def test_value_that_is_not_a_number_stays_and_is_not_null(spark: SparkSession) -> None:
    nan, null = local_frame(spark, [(math.nan,), (None,)], "x double").collect()
    assert math.isnan(nan["x"]) and null["x"] is None


def test_time_without_zone_is_local_time(spark: SparkSession) -> None:
    local = NOON.astimezone().replace(tzinfo=None)
    (row,) = local_frame(spark, [(local,)], "at timestamp").selectExpr("CAST(at AS STRING) AS at").collect()
    assert row["at"] == "2024-05-01 12:00:00"  # the session's time zone is UTC


def test_no_rows_give_an_empty_frame(spark: SparkSession) -> None:
    empty = local_frame(spark, [], DDL)
    assert empty.schema == spark.createDataFrame([], DDL).schema
    assert empty.collect() == []


def test_frame_is_read_without_a_job(spark: SparkSession) -> None:
    """A job would start Python workers."""
    tracker = spark.sparkContext.statusTracker()
    spark.sparkContext.setJobGroup("local frame", "test")
    try:
        assert local_frame(spark, [("a",), ("b",)], "name string").where("name > 'a'").collect() == [("b",)]
        assert list(tracker.getJobIdsForGroup("local frame")) == []
    finally:
        spark.sparkContext.setLocalProperty("spark.jobGroup.id", None)  # type: ignore[arg-type]


@pytest.mark.parametrize("row", [("a", "b"), ("a",), ("a", 1, 2)])
def test_row_that_does_not_fit_the_columns_is_an_error(spark: SparkSession, row: tuple[object, ...]) -> None:
    with pytest.raises((pa.ArrowException, ValueError)):
        local_frame(spark, [row], "name string, n int")
