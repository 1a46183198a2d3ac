"""Sides of coins: exact shares, whole units, folds, and independence of row order."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import Literal

import pytest
from pyspark.sql import SparkSession

from coinspark.classes.splits.audit import audit
from coinspark.classes.splits.sides import assign_sides
from coinspark.config import Splits
from coinspark.warehouse.schemas import SPLITS
from tests.classes.splits.frames import classes_frame, coins_frame, random_collection, split


def test_shares_are_exact_in_a_mint_and_within_one_in_a_class(spark: SparkSession) -> None:
    names = ["Pergamon"] * 40 + ["Pergamon/owl"] * 33 + ["Pergamon/Zeus"] * 27
    coins = coins_frame(spark, [(f"c{i}", "original", "Pergamon", []) for i in range(100)])
    classes = [
        (layer, f"c{i}", "original", "Pergamon", name if layer == "design" else "Pergamon", "")
        for i, name in enumerate(names)
        for layer in ("mint", "design")
    ]
    rows = split(coins, classes_frame(spark, classes), Splits())
    assert Counter(row[6] for row in rows if row[0] == "mint") == {"test": 20, "validation": 10, "train": 70}
    sides = defaultdict(Counter)
    for row in rows:
        if row[0] == "design":
            sides[row[5]][row[6]] += 1
    for name, n in Counter(names).items():
        assert abs(sides[name]["test"] - n * 0.2) < 1 and abs(sides[name]["validation"] - n * 0.1) <= 1


def test_all_media_of_a_coin_are_on_one_side(spark: SparkSession) -> None:
    pairs = [(f"c{i}", medium) for i in range(60) for medium in ("original", "plaster")]
    coins = coins_frame(spark, [(coin, medium, "Rome", []) for coin, medium in pairs])
    rows = split(
        coins, classes_frame(spark, [("mint", c, m, "Rome", "Rome", "") for c, m in pairs]), Splits()
    )
    assert len(rows) == 120
    sides = defaultdict(set)
    for row in rows:
        sides[row[2]].add(row[6])
    assert all(len(side) == 1 for side in sides.values())
    assert Counter(row[6] for row in rows) == {"test": 24, "validation": 12, "train": 84}


def test_by_type_keeps_types_whole_even_if_a_coin_links_two(spark: SparkSession) -> None:
    coins, classes = [], []
    for mint in ("Rome", "Trier"):
        for i in range(60):
            types = [f"{mint} {i % 12}"] if i else [f"{mint} 0", f"{mint} 1"]
            coins.append((f"{mint}{i}", "original", mint, types))
            classes.append(("mint", f"{mint}{i}", "original", mint, mint, ""))
    rows = split(coins_frame(spark, coins), classes_frame(spark, classes), Splits(by="type"))
    sides = defaultdict(set)
    types_of = {coin: types for coin, _, _, types in coins}
    for row in rows:
        for type_ in types_of[row[2]]:
            sides[type_].add(row[6])
    assert all(len(side) == 1 for side in sides.values())
    assert sides["Rome 0"] == sides["Rome 1"]
    assert {row[6] for row in rows} == {"train", "validation", "test"}


@pytest.mark.parametrize(("seed", "min_coins", "folds", "by"), [(1, 20, 5, "coin"), (2, 5, 1, "type")])
def test_random_collection_passes_the_audit(
    spark: SparkSession, seed: int, min_coins: int, folds: int, by: Literal["coin", "type"]
) -> None:
    coins, classes = random_collection(seed)
    settings = Splits(min_coins=min_coins, folds=folds, by=by)
    frame = coins_frame(spark, coins)
    rows = split(frame, classes_frame(spark, classes), settings)
    assert audit(spark.createDataFrame(rows, SPLITS.ddl), frame, settings) == []
    coins_of = defaultdict(set)
    for layer, _, coin, _, _, name, *_ in rows:
        coins_of[layer, name].add(coin)
    assert all(len(members) >= min_coins for members in coins_of.values())
    assert {row[2] for row in rows if row[0] == "mint"} == {row[2] for row in rows if row[0] == "design"}


def test_row_order_and_partitioning_do_not_matter(spark: SparkSession) -> None:
    coins, classes = random_collection(4, mints=2)
    settings = Splits(min_coins=5)
    rows = split(coins_frame(spark, coins), classes_frame(spark, classes), settings)
    random.Random(4).shuffle(classes)
    random.Random(4).shuffle(coins)
    shuffled = split(
        coins_frame(spark, coins).repartition(7), classes_frame(spark, classes).repartition(5), settings
    )
    assert shuffled == rows


def test_another_seed_gives_other_test_coins(spark: SparkSession) -> None:
    rows = classes_frame(spark, [("mint", f"c{i}", "original", "Rome", "Rome", "") for i in range(40)])
    units = spark.createDataFrame([(f"c{i}", f"c{i}") for i in range(40)], "coin_id string, unit string")
    tested = [
        {
            row["coin_id"]
            for row in assign_sides(rows, units, ["mint"], Splits(), seed).where("split = 'test'").collect()
        }
        for seed in (1, 2)
    ]
    assert tested[0] != tested[1] and len(tested[0]) == len(tested[1]) == 8


@pytest.mark.parametrize(("validation", "coins_of_33"), [(0.1, 3), (0.0, 0)])
def test_folds_test_every_coin_once(spark: SparkSession, validation: float, coins_of_33: int) -> None:
    coins = coins_frame(spark, [(f"c{i}", "original", "Rome", []) for i in range(33)])
    frame = classes_frame(spark, [("mint", f"c{i}", "original", "Rome", "Rome", "") for i in range(33)])
    rows = split(coins, frame, Splits(folds=5, validation=validation))
    tested = Counter(row[2] for row in rows if row[6] == "test")
    assert len(tested) == 33 and set(tested.values()) == {1}
    for fold in range(5):
        sides = Counter(row[6] for row in rows if row[1] == fold)
        assert sides["test"] in (6, 7) and sides["validation"] == coins_of_33 and sum(sides.values()) == 33
