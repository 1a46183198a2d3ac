"""Splits: shares, classes that go back, folds, and an audit that finds each broken promise."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import Literal

import pytest
from pyspark.sql import DataFrame, SparkSession

from coinspark.classes.splits import assignment
from coinspark.config import Splits
from coinspark.warehouse.schemas import CLASSES, COINS, SPLITS

Row = tuple[str, str, str, str, str, str]  # layer, coin_id, medium, mint, class, evidence


def classes_frame(spark: SparkSession, rows: list[Row]) -> DataFrame:
    return spark.createDataFrame(rows, CLASSES.ddl).persist()


def coins_frame(
    spark: SparkSession, coins: list[tuple[str, str, str, list[str]]], pictured: bool = True
) -> DataFrame:
    rows = [
        (c, medium, mint, types, "s", None, None, None, None, [], f"{c}{medium}" if pictured else None)
        for c, medium, mint, types in coins
    ]
    return spark.createDataFrame(rows, COINS.ddl).persist()


def splits_frame(spark: SparkSession, rows: list[tuple[str, int, str, str, str]]) -> DataFrame:
    """Rows layer, fold, coin_id, class, split."""
    full = [
        (layer, fold, coin, "original", name.split("/")[0], name, side)
        for layer, fold, coin, name, side in rows
    ]
    return spark.createDataFrame(full, SPLITS.ddl).persist()


def collection(seed: int, mints: int = 4) -> tuple[list[tuple[str, str, str, list[str]]], list[Row]]:
    """A random collection: some coins in two media, mints of unequal size, an entities layer and a type layer."""
    draw = random.Random(seed)
    coins, rows = [], []
    for m in range(mints):
        mint = f"Mint {m}"
        for i in range(draw.choice([8, 15, 25, 60, 140])):
            coin = f"{m}-{i}"
            name = draw.choice([mint, *(f"{mint}/c{j}" for j in range(draw.randint(1, 5)))])
            kind = f"{name} t{draw.randint(0, 3)}"
            for medium in draw.choice([["original"], ["original", "plaster"]]):
                coins.append((coin, medium, mint, [kind]))
                rows += [
                    ("mint", coin, medium, mint, mint, ""),
                    ("design", coin, medium, mint, name, ""),
                    ("type", coin, medium, mint, kind, ""),
                ]
    return coins, rows


def split(
    spark: SparkSession, coins: DataFrame, classes: DataFrame, settings: Splits, seed: int = 1
) -> list[tuple]:
    """The stage's own steps, without the stage: plan, assign, plan again."""

    def sizes(frame: DataFrame, folds: int = 0) -> dict[tuple[str, str, str], tuple[int, ...]]:
        rows = assignment.sizes(frame, folds).collect()
        return {(r["layer"], r["mint"], r["class"]): tuple(r["counts"]) for r in rows}

    first = assignment.plan(sizes(classes), settings.min_coins, ["type"], settings.exclude_mints)
    tied = assignment.components(r["types"] for r in assignment.type_links(coins).collect())
    units = assignment.units(coins, settings.by, tied)
    sided = assignment.assign(
        assignment.follow(classes, first), units, ["mint", "design", "type"], settings, seed
    )
    last = assignment.plan(sizes(sided, settings.folds), settings.min_coins, ["type"])
    made = assignment.follow(sided, last)
    return sorted(tuple(row) for row in made.collect())


def test_a_thin_class_goes_back_and_takes_the_smallest_along_until_the_rest_is_large_enough() -> None:
    counts = {
        ("design", "Pergamon", "Pergamon"): (3,),
        ("design", "Pergamon", "Pergamon/owl"): (5,),
        ("design", "Pergamon", "Pergamon/Athena"): (21,),
        ("design", "Pergamon", "Pergamon/Zeus"): (30,),
        ("design", "Ilion", "Ilion"): (19,),
        ("mint", "Ilion", "Ilion"): (19,),
        ("mint", "Pergamon", "Pergamon"): (59,),
    }
    plan = assignment.plan(counts, 20, [])
    assert plan.mints == {"Ilion": "19 coins, fewer than 20"}
    # owl is thin (5); 3 + 5 = 8 in the rest are thin too, so Athena (21) follows: 29; Zeus stays.
    assert plan.back == {("design", "Pergamon", "Pergamon/owl"), ("design", "Pergamon", "Pergamon/Athena")}
    assert plan.moves == [
        ("design", "Pergamon", "Pergamon/Athena", "Pergamon"),
        ("design", "Pergamon", "Pergamon/owl", "Pergamon"),
    ]


