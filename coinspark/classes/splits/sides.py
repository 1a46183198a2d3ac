"""Training, validation and test side of each unit: the same in every layer, with even shares in every class.

The units of a mint are sorted by their classes in all layers, coarse layers first, and within those by
xxhash64(seed, unit). Test units are taken at even steps along this order. So every run of units, and with it
every class, gets its share within one unit, and small classes share test units with their neighbours. The
result does not depend on the order or partitioning of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from coinspark.config import Splits
from coinspark.warehouse.schemas import SPLITS


def assign_sides(
    rows: DataFrame, units: DataFrame, layers: Sequence[str], settings: Splits, seed: int
) -> DataFrame:
    """Rows of `splits`: each class row in every fold with its side.

    With one fold, test and validation take the shares of `settings`. With k folds, every unit is tested once,
    and the validation share is taken from the other units of the fold. Every repeat has its own seed.

    Args:
        rows: layer, coin_id, medium, mint, class.
        units: coin_id, unit.
        layers: Names of the layers in the order in which their classes sort the units, coarse ones first.
    """
    strata = _strata(rows.join(units, "coin_id"), layers)
    repeats = [
        _sides(strata, len(layers), settings, seed + repeat).withColumn(
            "fold", F.col("fold") + repeat * settings.folds
        )
        for repeat in range(settings.repeats)
    ]
    sides = reduce(DataFrame.unionAll, repeats)
    return rows.join(units, "coin_id").join(sides, "unit").select(list(SPLITS.columns))


def _sides(strata: DataFrame, layers: int, settings: Splits, seed: int) -> DataFrame:
    """unit, fold, split of one repeat."""
    tested = _tested(strata, layers, settings, seed)
    rest = Window.partitionBy("fold", "stratum", "tested")
    position = F.row_number().over(rest.orderBy("position")) - 1
    remaining = F.count("*").over(rest)
    share = F.round(F.col("n") * settings.validation).cast("long")
    wanted = F.least(F.greatest(share, F.lit(int(settings.validation > 0))), remaining - 1)
    start = F.pmod(F.xxhash64(F.lit(seed), F.lit("validation"), "stratum", "fold"), remaining)
    side = (
        F.when(F.col("tested"), "test")
        .when(_is_taken(position, wanted, remaining, start), "validation")
        .otherwise("train")
    )
    return tested.select("unit", "fold", side.alias("split"))


def _strata(rows: DataFrame, layers: Sequence[str]) -> DataFrame:
    """One row per unit: unit, stratum (its mint), coins (a count), c0, c1, … (its class in each layer)."""
    classes = [
        F.min(F.when(F.col("layer") == layer, F.col("class"))).alias(f"c{index}")
        for index, layer in enumerate(layers)
    ]
    return rows.groupBy("unit").agg(
        F.min("mint").alias("stratum"), F.countDistinct("coin_id").alias("coins"), *classes
    )


def _tested(strata: DataFrame, layers: int, settings: Splits, seed: int) -> DataFrame:
    """Every unit in every fold: unit, stratum, position, n (units of the stratum), fold, tested (boolean)."""
    placed = _positions(strata, layers, seed)
    start = F.xxhash64(F.lit(seed), F.lit("test"), "stratum")
    if settings.folds > 1:
        folds = F.lit(settings.folds)
        own = F.pmod(F.col("position") + F.pmod(start, folds), folds)
        every = F.explode(F.sequence(F.lit(0), F.lit(settings.folds - 1))).alias("fold")
        return placed.withColumn("own", own).select("*", every).withColumn("tested", F.expr("own = fold"))
    n = F.col("n")
    share = F.greatest(F.round(n * settings.test).cast("long"), F.lit(1))
    wanted = F.when(n > 1, F.least(share, F.greatest(n - 2, F.lit(1)))).otherwise(0)
    taken = _is_taken(F.col("position"), wanted, n, F.pmod(start, n))
    return placed.select("*", F.lit(0).alias("fold"), taken.alias("tested"))


def _positions(strata: DataFrame, layers: int, seed: int) -> DataFrame:
    """unit, stratum, position (from 0 within the stratum), n (units of the stratum)."""
    mint = Window.partitionBy("stratum")
    # Units of several coins are types. Sorted by size, even steps take large and small ones alike.
    order = [
        *(F.col(f"c{index}").asc_nulls_last() for index in range(layers)),
        F.col("coins").desc(),
        F.xxhash64(F.lit(seed), "unit"),
        F.col("unit"),
    ]
    return strata.select(
        "unit",
        "stratum",
        (F.row_number().over(mint.orderBy(*order)) - 1).alias("position"),
        F.count("*").over(mint).alias("n"),
    )


def _is_taken(position: Column, wanted: Column, n: Column, start: Column) -> Column:
    """True at `wanted` of the `n` positions, evenly spread.

    m consecutive positions contain m · wanted / n of them, within one.

    Example: 2 of 5 with start 0. (position · 2 + 0) mod 5 is 0, 2, 4, 1, 3 for the positions 0 to 4; those
    below 2 are taken, which are the positions 0 and 3.
    """
    return F.pmod(position * wanted + start, n) < wanted
