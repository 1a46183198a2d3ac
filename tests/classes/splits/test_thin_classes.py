"""Thin classes: which mints and classes leave, which classes merge, and why."""

from __future__ import annotations

from pyspark.sql import SparkSession

from coinspark.classes.splits.moved_classes import Move, moved_classes
from coinspark.classes.splits.thin_classes import class_sizes, correct
from tests.classes.splits.frames import classes_frame

OWL, ATHENA, ZEUS = (("design", "Pergamon", f"Pergamon/{name}") for name in ("owl", "Athena", "Zeus"))
SIZES = {
    ("design", "Pergamon", "Pergamon"): (3,),
    OWL: (5,),
    ATHENA: (21,),
    ZEUS: (30,),
    ("design", "Ilion", "Ilion"): (19,),
    ("mint", "Ilion", "Ilion"): (19,),
    ("mint", "Pergamon", "Pergamon"): (59,),
}


def test_smallest_classes_merge_until_the_rest_of_the_mint_is_large_enough() -> None:
    corrections = correct(SIZES, 20, [])
    assert corrections.excluded == {"Ilion": "19 coins, fewer than 20"}
    # owl is thin (5). The rest would have 3 + 5 = 8 coins, so Athena (21) follows: 29. Zeus stays.
    assert corrections.merged == {
        OWL: "5 coins, fewer than 20",
        ATHENA: "the mint's own class would have 8 coins, fewer than 20",
    }
    assert corrections.moves == [(*ATHENA, "Pergamon"), (*OWL, "Pergamon")]


def test_moved_classes_have_their_last_reason() -> None:
    corrections = correct(SIZES, 20, [])
    assert moved_classes(SIZES, [corrections, correct({}, 20, [])]) == [
        Move("design", "Ilion", "Ilion", 19, None, "19 coins, fewer than 20"),
        Move(*ATHENA, 21, "Pergamon", "the mint's own class would have 8 coins, fewer than 20"),
        Move(*OWL, 5, "Pergamon", "5 coins, fewer than 20"),
        Move("mint", "Ilion", "Ilion", 19, None, "19 coins, fewer than 20"),
    ]
    without_test = correct({("design", "Pergamon", "Pergamon"): (29, 0, 29)}, 20, [])
    assert {move.name: move.reason for move in moved_classes(SIZES, [corrections, without_test])} == {
        "Ilion": "19 coins, fewer than 20",
        **dict.fromkeys(
            ["Pergamon", "Pergamon/owl", "Pergamon/Athena", "Pergamon/Zeus"],
            "29 coins, none of them to test in fold 0",
        ),
    }


def test_mint_without_coins_of_its_own_class_keeps_its_classes() -> None:
    assert correct({OWL: (20,), ZEUS: (20,)}, 20, []).moves == []


def test_class_without_test_or_training_coins_merges() -> None:
    # coins, then test and training coins of fold 0, then of fold 1
    sizes = {
        ("design", "Abdera", "Abdera"): (40, 8, 28, 8, 28),
        ("design", "Abdera", "Abdera/griffin"): (22, 4, 16, 0, 20),
        ("design", "Abdera", "Abdera/Apollo"): (22, 4, 16, 4, 16),
    }
    assert set(correct(sizes, 20, []).merged) == {("design", "Abdera", "Abdera/griffin")}
    excluded = correct({("mint", "Abdera", "Abdera"): (20, 20, 0)}, 20, []).excluded
    assert excluded == {"Abdera": "20 coins, none of them to train in fold 0"}


def test_thin_type_is_dropped_and_counted_over_its_mints() -> None:
    sizes = {
        ("type", "Rome", "Victory"): (12,),
        ("type", "Trier", "Victory"): (9,),
        ("type", "Rome", "Wolf"): (19,),
        ("mint", "Rome", "Rome"): (31,),
        ("mint", "Trier", "Trier"): (25,),
    }
    corrections = correct(sizes, 20, ["type"])
    assert not corrections.merged
    assert corrections.dropped == {("type", "Rome", "Wolf"): "19 coins, fewer than 20"}


def test_excluded_mint_leaves_every_layer() -> None:
    corrections = correct({("mint", "Rome", "Rome"): (50,)}, 20, [], ["Rome"])
    assert corrections.excluded == {"Rome": "excluded by splits.exclude_mints"}


def test_sizes_count_coins_not_images(spark: SparkSession) -> None:
    pairs = [(f"c{i}", medium) for i in range(12) for medium in ("original", "plaster")]
    frame = classes_frame(spark, [("mint", c, m, "Rome", "Rome", "") for c, m in pairs])
    assert [tuple(row["counts"]) for row in class_sizes(frame).collect()] == [(12,)]
