"""Audit of splits: one named check per guarantee. The stage `splits` fails if one of them is violated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from coinspark.config import Splits

SIDES = ("train", "validation", "test")


@dataclass(frozen=True)
class Audited:
    """What is audited: the tables `splits` and `coins`, and the settings."""

    splits: DataFrame
    coins: DataFrame
    settings: Splits


@dataclass(frozen=True)
class Check:
    """A guarantee.

    Attributes:
        fault: What is wrong with a violation, as the end of a sentence.
        violations: Returns a frame with one text column `at` that names each violation.
    """

    fault: str
    violations: Callable[[Audited], DataFrame]


def audit(splits: DataFrame, coins: DataFrame, settings: Splits, show: int = 5) -> list[str]:
    """Violations of the guarantees: up to `show` lines per check, the first with their number if several."""
    audited = Audited(splits, coins, settings)
    rows = [check.violations(audited).select(F.lit(check.fault).alias("fault"), "at") for check in CHECKS]
    faults = (
        reduce(DataFrame.unionAll, rows)
        .groupBy("fault")
        .agg(F.count("*").alias("n"), F.slice(F.sort_array(F.collect_list("at")), 1, show).alias("at"))
        .orderBy("fault")
        .collect()
    )
    lines = []
    for fault, count, examples in faults:
        lines += [f"{at} {fault}" for at in examples]
        if count > 1:
            lines[-len(examples)] += f" ({count} such)"
    return lines


def _coin_on_two_sides(audited: Audited) -> DataFrame:
    """Coins whose media are on different sides in one layer and fold."""
    sides = audited.splits.groupBy("layer", "fold", "coin_id").agg(
        F.collect_set(F.struct("split")).alias("sides")
    )
    return sides.where(F.size("sides") > 1).select(_at("layer", "fold", "coin"))


def _coin_on_other_side_in_other_layer(audited: Audited) -> DataFrame:
    """Coins on one side per layer, but not on the same side in all layers."""
    coins = audited.splits.groupBy("fold", "coin_id").agg(
        F.collect_set("split").alias("sides"),
        F.collect_set("layer").alias("layers"),
        F.collect_set(F.struct("layer", "split")).alias("pairs"),
    )
    one_side_per_layer = F.size("pairs") == F.size("layers")
    return coins.where(one_side_per_layer & (F.size("sides") > 1)).select(_at("fold", "coin"))


def _coin_in_two_units(audited: Audited) -> DataFrame:
    """Coins with several units, or without one."""
    coins = audited.splits.groupBy("coin_id").agg(F.size(F.collect_set("unit")).alias("units"))
    return coins.where("units <> 1").select(_at("coin"))


def _unit_on_two_sides(audited: Audited) -> DataFrame:
    """Units of several coins that are on different sides in a fold, in one layer or in different ones."""
    units = audited.splits.groupBy("fold", "unit").agg(
        F.collect_set("split").alias("sides"), F.collect_set("coin_id").alias("coins")
    )
    return units.where("size(sides) > 1 AND size(coins) > 1").select(_at("fold", "unit"))


def _photo_on_two_sides(audited: Audited) -> DataFrame:
    """Photos of several coins that are on different sides in a fold. Units do not take part in this check."""
    photos = audited.coins.select("coin_id", F.explode("photo_ids").alias("photo_id"))
    number = F.xxhash64("coin_id")  # numbers are aggregated without sorting
    coins = photos.groupBy("photo_id").agg(F.min(number).alias("low"), F.max(number).alias("high"))
    of_several = photos.join(coins.where("low < high"), "photo_id", "left_semi")
    rows = audited.splits.join(of_several, "coin_id")
    sides = rows.groupBy("fold", "photo_id").agg(
        F.collect_set("split").alias("sides"), F.sort_array(F.collect_set("coin_id")).alias("coins")
    )
    at_coins = F.concat(F.col("photo_id"), F.lit(" of coins "), F.concat_ws(", ", F.slice("coins", 1, 3)))
    shared = sides.where("size(sides) > 1 AND size(coins) > 1").withColumn("photo_id", at_coins)
    return shared.select(_at("fold", "photo"))


def _without_side(side: str) -> Callable[[Audited], DataFrame]:
    """A check for classes without an image on this side, in any fold."""

    def violations(audited: Audited) -> DataFrame:
        own = F.collect_set(F.when(F.col("split") == side, F.col("fold")))
        missing = F.array_except(F.array(*map(F.lit, audited.settings.all_folds)), own)
        classes = audited.splits.groupBy("layer", "class").agg(missing.alias("folds"))
        return classes.select("layer", "class", F.explode("folds").alias("fold")).select(
            _at("layer", "fold", "class")
        )

    return violations


def _not_tested_once(audited: Audited) -> DataFrame:
    """Coins that are not tested in exactly one fold of each repeat in a layer, if there are several folds."""
    folds, repeats = audited.settings.folds, audited.settings.repeats
    fold = F.when(F.col("split") == "test", F.col("fold"))
    coins = audited.splits.groupBy("layer", "coin_id").agg(
        F.size(F.collect_set(fold)).alias("folds"),
        F.size(F.collect_set(F.floor(fold / folds))).alias("repeats"),
    )
    once = (F.col("folds") == repeats) & (F.col("repeats") == repeats)
    return coins.where(F.lit(folds > 1) & ~once).select(_at("layer", "coin"))


def _unknown_side(audited: Audited) -> DataFrame:
    """Rows whose side is not one of `SIDES`."""
    unknown = F.col("split").isNull() | ~F.col("split").isin(*SIDES)
    return audited.splits.where(unknown).select(_at("layer", "fold", "coin"))


def _unknown_fold(audited: Audited) -> DataFrame:
    """Rows whose fold is not one of the configured folds."""
    folds = audited.settings.all_folds
    return audited.splits.where(~F.col("fold").between(folds[0], folds[-1])).select(
        _at("layer", "fold", "coin")
    )


def _at(*parts: str) -> Column:
    """The column `at`, such as `layer mint, fold 0: coin c7` for the parts layer, fold and coin."""
    columns = {"coin": "coin_id", "photo": "photo_id"}
    texts = [F.concat(F.lit(f"{part} "), columns.get(part, part)) for part in parts]
    return F.concat_ws(": ", *[F.concat_ws(", ", *texts[:-1])][: len(texts) - 1], texts[-1]).alias("at")


CHECKS = (
    Check("is on two sides", _coin_on_two_sides),
    Check("is on another side in another layer", _coin_on_other_side_in_other_layer),
    Check("has several units", _coin_in_two_units),
    Check("has coins on two sides", _unit_on_two_sides),
    Check("is shown on two sides", _photo_on_two_sides),
    Check("has no test image", _without_side("test")),
    Check("has no training image", _without_side("train")),
    Check("is not tested exactly once", _not_tested_once),
    Check("has an unknown side", _unknown_side),
    Check("has an unknown fold", _unknown_fold),
)
