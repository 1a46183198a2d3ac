"""Classes with too few coins to be trained and tested: which they are, and what happens to their coins.

- A mint that is thin as a whole, in any layer, leaves all layers, so that layers are compared on the same
  coins.
- A thin class of a mint returns to the mint's own class. If that class is then thin itself, the smallest
  classes follow until it is not.
- A thin type leaves its layer.

This is decided twice: before sides are assigned, by the number of coins, and afterwards also by whether each
fold has a test and a training coin of the class.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from coinspark.warehouse.local_frame import local_frame

Key = tuple[str, str, str]
"""layer, mint, class"""
Sizes = Mapping[Key, tuple[int, ...]]
"""Coins of each class; once sides are known, followed by its test and its training coins in each fold."""


@dataclass(frozen=True)
class Corrections:
    """Changes to the classes, each with its reason.

    Attributes:
        excluded: Mint → reason; it leaves every layer.
        merged: Class → reason; its coins return to the class of the mint.
        dropped: Class → reason; a type that leaves its layer.
    """

    excluded: Mapping[str, str]
    merged: Mapping[Key, str]
    dropped: Mapping[Key, str]

    @property
    def moves(self) -> list[tuple[str, str, str, str | None]]:
        """layer, mint, class, new class (None: none) of merged and dropped classes, sorted."""
        merged = [(*key, key[1]) for key in self.merged]
        dropped = [(*key, None) for key in self.dropped]
        return sorted([*merged, *dropped], key=lambda move: move[:3])


def class_sizes(rows: DataFrame, folds: int = 0) -> DataFrame:
    """layer, mint, class, counts (array<bigint> as in `Sizes`). A coin counts once per layer.

    A coin whose media are in two classes counts for the alphabetically first, so that counts add up when
    classes merge.
    """
    by_coin = rows.groupBy("layer", "coin_id", *(["fold"] if folds else [])).agg(
        F.min(F.struct("mint", "class")).alias("at"), *([F.first("split").alias("split")] if folds else [])
    )
    counts: list[Column] = [F.countDistinct("coin_id")]
    for fold in range(folds):
        for side in ("test", "train"):
            counts.append(F.count_if((F.col("fold") == fold) & (F.col("split") == side)))
    return by_coin.groupBy("layer", "at.mint", "at.class").agg(F.array(*counts).alias("counts"))


def collect_sizes(rows: DataFrame, folds: int = 0) -> Sizes:
    """`class_sizes`, collected."""
    collected = class_sizes(rows, folds).collect()
    return {(row["layer"], row["mint"], row["class"]): tuple(row["counts"]) for row in collected}


def correct(
    sizes: Sizes, min_coins: int, type_layers: Collection[str], exclude_mints: Collection[str] = ()
) -> Corrections:
    """The corrections that leave no thin class.

    Args:
        sizes: Coins of each class.
        min_coins: Coins that a class needs.
        type_layers: Names of the layers whose classes are types.
        exclude_mints: Mints that leave every layer in any case.
    """
    excluded = _thin_mints(sizes, min_coins, type_layers)
    excluded |= dict.fromkeys(exclude_mints, "excluded by splits.exclude_mints")
    staying = {key: counts for key, counts in sizes.items() if key[1] not in excluded}
    merged: dict[Key, str] = {}
    for layer, mint in sorted({key[:2] for key in staying if key[0] not in type_layers}):
        own = {key: counts for key, counts in staying.items() if key[:2] == (layer, mint)}
        merged |= _merged_classes(own, min_coins)
    return Corrections(excluded, merged, _thin_types(staying, min_coins, type_layers))


def apply(rows: DataFrame, corrections: Corrections) -> DataFrame:
    """`rows` with layer, mint and class, after the corrections; columns and their order stay the same."""
    spark = rows.sparkSession
    excluded = local_frame(spark, [(mint,) for mint in sorted(corrections.excluded)], "mint string")
    moves = local_frame(
        spark, corrections.moves, "layer string, mint string, class string, new_class string"
    ).withColumn("moved", F.lit(True))
    joined = rows.join(F.broadcast(excluded), "mint", "left_anti").join(
        F.broadcast(moves), ["layer", "mint", "class"], "left"
    )
    name = F.when(F.col("moved"), F.col("new_class")).otherwise(F.col("class"))
    return joined.withColumn("class", name).where("class IS NOT NULL").select(rows.columns)


def _thin_mints(sizes: Sizes, min_coins: int, type_layers: Collection[str]) -> dict[str, str]:
    """Mints that are thin as a whole in a layer, with the reason in the alphabetically first such layer."""
    thin: dict[str, str] = {}
    for layer in sorted({key[0] for key in sizes} - set(type_layers)):
        for mint in sorted({key[1] for key in sizes if key[0] == layer}):
            total = _sum(counts for key, counts in sizes.items() if key[:2] == (layer, mint))
            if reason := _why_thin(total, min_coins):
                thin.setdefault(mint, reason)
    return thin


def _merged_classes(mint: Sizes, min_coins: int) -> dict[Key, str]:
    """The new classes of one mint in one layer that return to it, smallest first, ties by name.

    Example with `min_coins` 20: the mint's own class has 3 coins, owl 5, Athena 21, Zeus 30. Owl is thin and
    returns. The own class would then have 3 + 5 = 8 coins, so Athena follows: 29 coins. Zeus stays.
    """
    smallest_first = sorted((key for key in mint if key[1] != key[2]), key=lambda key: (mint[key][0], key))
    reasons = {key: _why_thin(mint[key], min_coins) for key in smallest_first}
    merged = {key: reason for key, reason in reasons.items() if reason}
    for key in smallest_first:
        own = [counts for other, counts in mint.items() if other in merged or other[1] == other[2]]
        if not own or not (reason := _why_thin(_sum(own), min_coins)):
            break
        merged.setdefault(key, f"the mint's own class would have {reason}")
    return merged


def _thin_types(sizes: Sizes, min_coins: int, type_layers: Collection[str]) -> dict[Key, str]:
    """The classes of type layers that are thin over all their mints together."""
    counts_of: dict[tuple[str, str], list[tuple[int, ...]]] = defaultdict(list)
    for (layer, _, name), counts in sizes.items():
        if layer in type_layers:
            counts_of[layer, name].append(counts)
    reasons = {key: _why_thin(_sum(counts), min_coins) for key, counts in counts_of.items()}
    return {key: reason for key in sizes if (reason := reasons.get((key[0], key[2])))}


def _sum(counts: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(sum(column) for column in zip(*counts, strict=True))


def _why_thin(counts: tuple[int, ...], min_coins: int) -> str:
    """Why a class with these counts is thin, or an empty text."""
    if counts[0] < min_coins:
        return f"{counts[0]} coins, fewer than {min_coins}"
    if 0 in counts[1::2]:
        return f"{counts[0]} coins, none of them to test in fold {counts[1::2].index(0)}"
    if 0 in counts[2::2]:
        return f"{counts[0]} coins, none of them to train in fold {counts[2::2].index(0)}"
    return ""