def test_a_mint_split_without_rest_keeps_its_classes() -> None:
    counts = {("design", "Pergamon", "Pergamon/owl"): (20,), ("design", "Pergamon", "Pergamon/Zeus"): (20,)}
    assert assignment.plan(counts, 20, []).moves == []


def test_a_class_without_test_or_training_coins_goes_back() -> None:
    # coins, then test and train of fold 0, then of fold 1
    counts = {
        ("design", "Abdera", "Abdera"): (40, 8, 28, 8, 28),
        ("design", "Abdera", "Abdera/griffin"): (22, 4, 16, 0, 20),
        ("design", "Abdera", "Abdera/Apollo"): (22, 4, 16, 4, 16),
    }
    assert assignment.plan(counts, 20, []).back == {("design", "Abdera", "Abdera/griffin")}
    counts = {("mint", "Abdera", "Abdera"): (20, 20, 0)}
    assert assignment.plan(counts, 20, []).mints == {"Abdera": "20 coins, none of them to train in fold 0"}


def test_a_thin_type_leaves_its_layer_and_is_counted_over_its_mints() -> None:
    counts = {
        ("type", "Rome", "Victory"): (12,),
        ("type", "Trier", "Victory"): (9,),
        ("type", "Rome", "Wolf"): (19,),
        ("mint", "Rome", "Rome"): (31,),
        ("mint", "Trier", "Trier"): (25,),
    }
    plan = assignment.plan(counts, 20, ["type"])
    assert not plan.back and plan.out == {("type", "Rome", "Wolf")}


def test_leave_out() -> None:
    assert set(assignment.plan({("mint", "Rome", "Rome"): (50,)}, 20, [], ["Rome"]).mints) == {"Rome"}


def test_types_tied_by_uncertain_coins_are_one() -> None:
    assert assignment.components([["b", "c"], ["a", "b"], ["x", "y"]]) == {
        "a": "a",
        "b": "a",
        "c": "a",
        "x": "x",
        "y": "x",
    }


def test_shares_are_exact_in_a_mint_and_within_one_in_a_class(spark: SparkSession) -> None:
    names = ["Pergamon"] * 40 + ["Pergamon/owl"] * 33 + ["Pergamon/Zeus"] * 27
    coins = coins_frame(spark, [(f"c{i}", "original", "Pergamon", []) for i in range(100)])
    rows = [
        (layer, f"c{i}", "original", "Pergamon", name if layer == "design" else "Pergamon", "")
        for i, name in enumerate(names)
        for layer in ("mint", "design")
    ]
    made = split(spark, coins, classes_frame(spark, rows), Splits())
    assert Counter(row[6] for row in made if row[0] == "mint") == {"test": 20, "validation": 10, "train": 70}
    sides = defaultdict(Counter)
    for row in made:
        if row[0] == "design":
            sides[row[5]][row[6]] += 1
    for name, n in Counter(names).items():
        assert abs(sides[name]["test"] - n * 0.2) < 1 and abs(sides[name]["validation"] - n * 0.1) <= 1


def test_original_and_plaster_of_a_coin_stand_on_one_side(spark: SparkSession) -> None:
    pairs = [(f"c{i}", medium) for i in range(60) for medium in ("original", "plaster")]
    coins = coins_frame(spark, [(coin, medium, "Rome", []) for coin, medium in pairs])
    made = split(
        spark, coins, classes_frame(spark, [("mint", c, m, "Rome", "Rome", "") for c, m in pairs]), Splits()
    )
    assert len(made) == 120
    sides = defaultdict(set)
    for row in made:
        sides[row[2]].add(row[6])
    assert all(len(side) == 1 for side in sides.values())
    assert Counter(row[6] for row in made) == {"test": 24, "validation": 12, "train": 84}


