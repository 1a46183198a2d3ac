"""Split units: what stays on one side together."""

from __future__ import annotations

import pytest
from pyspark.sql import DataFrame, SparkSession

from coinspark.classes.splits.shared_photos import describe, shared_photos
from coinspark.classes.splits.units import components, unit_of_coins
from coinspark.core.errors import InputError
from tests.classes.splits.frames import coins_frame

PHOTOS = {"a": ["p", "q"], "b": ["q", "r"], "c": ["s", "r"], "d": ["t", "u"]}
"""a and b share q, b and c share r, on different sides of the coins."""


def units(coins: DataFrame, by: str) -> dict[str, str]:
    rows = unit_of_coins(coins, shared_photos(coins), by).collect()
    unit_of = {row["coin_id"]: row["unit"] for row in rows}
    assert len(unit_of) == len(rows)
    return unit_of


def test_linked_members_are_one_component_named_by_the_shortest_member() -> None:
    links = [["b", "c"], ["a", "b"], ["x", "y"], ["10", "9"], ["9", "100"]]
    groups = {"a": "a", "b": "a", "c": "a", "x": "x", "y": "x", "9": "9", "10": "9", "100": "9"}
    assert components(links) == groups


def test_coins_with_a_common_photo_are_one_unit(spark: SparkSession) -> None:
    coins = coins_frame(spark, [(coin, "original", "Rome", []) for coin in "abcde"], PHOTOS)
    assert units(coins, "coin") == {"a": "a", "b": "a", "c": "a", "d": "d", "e": "e"}


def test_media_of_a_coin_are_one_unit_with_all_their_photos(spark: SparkSession) -> None:
    coins = coins_frame(spark, [("a", "original", "Rome", []), ("e", "original", "Rome", [])])
    plaster = coins_frame(spark, [("a", "plaster", "Rome", [])], {"a": ["x"]})
    copy = coins_frame(spark, [("f", "plaster", "Rome", [])], {"f": ["x"]})
    all_coins = coins.unionAll(plaster).unionAll(copy)
    assert units(all_coins, "coin") == {"a": "a", "e": "e", "f": "a"}


def test_types_of_uncertain_coins_and_of_common_photos_are_one_unit(spark: SparkSession) -> None:
    types = {"a": ["1"], "b": ["2", "3"], "c": [], "d": ["3"], "e": ["4"], "f": ["4"], "g": []}
    coins = coins_frame(spark, [(coin, "original", "Rome", names) for coin, names in types.items()], PHOTOS)
    first = dict.fromkeys("abcd", "coin c")
    assert units(coins, "type") == {**first, "e": "type 4", "f": "type 4", "g": "coin g"}


def test_coins_without_known_photos_are_units_of_their_own(spark: SparkSession) -> None:
    coins = coins_frame(spark, [(coin, "original", "Rome", []) for coin in "ab"])
    unknown = coins.selectExpr("coin_id", "types", "cast(null AS array<string>) AS photo_ids")
    assert units(unknown, "coin") == {"a": "a", "b": "b"}


def test_shared_photos_are_described(spark: SparkSession) -> None:
    coins = coins_frame(spark, [(coin, "original", "Rome", []) for coin in "abcde"], PHOTOS)
    assert describe(shared_photos(coins), coins) == (
        "splits: 2 photos belong to several coins, which stay on one side together; "
        "the most shared one to 2: a, b"
    )
    assert describe(shared_photos(coins.where("coin_id > 'c'")), coins) == ""


@pytest.mark.parametrize(("showing", "coins", "stops"), [(20, 30, False), (21, 30, True), (21, 210, False)])
def test_picture_of_too_many_coins_stops_with_its_file(
    spark: SparkSession, showing: int, coins: int, stops: bool
) -> None:
    file = "named_struct('uri', 'photos/' || coin_id || '{}.jpg', 'size', 1L, 'modified', 1L)"
    frame = spark.range(coins).selectExpr(
        "cast(id + 1000 as string) AS coin_id",
        f"array(id || 'o', if(id < {showing}, 'none', id || 'r')) AS photo_ids",
    )
    frame = frame.selectExpr(
        "*", *(f"{file.format(side)} AS {side}" for side in ("obverse", "reverse")), f"{file} AS merged"
    ).selectExpr("coin_id", "photo_ids", "obverse", "reverse", "if(false, merged, null) AS merged")
    shared = shared_photos(frame)
    if not stops:
        assert f"to {showing}: 1000, 1001, 1002, …" in describe(shared, frame)
        return
    message = "21 of 30 coins show the same photo, such as photos/1000reverse.jpg; .* remove it"
    with pytest.raises(InputError, match=message):
        describe(shared, frame)
