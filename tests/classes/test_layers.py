"""Layers in Spark: every coin of a layer once, types whole, and words of any shape carried as they are."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from coinspark.classes import stage, summary
from coinspark.config import Config, Layer, Split
from coinspark.core.errors import InputError
from coinspark.pipeline.stage import Context
from coinspark.warehouse.schemas import CLASSES, COINS, ENTITIES
from tests.classes.design_rows import CATEGORY, KINDS, corpus

NASTY = "x'); DROP TABLE--"


def tables(spark: SparkSession, seed: int = 0) -> dict[str, DataFrame]:
    """Coins and entities of `corpus()`, a text a side, and coins that are awkward; shuffled by the seed."""
    coins, texts = [], {}
    for design in corpus():
        described = []
        for name, entities in (("obverse", design.obverse), ("reverse", design.reverse)):
            text = " ".join(one[0] for one in entities)
            if text:
                texts[text] = entities
                described.append((name, "en", text, text))
        coins += [
            (f"{design.type}-{n}", "original", design.mint, [design.type], described)
            for n in range(design.coins)
        ]
    athena = [("obverse", "en", "Athena head", "Athena head"), ("reverse", "en", "hand owl", "hand owl")]
    coins += [
        ("1-0", "plaster", "Pergamon", ["1"], athena),
        ("unsure", "original", "Pergamon", ["1", "2"], athena),
        ("untyped", "original", "Pergamon", [], None),
        ("silent", "original", "Pergamon", ["1"], []),
        ("nasty", "original", NASTY, [NASTY], [("obverse", "en", None, None)]),
    ]
    rows = [
        (coin, medium, mint, types, "t", None, None, None, None, said, None)
        for coin, medium, mint, types, said in coins
    ]
    found = [
        (text, "lexicon", n, n + 1, name, name, category, None, list(kinds), False)
        for text, entities in texts.items()
        for n, (name, category, kinds) in enumerate(entities)
    ]
    random.Random(seed).shuffle(rows)
    random.Random(seed).shuffle(found)
    return {
        "coins": spark.createDataFrame(rows, COINS.ddl).repartition(1 + seed % 3),
        "entities": spark.createDataFrame(found, ENTITIES.ddl),
    }


def config(*split: str) -> Config:
    return Config(
        layers=(
            Layer(name="mint", kind="mint"),
            Layer(name="type", kind="type"),
            Layer(name="entities", kind="entities", split=Split(mints=split), min_coins=40, max_share=0.4),
        )
    )


def build(
    spark: SparkSession, place: Path, found: dict[str, DataFrame], settings: Config, said: list[str]
) -> DataFrame:
    built = stage.build(Context(spark, settings, found.__getitem__, place, said.append))["classes"]
    assert isinstance(built, DataFrame)
    return built


def by_coin(made: DataFrame, layer: str) -> dict[tuple[str, str], Row]:
    rows = [row for row in made.collect() if row["layer"] == layer]
    found = {(row["coin_id"], row["medium"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def test_every_layer_holds_each_of_its_coins_once_with_its_evidence(
    spark: SparkSession, tmp_path: Path
) -> None:
    assert CATEGORY["owl"] == "ANIMAL" and KINDS["owl"] == ("bird",)
    said: list[str] = []
    found = tables(spark)
    made = build(spark, tmp_path, found, config("Pergamon"), said).cache()
    assert made.columns == list(CLASSES.columns) and said == ["classes: layer entities splits Pergamon"]
    n = found["coins"].count()

    mint = by_coin(made, "mint")
    assert len(mint) == n and all(row["class"] == row["mint"] for row in mint.values())
    type_ = by_coin(made, "type")
    assert (
        len(type_) == n - 2 and ("unsure", "original") not in type_ and ("untyped", "original") not in type_
    )
    assert type_["nasty", "original"]["class"] == f"{NASTY}/{NASTY}"

    entities = by_coin(made, "entities")
    assert len(entities) == n
    for coin in (("1-0", "original"), ("1-0", "plaster"), ("unsure", "original"), ("silent", "original")):
        assert entities[coin]["class"] == "Pergamon/Athena–owl"
    assert entities["silent", "original"]["evidence"].startswith("no description; coins of its type show")
    untyped = entities["untyped", "original"]
    assert (untyped["class"], untyped["evidence"]) == ("Pergamon", "no description")
    assert entities["9-0", "original"]["evidence"] == "its mint is not split in this layer"
    assert entities["nasty", "original"]["class"] == NASTY

    sums = {
        row["mint"]: row for row in summary.totals(made.where("layer = 'entities'"), found["coins"]).collect()
    }
    # Owls 60 and its plaster, the unsure and the silent one; Nikes 50; eagles 60. Described: 270 and two of the awkward.
    assert (
        set(sums) == {"Pergamon"}
        and sums["Pergamon"]["described"] == 272
        and sums["Pergamon"]["classes"] == 3
    )
    assert sums["Pergamon"]["covered"] == pytest.approx(172 / 272) and sums["Pergamon"]["whole"] == 1.0
    sizes = {
        row["class"]: row["coins"] for row in summary.size_table(made.where("layer = 'entities'")).collect()
    }
    assert sizes["Pergamon/Athena–owl"] == 63 and sizes["Pergamon/emperor–eagle"] == 60
    text = summary.render({**found, "classes": made}.__getitem__, config("Pergamon"))
    assert "Pergamon/Athena–owl" in text and "common pairs" in text
    made.unpersist()


def test_rows_in_another_order_and_partitioning_give_the_same_classes(
    spark: SparkSession, tmp_path: Path
) -> None:
    first, second = (
        sorted(map(tuple, build(spark, tmp_path, tables(spark, seed), config("Pergamon"), []).collect()))
        for seed in (1, 5)
    )
    assert first == second


def test_the_table_says_where_a_layer_left_every_mint_whole(spark: SparkSession) -> None:
    whole = spark.createDataFrame(
        [("entities", "nasty", "original", NASTY, NASTY, "mint left whole")], CLASSES.ddl
    )
    text = summary.render({**tables(spark), "classes": whole}.__getitem__, config(NASTY))
    assert text == "Layer entities: no mint has a design of enough coins; all are left whole"


def test_an_unknown_mint_is_named_with_the_nearest(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"split\.mints: no coin has the mint 'Pergamum'; did you mean 'Pergamon'"
    ):
        build(spark, tmp_path, tables(spark), config("Pergamum"), [])
