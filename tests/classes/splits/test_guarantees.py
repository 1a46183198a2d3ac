"""What every built split guarantees, checked on its rows without the audit."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest
from pyspark.sql import Row, SparkSession

from coinspark.classes.splits.stage import STAGE
from tests.classes.splits.frames import classes_frame, coins_frame, context, random_collection, split


def check(rows: Iterable[Row], photos: Mapping[str, Sequence[str]], folds: int, repeats: int) -> None:
    """Fail if a coin, a photo or a unit is on two sides, or a class lacks a side in a fold."""
    sides, classes, tested = defaultdict(set), defaultdict(set), Counter()
    for row in rows:
        fold, coin = row["fold"], row["coin_id"]
        for what in ("coin " + coin, "unit " + row["unit"], *photos[coin]):
            sides[fold, what].add(row["split"])
        classes[row["layer"], row["class"]].add((fold, row["split"]))
        tested[row["layer"], coin, row["medium"], fold // folds] += row["split"] == "test"
    assert {what for what, own in sides.items() if len(own) > 1} == set()
    every = {(fold, side) for fold in range(folds * repeats) for side in ("train", "test")}
    assert {name: every - own for name, own in classes.items() if every - own} == {}
    if folds > 1:
        assert set(tested.values()) == {1}


@pytest.mark.slow(seconds=12)
def test_folds_of_a_random_collection(spark: SparkSession, tmp_path: Path) -> None:
    coins, classes, photos = random_collection(1)
    settings = {"min_coins": 10, "folds": 4, "repeats": 2}
    rows = split(
        context(spark, tmp_path, coins_frame(spark, coins, photos), classes_frame(spark, classes), **settings)
    )
    check(rows, photos, folds=4, repeats=2)
    coins_of = defaultdict(set)
    for row in rows:
        coins_of[row["layer"], row["class"]].add(row["coin_id"])
    assert min(map(len, coins_of.values())) >= 10
    assert {layer for layer, _ in coins_of} == {"mint", "design", "type"}


@pytest.mark.slow(seconds=12)
def test_types_of_a_random_collection_in_any_row_order(spark: SparkSession, tmp_path: Path) -> None:
    coins, classes, photos = random_collection(2, copies=4)
    classes = [row for row in classes if row[0] != "type"]  # a type is one unit, so it cannot be a class
    settings = {"min_coins": 5, "by": "type"}
    rows = split(
        context(spark, tmp_path, coins_frame(spark, coins, photos), classes_frame(spark, classes), **settings)
    )
    check(rows, photos, folds=1, repeats=1)
    types = {coin: types[0] for coin, _, _, types in coins}
    sides = defaultdict(set)
    for row in rows:
        sides[types[row["coin_id"]]].add(row["split"])
    assert set(map(len, sides.values())) == {1}

    random.Random(4).shuffle(classes)
    random.Random(4).shuffle(coins)
    other_coins = coins_frame(spark, coins, photos).repartition(7)
    other_classes = classes_frame(spark, classes).repartition(5)
    assert split(context(spark, tmp_path, other_coins, other_classes, **settings)) == rows


@pytest.mark.slow(seconds=12)
def test_one_percent_new_coins_move_only_units_of_repaired_classes(
    spark: SparkSession, tmp_path: Path
) -> None:
    """1,000 coins of four mints, with designs of 1 to 70 coins; then 10 more."""
    draw = random.Random(3)
    coins = [(f"c{i}", f"m{i % 4}", f"m{i % 4}/d{int(draw.expovariate(0.3))}") for i in range(1010)]
    built = []
    for n in (1000, 1010):
        classes = [
            (layer, coin, "original", mint, name if layer == "design" else mint, "")
            for coin, mint, name in coins[:n]
            for layer in ("mint", "design")
        ]
        frame = coins_frame(spark, [(coin, "original", mint, []) for coin, mint, _ in coins[:n]])
        tables = STAGE.build(context(spark, tmp_path, frame, classes_frame(spark, classes), min_coins=4))
        built.append([tables[name].collect() for name in ("splits", "moved_units")])  # type: ignore[union-attr]
    (before, moved_before), (after, moved_after) = built
    repaired = {row["unit"] for row in [*moved_before, *moved_after]}
    side_before = {row["unit"]: row["split"] for row in before}
    side_after = {row["unit"]: row["split"] for row in after}
    assert repaired and len(side_before) == 1000 and len(side_after) == 1010
    changed = {unit for unit, side in side_before.items() if side_after[unit] != side}
    assert changed <= repaired
    assert len(changed) < 5
