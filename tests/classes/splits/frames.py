"""Coins, classes and splits for the tests of splits."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from pyspark.sql import DataFrame, Row, SparkSession

from coinspark.classes.splits.stage import STAGE
from coinspark.config import Config
from coinspark.pipeline.stage import Context
from coinspark.warehouse.local_frame import local_frame
from coinspark.warehouse.schemas import CLASSES, COINS, SPLITS

Coin = tuple[str, str, str, list[str]]  # coin_id, medium, mint, types
Photos = Mapping[str, Sequence[str]]  # coin_id → photo_ids of each of its media
LAYERS = [
    {"name": name, "kind": kind}
    for name, kind in (("mint", "mint"), ("design", "entities"), ("type", "type"))
]
ClassRow = tuple[str, str, str, str, str, str]  # layer, coin_id, medium, mint, class, evidence


def coins_frame(spark: SparkSession, coins: list[Coin], photos: Photos | None = None) -> DataFrame:
    """Coins that share no photos except those in `photos`."""
    shared = photos or {}
    rows = [
        (
            *(coin, medium, mint, types, "s", None, None, None, None, [], f"{coin}{medium}"),
            shared.get(coin, [f"{coin}{medium}o", f"{coin}{medium}r"]),
        )
        for coin, medium, mint, types in coins
    ]
    return local_frame(spark, rows, COINS.ddl).persist()


def classes_frame(spark: SparkSession, rows: list[ClassRow]) -> DataFrame:
    return local_frame(spark, rows, CLASSES.ddl).persist()


def splits_frame(
    spark: SparkSession, rows: list[tuple[str, int, str, str, str]], units: Mapping[str, str] | None = None
) -> DataFrame:
    """Rows layer, fold, coin_id, class, split. A coin that `units` does not contain is its own unit."""
    full = [
        (layer, fold, coin, "original", name.split("/")[0], name, side, (units or {}).get(coin, coin))
        for layer, fold, coin, name, side in rows
    ]
    return local_frame(spark, full, SPLITS.ddl).persist()


def random_collection(
    seed: int, sizes: Sequence[int] = (8, 25, 60, 140), copies: int = 20
) -> tuple[list[Coin], list[ClassRow], dict[str, Sequence[str]]]:
    """Coins, classes and photos of mints of these sizes, in the layers mint, design and type.

    Some coins have two media, and `copies` coins show a photo of another one.
    """
    draw = random.Random(seed)
    coins, rows, photos = [], [], {}
    for m, size in enumerate(sizes):
        mint = f"Mint {m}"
        for i in range(size):
            coin = f"{m}-{i}"
            name = draw.choice([mint, *(f"{mint}/c{j}" for j in range(draw.randint(1, 5)))])
            type_ = f"{name} t{draw.randint(0, 1)}"
            photos[coin] = [f"{coin} obverse", f"{coin} reverse"]
            for medium in draw.choice([["original"], ["original", "plaster"]]):
                coins.append((coin, medium, mint, [type_]))
                rows += [
                    ("mint", coin, medium, mint, mint, ""),
                    ("design", coin, medium, mint, name, ""),
                    ("type", coin, medium, mint, type_, ""),
                ]
    for _ in range(copies):
        coin, other = draw.sample(sorted(photos), 2)
        photos[coin] = [photos[coin][0], draw.choice(photos[other])]
    return coins, rows, photos


def context(
    spark: SparkSession,
    folder: Path,
    coins: DataFrame,
    classes: DataFrame,
    lines: list[str] | None = None,
    **settings: object,
) -> Context:
    """What the stage `splits` reads, with these settings of `splits`. Notices are added to `lines`."""
    config = Config.model_validate({"layers": LAYERS, "seed": 1, "splits": settings})
    frames = {"classes": classes, "coins": coins}
    notice = (lines if lines is not None else []).append
    return Context(spark, config, frames.__getitem__, folder, lambda line: None, notice=notice)


def split(context: Context) -> list[Row]:
    """Sorted rows of `splits` that the stage builds."""
    splits = STAGE.build(context)[SPLITS.name]
    assert isinstance(splits, DataFrame) and splits.columns == list(SPLITS.columns)
    return sorted(splits.collect())