def test_the_threshold_counts_coins_not_images(spark: SparkSession) -> None:
    pairs = [(f"c{i}", medium) for i in range(12) for medium in ("original", "plaster")]
    frame = classes_frame(spark, [("mint", c, m, "Rome", "Rome", "") for c, m in pairs])
    assert [tuple(r["counts"]) for r in assignment.sizes(frame).collect()] == [(12,)]


def test_by_type_keeps_types_whole_even_where_one_coin_ties_two(spark: SparkSession) -> None:
    coins, rows = [], []
    for mint in ("Rome", "Trier"):
        for i in range(60):
            types = [f"{mint} {i % 12}"] if i else [f"{mint} 0", f"{mint} 1"]
            coins.append((f"{mint}{i}", "original", mint, types))
            rows.append(("mint", f"{mint}{i}", "original", mint, mint, ""))
    made = split(spark, coins_frame(spark, coins), classes_frame(spark, rows), Splits(by="type"))
    sides = defaultdict(set)
    types = {coin: kinds for coin, _, _, kinds in coins}
    for row in made:
        for kind in types[row[2]]:
            sides[kind].add(row[6])
    assert all(len(side) == 1 for side in sides.values())
    assert sides["Rome 0"] == sides["Rome 1"]
    assert {row[6] for row in made} == {"train", "validation", "test"}


def test_a_coin_without_type_is_a_unit_of_its_own(spark: SparkSession) -> None:
    coins = coins_frame(
        spark,
        [("a", "original", "Rome", []), ("b", "original", "Rome", []), ("c", "original", "Rome", ["t"])],
    )
    assert {tuple(row) for row in assignment.units(coins, "type", {}).collect()} == {
        ("a", "coin a"),
        ("b", "coin b"),
        ("c", "type t"),
    }


def test_coins_without_pictures_are_not_split(spark: SparkSession) -> None:
    frame = classes_frame(spark, [("mint", "a", "original", "Rome", "Rome", "")])
    assert (
        assignment.photographed(
            frame, coins_frame(spark, [("a", "original", "Rome", [])], pictured=False)
        ).count()
        == 0
    )
    assert assignment.photographed(frame, coins_frame(spark, [("a", "original", "Rome", [])])).count() == 1


@pytest.mark.parametrize(("seed", "threshold", "folds", "by"), [(1, 20, 5, "coin"), (2, 5, 1, "type")])
def test_any_collection_keeps_the_promises(
    spark: SparkSession, seed: int, threshold: int, folds: int, by: Literal["coin", "type"]
) -> None:
    coins, rows = collection(seed)
    settings = Splits(min_coins=threshold, folds=folds, by=by)
    made = split(spark, coins_frame(spark, coins), classes_frame(spark, rows), settings)
    assert assignment.audit(spark.createDataFrame(made, SPLITS.ddl)) == []
    coins_of = defaultdict(set)
    for layer, _, coin, _, _, name, _ in made:
        coins_of[layer, name].add(coin)
    assert all(len(members) >= settings.min_coins for members in coins_of.values())
    assert {row[2] for row in made if row[0] == "mint"} == {row[2] for row in made if row[0] == "design"}


def test_order_and_partitions_of_the_rows_do_not_matter(spark: SparkSession) -> None:
    coins, rows = collection(4, mints=2)
    settings = Splits(min_coins=5)
    made = split(spark, coins_frame(spark, coins), classes_frame(spark, rows), settings)
    random.Random(4).shuffle(rows)
    random.Random(4).shuffle(coins)
    again = split(
        spark, coins_frame(spark, coins).repartition(7), classes_frame(spark, rows).repartition(5), settings
    )
    assert again == made


