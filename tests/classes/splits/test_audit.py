"""Audit of splits: it passes valid splits and names each violation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from pyspark.sql import SparkSession

from coinspark.classes.splits import audit
from coinspark.config import Splits
from tests.classes.splits.frames import coins_frame, splits_frame

Row = tuple[str, int, str, str, str]  # layer, fold, coin_id, class, split
SIDES = ("train", "validation", "test")
VALID = [("mint", 0, f"c{i}", "Rome", side) for i, side in enumerate(SIDES)]
TWO_LAYERS = VALID + [("design", *row[1:]) for row in VALID]
SWAPPED = {"train": "test", "test": "train", "validation": "validation"}


def violations(
    spark: SparkSession,
    rows: Sequence[Row],
    settings: Splits | None = None,
    units: Mapping[str, str] | None = None,
    photos: Mapping[str, Sequence[str]] | None = None,
    show: int = 5,
) -> list[str]:
    """What the audit reports for these rows of splits, in which a coin is its own unit without `units`."""
    ids = sorted({row[2] for row in rows})
    coins = coins_frame(spark, [(coin, "original", "Rome", []) for coin in ids], photos)
    return audit.audit(splits_frame(spark, rows, units), coins, settings or Splits(), show)


def folds(*tested: Sequence[int]) -> list[Row]:
    """Coins a and b of one class in each fold; `tested` says which of them (0 or 1) each fold tests."""
    return [
        ("mint", fold, coin, "Rome", "test" if n in tests else "train")
        for fold, tests in enumerate(tested)
        for n, coin in enumerate("ab")
    ]


def test_valid_splits_pass(spark: SparkSession) -> None:
    assert violations(spark, TWO_LAYERS) == []
    assert violations(spark, folds((0,), (1,), (1,), (0,)), Splits(folds=2, repeats=2)) == []
    # without folds, a coin may be tested in several repeats, or in none
    assert violations(spark, folds((0,), (0,)), Splits(repeats=2)) == []


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([*VALID, ("mint", 0, "c0", "Rome", "test")], "layer mint, fold 0: coin c0 is on two sides"),
        (
            VALID + [("design", *row[1:-1], SWAPPED[row[-1]]) for row in VALID],
            "fold 0: coin c0 is on another side in another layer (2 such)",
        ),
        (
            [*TWO_LAYERS, ("design", 0, "d", "Rome/wolf", "train")],
            "layer design, fold 0: class Rome/wolf has no test image",
        ),
        (
            [*TWO_LAYERS, ("mint", 0, "d", "Ilion", "test")],
            "layer mint, fold 0: class Ilion has no training image",
        ),
        ([*VALID, ("mint", 0, "d", "Rome", "elsewhere")], "layer mint, fold 0: coin d has an unknown side"),
        ([*VALID, ("mint", 1, "d", "Rome", "test")], "layer mint, fold 1: coin d has an unknown fold"),
    ],
)
def test_violation_is_named(spark: SparkSession, rows: list[Row], fault: str) -> None:
    assert violations(spark, rows)[0] == fault


def test_coin_is_tested_once_in_each_repeat(spark: SparkSession) -> None:
    settings = Splits(folds=2, repeats=2)
    # Coin a is tested in both folds of the first repeat and in none of the second.
    assert violations(spark, folds((0, 1), (0,), (1,), (1,)), settings)[-2:] == [
        "layer mint: coin a is not tested exactly once (2 such)",
        "layer mint: coin b is not tested exactly once",
    ]
    faults = violations(spark, folds((0,), (1,), (0, 1), ()), settings)
    assert "layer mint, fold 3: class Rome has no test image" in faults
    assert not any("exactly once" in fault for fault in faults)
    assert "layer mint: coin a is not tested exactly once (2 such)" in violations(
        spark, folds((0, 1), (0, 1)), Splits(folds=2)
    )


def test_unit_on_two_sides_is_named(spark: SparkSession) -> None:
    units = {"c0": "u", "c1": "u"}  # train and validation
    assert violations(spark, TWO_LAYERS, units=units) == ["fold 0: unit u has coins on two sides"]
    layers = [("mint", 0, "c0", "Rome", "train"), ("design", 0, "c1", "Rome", "test"), *VALID[1:2]]
    assert "fold 0: unit u has coins on two sides" in violations(spark, layers, units=units)


def test_coin_in_two_units_is_named(spark: SparkSession) -> None:
    splits = splits_frame(spark, VALID).unionAll(splits_frame(spark, VALID[:1], {"c0": "u"}))
    coins = coins_frame(spark, [])
    assert audit.audit(splits, coins, Splits()) == ["coin c0 has several units"]


@pytest.mark.parametrize("units", [{}, {"c0": "u", "c2": "u"}])
def test_photo_on_two_sides_is_named_whatever_the_units(spark: SparkSession, units: dict[str, str]) -> None:
    photos = {"c0": ["head", "owl"], "c2": ["owl", "tail"]}  # train and test
    faults = violations(spark, TWO_LAYERS, units=units, photos=photos)
    assert faults[-1] == "fold 0: photo owl of coins c0, c2 is shown on two sides"
    one_fold_only = [*folds((0, 1), (0,)), *(("mint", f, "c", "Rome", "train") for f in (0, 1))]
    faults = violations(spark, one_fold_only, Splits(repeats=2), photos={"a": ["x"], "b": ["x"]})
    assert faults == ["fold 1: photo x of coins a, b is shown on two sides"]


def test_examples_are_limited_and_counted(spark: SparkSession) -> None:
    rows = [*VALID, *(("mint", 0, f"d{i}", "Rome", "elsewhere") for i in range(4))]
    assert violations(spark, rows, show=2) == [
        "layer mint, fold 0: coin d0 has an unknown side (4 such)",
        "layer mint, fold 0: coin d1 has an unknown side",
    ]


def test_class_missing_from_a_fold_is_named(spark: SparkSession) -> None:
    rows = [
        ("mint", fold, f"c{i}", "Rome", "test" if i == fold else "train") for fold in (0, 1) for i in (0, 1)
    ]
    rows += [("mint", 0, "d", "Ilion", "test"), ("mint", 0, "e", "Ilion", "train")]
    faults = violations(spark, rows, Splits(folds=2))
    assert "layer mint, fold 1: class Ilion has no test image" in faults
