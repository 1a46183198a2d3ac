"""Coins, classes and splits for the tests of splits."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame, SparkSession

from coinspark.classes.splits import sides, thin_classes
from coinspark.classes.splits.shared_photos import shared_photos
from coinspark.classes.splits.units import unit_of_coins
from coinspark.config import Splits
from coinspark.warehouse.schemas import CLASSES, COINS, SPLITS

Coin = tuple[str, str, str, list[str]]  # coin_id, medium, mint, types
Photos = Mapping[str, Sequence[str]]  # coin_id → photo_ids of each of its media
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
    return spark.createDataFrame(rows, COINS.ddl).persist()


def classes_frame(spark: SparkSession, rows: list[ClassRow]) -> DataFrame:
    return spark.createDataFrame(rows, CLASSES.ddl).persist()


def splits_frame(
    spark: SparkSession, rows: list[tuple[str, int, str, str, str]], units: Mapping[str, str] | None = None
) -> DataFrame:
    """Rows layer, fold, coin_id, class, split. A coin that `units` does not contain is its own unit."""
    full = [
        (layer, fold, coin, "original", name.split("/")[0], name, side, (units or {}).get(coin, coin))
        for layer, fold, coin, name, side in rows
    ]
    return spark.createDataFrame(full, SPLITS.ddl).persist()


def random_collection(seed: int, mints: int = 4) -> tuple[list[Coin], list[ClassRow]]:
    """Mints of unequal size, some coins with two media, in the layers mint, design and type."""
    draw = random.Random(seed)
    coins, rows = [], []
    for m in range(mints):
        mint = f"Mint {m}"
        for i in range(draw.choice([8, 15, 25, 60, 140])):
            coin = f"{m}-{i}"
            name = draw.choice([mint, *(f"{mint}/c{j}" for j in range(draw.randint(1, 5)))])
            type_ = f"{name} t{draw.randint(0, 3)}"
            for medium in draw.choice([["original"], ["original", "plaster"]]):
                coins.append((coin, medium, mint, [type_]))
                rows += [
                    ("mint", coin, medium, mint, mint, ""),
                    ("design", coin, medium, mint, name, ""),
                    ("type", coin, medium, mint, type_, ""),
                ]
    return coins, rows


def split(coins: DataFrame, classes: DataFrame, settings: Splits, seed: int = 1) -> list[tuple]:
    """Sorted rows of `splits`, by the steps of the stage without its checks."""
    by_size = thin_classes.correct(thin_classes.collect_sizes(classes), settings.min_coins, ["type"])
    assigned = sides.assign_sides(
        thin_classes.apply(classes, by_size),
        unit_of_coins(coins, shared_photos(coins), settings.by),
        ["mint", "design", "type"],
        settings,
        seed,
    )
    sizes = thin_classes.collect_sizes(assigned, len(settings.all_folds))
    by_side = thin_classes.correct(sizes, settings.min_coins, ["type"])
    return sorted(tuple(row) for row in thin_classes.apply(assigned, by_side).collect())
