"""Split units: what stays on one side together."""

from __future__ import annotations

from pyspark.sql import SparkSession

from coinspark.classes.splits.units import components, type_units
from tests.classes.splits.frames import coins_frame


def test_types_linked_by_uncertain_coins_are_one_component() -> None:
    links = [["b", "c"], ["a", "b"], ["x", "y"]]
    assert components(links) == {"a": "a", "b": "a", "c": "a", "x": "x", "y": "x"}


def test_coin_without_type_is_a_unit_of_its_own(spark: SparkSession) -> None:
    coins = coins_frame(
        spark,
        [("a", "original", "Rome", []), ("b", "original", "Rome", []), ("c", "original", "Rome", ["t"])],
    )
    units = {tuple(row) for row in type_units(coins, {}).collect()}
    assert units == {("a", "coin a"), ("b", "coin b"), ("c", "type t")}
