"""Audit of splits: one named check per guarantee. The stage `splits` fails if one of them is violated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

SIDES = ("train", "validation", "test")


@dataclass(frozen=True)
class Check:
    """A guarantee.

    Attributes:
        fault: What is wrong with a violation, as the end of a sentence.
        violations: Returns a frame with one text column `at` that names each violation. Arguments: the
            splits, and the numbers of their folds.
    """

    fault: str
    violations: Callable[[DataFrame, Sequence[int]], DataFrame]


def audit(splits: DataFrame, show: int = 5) -> list[str]:
    """Violations of the guarantees: up to `show` lines per check, the first with their number if several."""
    folds = sorted(row["fold"] for row in splits.select("fold").distinct().collect())
    rows = [
        check.violations(splits, folds).select(F.lit(check.fault).alias("fault"), "at") for check in CHECKS
    ]
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


def _on_two_sides(splits: DataFrame, folds: Sequence[int]) -> DataFrame:
    """Coins whose media are on different sides in one layer and fold."""
    sides = splits.groupBy("layer", "fold", "coin_id").agg(F.collect_set(F.struct("split")).alias("sides"))
    return sides.where(F.size("sides") > 1).select(_at("layer", "fold", "coin"))


def _on_other_side_in_other_layer(splits: DataFrame, folds: Sequence[int]) -> DataFrame:
    """Coins on one side per layer, but not on the same side in all layers."""
    coins = splits.groupBy("fold", "coin_id").agg(
        F.collect_set("split").alias("sides"),
        F.collect_set("layer").alias("layers"),
        F.collect_set(F.struct("layer", "split")).alias("pairs"),
    )
    one_side_per_layer = F.size("pairs") == F.size("layers")
    return coins.where(one_side_per_layer & (F.size("sides") > 1)).select(_at("fold", "coin"))


def _without_side(side: str) -> Callable[[DataFrame, Sequence[int]], DataFrame]:
    """A check for classes without an image on this side, in any fold."""

    def violations(splits: DataFrame, folds: Sequence[int]) -> DataFrame:
        own = F.collect_set(F.when(F.col("split") == side, F.col("fold")))
        missing = F.array_except(F.array(*map(F.lit, folds)), own)
        classes = splits.groupBy("layer", "class").agg(missing.alias("folds"))
        return classes.select("layer", "class", F.explode("folds").alias("fold")).select(
            _at("layer", "fold", "class")
        )

    return violations


def _not_tested_once(splits: DataFrame, folds: Sequence[int]) -> DataFrame:
    """Coins that are not tested in exactly one fold of a layer, if there are several folds."""
    tests = F.countDistinct(F.when(F.col("split") == "test", F.col("fold")))
    coins = splits.groupBy("layer", "coin_id").agg(tests.alias("tests"))
    return coins.where((F.lit(len(folds)) > 1) & (F.col("tests") != 1)).select(_at("layer", "coin"))


def _unknown_side(splits: DataFrame, folds: Sequence[int]) -> DataFrame:
    """Rows whose side is not one of `SIDES`."""
    unknown = F.col("split").isNull() | ~F.col("split").isin(*SIDES)
    return splits.where(unknown).select(_at("layer", "fold", "coin"))


def _at(*parts: str) -> Column:
    """The column `at`, such as `layer mint, fold 0: coin c7` for the parts layer, fold and coin."""
    columns = {"layer": "layer", "fold": "fold", "coin": "coin_id", "class": "class"}
    texts = [F.concat(F.lit(f"{part} "), columns[part]) for part in parts]
    return F.concat(F.concat_ws(", ", *texts[:-1]), F.lit(": "), texts[-1]).alias("at")


CHECKS = (
    Check("is on two sides", _on_two_sides),
    Check("is on another side in another layer", _on_other_side_in_other_layer),
    Check("has no test image", _without_side("test")),
    Check("has no training image", _without_side("train")),
    Check("is not tested exactly once", _not_tested_once),
    Check("has an unknown side", _unknown_side),
)
