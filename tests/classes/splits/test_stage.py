"""The stage `splits`: its tables, its progress lines, and when it fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from coinspark.classes.splits import sides
from coinspark.classes.splits.stage import STAGE
from coinspark.core.errors import AuditError, InputError
from coinspark.pipeline.stage import Context
from coinspark.warehouse.schemas import MOVED_CLASSES, MOVED_UNITS, SPLITS
from tests.classes.splits.frames import classes_frame, coins_frame, context


def rome_and_ilion(
    spark: SparkSession, folder: Path, rome: list[str], lines: list[str], **settings: object
) -> Context:
    """Coins of Rome with these classes, and 30 of Ilion, in the layers mint and design."""
    coins = [(f"r{i}", "Rome", name) for i, name in enumerate(rome)] + [
        (f"i{i}", "Ilion", "Ilion") for i in range(30)
    ]
    classes = [
        (layer, coin, "original", mint, name if layer == "design" else mint, "")
        for coin, mint, name in coins
        for layer in ("mint", "design")
    ]
    frame = coins_frame(spark, [(coin, "original", mint, []) for coin, mint, _ in coins])
    return context(spark, folder, frame, classes_frame(spark, classes), lines, **settings)


def without_images(context: Context, which: str) -> Context:
    """The same with image_id set to null for coins that fulfil the condition."""

    def read(name: str) -> DataFrame:
        image = F.when(~F.expr(which), F.col("image_id"))
        return context.read(name).withColumn("image_id", image) if name == "coins" else context.read(name)

    return Context(context.spark, context.config, read, context.scratch, context.say, notice=context.notice)


def test_stage_writes_splits_and_moved_classes(spark: SparkSession, tmp_path: Path) -> None:
    lines: list[str] = []
    rome = ["Rome/wolf"] * 25 + ["Rome/Mars"] * 30 + ["Rome/owl"] * 7
    tables = STAGE.build(rome_and_ilion(spark, tmp_path, rome, lines))
    splits, moved = tables["splits"], tables["moved_classes"]
    assert isinstance(splits, DataFrame) and splits.columns == list(SPLITS.columns)
    assert splits.count() == 2 * 92
    classes = {row["class"] for row in splits.select("class").distinct().collect()}
    assert classes == {"Rome", "Rome/Mars", "Ilion"}
    # owl (7) is thin. The rest of Rome would have 7 coins, so wolf (25) follows.
    assert lines == ["layer design: 2 classes merged into their mint: Rome/owl (7), Rome/wolf (25)"]
    assert isinstance(moved, DataFrame) and moved.columns == list(MOVED_CLASSES.columns)
    rest = "the mint's own class would have 7 coins, fewer than 20"
    assert [tuple(row) for row in moved.collect()] == [
        ("design", "Rome", "Rome/owl", 7, "Rome", "7 coins, fewer than 20"),
        ("design", "Rome", "Rome/wolf", 25, "Rome", rest),
    ]


def test_repaired_classes_are_named_with_their_units(spark: SparkSession, tmp_path: Path) -> None:
    lines: list[str] = []
    rome = ["Rome/wolf"] * 25 + ["Rome/Mars"] * 30
    # A test share of 10⁻⁹ leaves every class without a test coin. One unit of each of the three smallest
    # classes serves the mints as well.
    tables = STAGE.build(rome_and_ilion(spark, tmp_path, rome, lines, test=1e-9, validation=0))
    splits, moved = tables["splits"], tables["moved_units"]
    assert isinstance(moved, DataFrame) and moved.columns == list(MOVED_UNITS.columns)
    assert lines == [
        "3 units moved to another side for classes without test or training images: "
        "Ilion of layer design (1), Rome/Mars of layer design (1), Rome/wolf of layer design (1)"
    ]
    rows = moved.collect()
    assert [(row["fold"], row["layer"], row["hashed"], row["split"]) for row in rows] == [
        (0, "design", "train", "test")
    ] * 3
    assert isinstance(splits, DataFrame)
    tested = {(row["class"], row["unit"]) for row in splits.where("split = 'test'").collect()}
    assert {(row["class"], row["unit"]) for row in rows} == {key for key in tested if key[0] != "Rome"}
    assert {unit for name, unit in tested if name == "Rome"} == {
        unit for name, unit in tested if name in ("Rome/wolf", "Rome/Mars")
    }


def test_coins_without_an_image_are_not_split(spark: SparkSession, tmp_path: Path) -> None:
    rome = rome_and_ilion(spark, tmp_path, ["Rome"] * 30, [])
    splits = STAGE.build(without_images(rome, "coin_id IN ('r1', 'i2')"))["splits"]
    assert isinstance(splits, DataFrame)
    assert splits.where("coin_id IN ('r1', 'i2')").count() == 0 and splits.count() == 2 * 58


def test_layer_with_one_class_left_is_an_error(spark: SparkSession, tmp_path: Path) -> None:
    lines: list[str] = []
    with pytest.raises(InputError, match=r"layer 'design' has 1 classes.*'Ilion' with 30"):
        STAGE.build(rome_and_ilion(spark, tmp_path, ["Rome"] * 19, lines))
    assert lines == ["1 mints leave every layer: Rome (19 coins, fewer than 20)"]


def test_unknown_mint_in_exclude_mints_is_reported(spark: SparkSession, tmp_path: Path) -> None:
    lines: list[str] = []
    STAGE.build(rome_and_ilion(spark, tmp_path, ["Rome"] * 30, lines, exclude_mints=["Atlantis"]))
    assert "splits.exclude_mints: no coin has the mint 'Atlantis'" in lines


def test_no_images_at_all_is_an_error(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has an image"):
        STAGE.build(without_images(rome_and_ilion(spark, tmp_path, ["Rome"] * 30, []), "true"))


def test_violated_guarantee_fails_the_stage(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assign_sides = sides.assign_sides

    def on_both_sides(*arguments: Any) -> DataFrame:
        rows = assign_sides(*arguments)
        other = F.expr("if(split = 'test', 'train', 'test')")
        return rows.unionAll(rows.where("coin_id = 'i0'").withColumn("split", other))

    monkeypatch.setattr(sides, "assign_sides", on_both_sides)
    with pytest.raises(AuditError, match="coin i0 is on two sides"):
        STAGE.build(rome_and_ilion(spark, tmp_path, ["Rome"] * 30, []))
