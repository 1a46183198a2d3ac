"""The stage `classes`: the rows of every layer, and independence of row order and partitioning."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from coinspark.classes import summary
from coinspark.classes.stage import STAGE
from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.warehouse.local_frame import local_frame
from coinspark.warehouse.schemas import CLASSES
from tests.classes.tables import HOSTILE, build, by_coin, config, tables


def test_every_layer_contains_each_of_its_coins_once_with_evidence(
    spark: SparkSession, tmp_path: Path
) -> None:
    lines: list[str] = []
    inputs = tables(spark)
    classes = build(spark, tmp_path, inputs, config("Pergamon"), lines).cache()
    assert classes.columns == list(CLASSES.columns) and lines == ["classes: layer entities splits Pergamon"]
    n = inputs["coins"].count()

    mint = by_coin(classes, "mint")
    assert len(mint) == n and all(row["class"] == row["mint"] for row in mint.values())

    typed = by_coin(classes, "type")
    assert len(typed) == n - 2
    assert ("uncertain", "original") not in typed and ("untyped", "original") not in typed
    assert typed["hostile", "original"]["class"] == f"{HOSTILE}/{HOSTILE}"

    entities = by_coin(classes, "entities")
    assert len(entities) == n
    for coin in (
        ("1-0", "original"),
        ("1-0", "plaster"),
        ("uncertain", "original"),
        ("undescribed", "original"),
    ):
        assert entities[coin]["class"] == "Pergamon/Athena–owl"
    evidence = entities["undescribed", "original"]["evidence"]
    assert evidence.startswith("no description; coins of its type show")
    untyped = entities["untyped", "original"]
    assert (untyped["class"], untyped["evidence"]) == ("Pergamon", "no description")
    assert entities["9-0", "original"]["evidence"] == "its mint is not split in this layer"
    assert entities["hostile", "original"]["class"] == HOSTILE

    own = classes.where("layer = 'entities'")
    # Owls: 60, a plaster, the uncertain and the undescribed coin. Nikes: 50. Eagles: 60. Described: 270 + 2.
    (totals,) = summary.totals(own, inputs["coins"]).collect()
    assert (totals["mint"], totals["described"], totals["classes"]) == ("Pergamon", 272, 3)
    assert totals["covered"] == pytest.approx(172 / 272) and totals["whole"] == 1.0
    sizes = {row["class"]: row["coins"] for row in summary.size_table(own).collect()}
    assert sizes["Pergamon/Athena–owl"] == 63 and sizes["Pergamon/emperor–eagle"] == 60
    text = summary.render({**inputs, "classes": classes}.__getitem__, config("Pergamon"))
    assert "Pergamon/Athena–owl" in text and "common pairs" in text
    classes.unpersist()


def test_row_order_and_partitioning_do_not_matter(spark: SparkSession, tmp_path: Path) -> None:
    first, second = (
        sorted(map(tuple, build(spark, tmp_path, tables(spark, seed), config("Pergamon")).collect()))
        for seed in (1, 5)
    )
    assert first == second


def test_summary_reports_a_layer_without_new_classes(spark: SparkSession) -> None:
    classes = local_frame(
        spark, [("entities", "hostile", "original", HOSTILE, HOSTILE, "mint left whole")], CLASSES.ddl
    )
    text = summary.render({**tables(spark), "classes": classes}.__getitem__, config(HOSTILE))
    assert text == "Layer entities: no mint has a design with enough coins; none is split"


def test_layer_that_splits_no_mint_is_a_notice(spark: SparkSession, tmp_path: Path) -> None:
    notices: list[str] = []
    build(spark, tmp_path, tables(spark), config(), notices=notices)
    assert notices == [
        "classes: layer entities splits no mint; set split.mints, split.larger_than or split.largest"
    ]


def test_unknown_mint_stops_with_the_nearest_name(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no coin has the mint 'Pergamum'; did you mean 'Pergamon'"):
        build(spark, tmp_path, tables(spark), config("Pergamum"))


def test_stage_reads_only_the_tables_of_its_layers() -> None:
    layers = [{"name": kind, "kind": kind} for kind in ("mint", "type", "entities", "clusters")]
    plain = Config.model_validate({"layers": layers[:2]})
    every = Config.model_validate({"layers": layers, "features": {"weights": None}})
    assert STAGE.reads(plain) == ("coins",)
    assert set(STAGE.reads(every)) >= {"coins", "entities", "clusters"}
    assert "coinspark.classes.kinds.clusters" in STAGE.modules(every)
    assert "coinspark.classes.kinds.clusters" not in STAGE.modules(plain)
