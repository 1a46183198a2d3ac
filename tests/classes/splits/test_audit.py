"""Audit of splits: it passes valid splits and names each violation."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from coinspark.classes.splits.audit import audit
from tests.classes.splits.frames import splits_frame

VALID = [("mint", 0, f"c{i}", "Rome", side) for i, side in enumerate(["train", "validation", "test"])]
TWO_LAYERS = VALID + [("design", *row[1:]) for row in VALID]
SWAPPED = {"train": "test", "test": "train", "validation": "validation"}


def test_valid_splits_pass(spark: SparkSession) -> None:
    assert audit(splits_frame(spark, TWO_LAYERS)) == []


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
        (
            VALID + [("mint", 1, row[2], "Rome", row[4]) for row in VALID],
            "layer mint: coin c0 is not tested exactly once (3 such)",
        ),
        ([*VALID, ("mint", 0, "d", "Rome", "elsewhere")], "layer mint, fold 0: coin d has an unknown side"),
    ],
)
def test_violation_is_named(
    spark: SparkSession, rows: list[tuple[str, int, str, str, str]], fault: str
) -> None:
    assert audit(splits_frame(spark, rows))[0] == fault


def test_two_sides_in_one_layer_are_not_reported_as_a_difference_between_layers(spark: SparkSession) -> None:
    rows = [*TWO_LAYERS, ("mint", 0, "c0", "Rome", "test")]
    assert audit(splits_frame(spark, rows)) == ["layer mint, fold 0: coin c0 is on two sides"]


def test_examples_are_limited_and_counted(spark: SparkSession) -> None:
    rows = [*VALID, *(("mint", 0, f"d{i}", "Rome", "elsewhere") for i in range(4))]
    assert audit(splits_frame(spark, rows), show=2) == [
        "layer mint, fold 0: coin d0 has an unknown side (4 such)",
        "layer mint, fold 0: coin d1 has an unknown side",
    ]


def test_class_missing_from_a_fold_is_named(spark: SparkSession) -> None:
    rows = [
        ("mint", fold, f"c{i}", "Rome", "test" if i == fold else "train") for fold in (0, 1) for i in (0, 1)
    ]
    rows += [("mint", 0, "d", "Ilion", "test"), ("mint", 0, "e", "Ilion", "train")]
    assert "layer mint, fold 1: class Ilion has no test image" in audit(splits_frame(spark, rows))