def test_another_seed_gives_another_split(spark: SparkSession) -> None:
    rows = classes_frame(spark, [("mint", f"c{i}", "original", "Rome", "Rome", "") for i in range(40)])
    unit = coins_frame(spark, [(f"c{i}", "original", "Rome", []) for i in range(40)]).selectExpr(
        "coin_id", "coin_id AS unit"
    )
    made = [
        {
            row["coin_id"]
            for row in assignment.assign(rows, unit, ["mint"], Splits(), seed)
            .where("split = 'test'")
            .collect()
        }
        for seed in (1, 2)
    ]
    assert made[0] != made[1] and len(made[0]) == len(made[1]) == 8


@pytest.mark.parametrize(("validation", "coins_of_33"), [(0.1, 3), (0.0, 0)])
def test_folds_test_every_coin_once_and_every_class_in_every_fold(
    spark: SparkSession, validation: float, coins_of_33: int
) -> None:
    coins = coins_frame(spark, [(f"c{i}", "original", "Rome", []) for i in range(33)])
    frame = classes_frame(spark, [("mint", f"c{i}", "original", "Rome", "Rome", "") for i in range(33)])
    made = split(spark, coins, frame, Splits(folds=5, validation=validation))
    tested = Counter(row[2] for row in made if row[6] == "test")
    assert len(tested) == 33 and set(tested.values()) == {1}
    for fold in range(5):
        sides = Counter(row[6] for row in made if row[1] == fold)
        assert sides["test"] in (6, 7) and sides["validation"] == coins_of_33 and sum(sides.values()) == 33


def test_gone_says_what_went_back_and_what_left(spark: SparkSession) -> None:
    rows = [("design", f"c{i}", "original", "Rome", "Rome/wolf" if i < 2 else "Rome", "") for i in range(5)]
    rows += [("design", "x", "original", "Ilion", "Ilion", "")]
    made = splits_frame(
        spark, [("design", fold, f"c{i}", "Rome", "train") for i in range(5) for fold in (0, 1)]
    )
    found = {tuple(row) for row in assignment.gone(classes_frame(spark, rows), made).collect()}
    assert found == {("design", "Rome", "Rome/wolf", 2, "Rome"), ("design", "Ilion", "Ilion", 1, None)}


GOOD = [("mint", 0, f"c{i}", "Rome", side) for i, side in enumerate(["train", "validation", "test"])]
BOTH = GOOD + [("design", *row[1:]) for row in GOOD]


def test_audit_passes_a_sound_split(spark: SparkSession) -> None:
    assert assignment.audit(splits_frame(spark, BOTH)) == []


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([*GOOD, ("mint", 0, "c0", "Rome", "test")], "layer mint, fold 0: coin c0 stands on two sides"),
        (
            GOOD
            + [
                ("design", *row[1:-1], {"train": "test", "test": "train"}.get(row[-1], row[-1]))
                for row in GOOD
            ],
            "fold 0: coin c0 stands on another side in another layer (2 such)",
        ),
        (
            [*BOTH, ("design", 0, "d", "Rome/wolf", "train")],
            "layer design, fold 0: class Rome/wolf has no test image",
        ),
        ([*BOTH, ("mint", 0, "d", "Ilion", "test")], "layer mint, fold 0: class Ilion has no training image"),
        (
            GOOD + [("mint", 1, row[2], "Rome", row[4]) for row in GOOD],
            "layer mint: coin c0 is not tested exactly once (3 such)",
        ),
        ([*GOOD, ("mint", 0, "d", "Rome", "elsewhere")], "layer mint, fold 0: coin d has an unknown split"),
    ],
)
def test_audit_names_each_violation(
    spark: SparkSession, rows: list[tuple[str, int, str, str, str]], fault: str
) -> None:
    assert assignment.audit(splits_frame(spark, rows))[0] == fault


def test_audit_counts_a_class_that_a_fold_lacks(spark: SparkSession) -> None:
    rows = [
        ("mint", fold, f"c{i}", "Rome", "test" if i == fold else "train") for fold in (0, 1) for i in (0, 1)
    ]
    rows += [("mint", 0, "d", "Ilion", "test"), ("mint", 0, "e", "Ilion", "train")]
    assert "layer mint, fold 1: class Ilion has no test image" in assignment.audit(splits_frame(spark, rows))
