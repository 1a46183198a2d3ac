"""Layer kind `type`: one class per mint and type."""

from __future__ import annotations

from pyspark.sql import SparkSession

from coinspark.classes.kinds import type as type_kind
from coinspark.config import Layer


def test_types_of_different_mints_never_share_a_class(spark: SparkSession) -> None:
    coins = [("A", "B/C"), ("A/B", "C"), ("A\\", "/C"), ("A", "\\/C"), ("A\\/B", "C"), ("A", "")]
    frame = spark.createDataFrame(
        [(str(n), "original", *coin) for n, coin in enumerate(coins)],
        "coin_id string, medium string, mint string, type string",
    )
    rows = type_kind.assign(frame, Layer(name="type", kind="type"), ()).orderBy("coin_id").collect()
    assert [row["class"] for row in rows] == ["A/B/C", "A\\/B/C", "A\\\\//C", "A/\\/C", "A\\\\\\/B/C"]
