"""Coins and entities for the tests of class layers, and the configuration of their layers."""

from __future__ import annotations

import random
from pathlib import Path

from pyspark.sql import DataFrame, Row, SparkSession

from coinspark.classes import stage
from coinspark.config import Config, Layer, Split
from coinspark.pipeline.stage import Context
from coinspark.warehouse.local_frame import local_frame
from coinspark.warehouse.schemas import COINS, ENTITIES
from tests.classes.design_rows import corpus

HOSTILE = "x'); DROP TABLE--"


def tables(spark: SparkSession, seed: int = 0) -> dict[str, DataFrame]:
    """Coins and entities of `corpus()`, one text per side, and unusual coins, shuffled by the seed."""
    coins, texts = [], {}
    for design in corpus():
        descriptions = []
        for side, entities in (("obverse", design.obverse), ("reverse", design.reverse)):
            text = " ".join(entity[0] for entity in entities)
            if text:
                texts[text] = entities
                descriptions.append((side, "en", text, text))
        coins += [
            (f"{design.type}-{n}", "original", design.mint, [design.type], descriptions)
            for n in range(design.coins)
        ]
    athena = [("obverse", "en", "Athena head", "Athena head"), ("reverse", "en", "hand owl", "hand owl")]
    coins += [
        ("1-0", "plaster", "Pergamon", ["1"], athena),
        ("uncertain", "original", "Pergamon", ["1", "2"], athena),
        ("untyped", "original", "Pergamon", [], None),
        ("undescribed", "original", "Pergamon", ["1"], []),
        ("hostile", "original", HOSTILE, [HOSTILE], [("obverse", "en", None, None)]),
    ]
    coin_rows = [
        (coin, medium, mint, types, "t", None, None, None, None, descriptions, None, None)
        for coin, medium, mint, types, descriptions in coins
    ]
    entity_rows = [
        (text, "lexicon", n, n + 1, name, name, category, None, list(kinds), False)
        for text, entities in texts.items()
        for n, (name, category, kinds) in enumerate(entities)
    ]
    random.Random(seed).shuffle(coin_rows)
    random.Random(seed).shuffle(entity_rows)
    return {
        "coins": local_frame(spark, coin_rows, COINS.ddl).repartition(1 + seed % 3),
        "entities": local_frame(spark, entity_rows, ENTITIES.ddl),
    }


def config(*split: str) -> Config:
    """The layers mint, type and entities; the last one splits these mints."""
    return Config(
        layers=(
            Layer(name="mint", kind="mint"),
            Layer(name="type", kind="type"),
            Layer(name="entities", kind="entities", split=Split(mints=split), min_coins=40, max_share=0.4),
        )
    )


def build(
    spark: SparkSession,
    folder: Path,
    tables: dict[str, DataFrame],
    settings: Config,
    lines: list[str] | None = None,
    notices: list[str] | None = None,
) -> DataFrame:
    """The table `classes` that the stage builds; its progress lines are added to `lines`."""
    say = (lines if lines is not None else []).append
    notice = (notices if notices is not None else []).append
    classes = stage.STAGE.build(Context(spark, settings, tables.__getitem__, folder, say, notice=notice))[
        "classes"
    ]
    assert isinstance(classes, DataFrame)
    return classes


def by_coin(classes: DataFrame, layer: str) -> dict[tuple[str, str], Row]:
    """(coin_id, medium) → row of a layer; every coin occurs once."""
    rows = [row for row in classes.collect() if row["layer"] == layer]
    coins = {(row["coin_id"], row["medium"]): row for row in rows}
    assert len(coins) == len(rows)
    return coins
