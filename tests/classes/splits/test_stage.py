"""The splits stage: what it says, and when it stops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from coinspark.classes.splits import assignment
from coinspark.classes.splits.stage import STAGE
from coinspark.config import Config
from coinspark.core.errors import AuditError, InputError
from coinspark.pipeline.stage import Context
from coinspark.warehouse.schemas import CLASSES, COINS, SPLITS

LAYERS = [{"name": "mint", "kind": "mint"}, {"name": "design", "kind": "entities"}]


def context(
    spark: SparkSession, tmp_path: Path, rome: list[str], said: list[str], **settings: object
) -> Context:
    """Coins of Rome with these classes, and 30 of Ilion, in both layers."""
    coins = [(f"r{i}", "Rome", name) for i, name in enumerate(rome)] + [
        (f"i{i}", "Ilion", "Ilion") for i in range(30)
    ]
    classes = [
        (layer, coin, "original", mint, name if layer == "design" else mint, "")
        for coin, mint, name in coins
        for layer in ("mint", "design")
    ]
    pictured = [
        (coin, "original", mint, [], "s", None, None, None, None, [], coin) for coin, mint, _ in coins
    ]
    frames: dict[str, DataFrame] = {
        "classes": spark.createDataFrame(classes, CLASSES.ddl).persist(),
        "coins": spark.createDataFrame(pictured, COINS.ddl).persist(),
    }
    config = Config.model_validate({"layers": LAYERS, "splits": settings})
    return Context(spark, config, frames.__getitem__, tmp_path, said.append)


def test_stage_writes_splits_and_says_what_went_back(spark: SparkSession, tmp_path: Path) -> None:
    said: list[str] = []
    rome = ["Rome/wolf"] * 25 + ["Rome/Mars"] * 30 + ["Rome/owl"] * 7
    made = STAGE.build(context(spark, tmp_path, rome, said))["splits"]
    assert isinstance(made, DataFrame) and made.columns == list(SPLITS.columns)
    assert made.count() == 2 * 92
    # owl (7) is thin; the rest of Rome would be 7 coins, so wolf (25) follows.
    assert said == ["layer design: 2 classes back in their mint: Rome/owl (7), Rome/wolf (25)"]
    assert {r["class"] for r in made.select("class").distinct().collect()} == {"Rome", "Rome/Mars", "Ilion"}


def test_a_thin_mint_leaves_and_leaves_one_class_which_is_none(spark: SparkSession, tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(InputError, match=r"layer 'design' has 1 classes.*'Ilion' with 30"):
        STAGE.build(context(spark, tmp_path, ["Rome"] * 19, said))
    assert said == ["1 mints leave every layer: Rome (19 coins, fewer than 20)"]


def test_an_unknown_mint_to_leave_out_is_said(spark: SparkSession, tmp_path: Path) -> None:
    said: list[str] = []
    STAGE.build(context(spark, tmp_path, ["Rome"] * 30, said, exclude_mints=["Atlantis"]))
    assert "splits.exclude_mints: there is no mint 'Atlantis'" in said


def test_no_pictures_at_all(spark: SparkSession, tmp_path: Path) -> None:
    given = context(spark, tmp_path, ["Rome"] * 30, [])
    empty = Context(
        spark,
        given.config,
        lambda name: given.read(name).limit(0) if name == "coins" else given.read(name),
        tmp_path,
        given.say,
    )
    with pytest.raises(InputError, match="has a picture"):
        STAGE.build(empty)


def test_a_broken_promise_stops_the_stage(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = assignment.assign

    def torn(*given: Any) -> DataFrame:
        made = sound(*given)
        other = made.where("coin_id = 'i0'").withColumn(
            "split", F.expr("if(split = 'test', 'train', 'test')")
        )
        return made.unionAll(other)

    monkeypatch.setattr(assignment, "assign", torn)
    with pytest.raises(AuditError, match="coin i0 stands on two sides"):
        STAGE.build(context(spark, tmp_path, ["Rome"] * 30, []))
