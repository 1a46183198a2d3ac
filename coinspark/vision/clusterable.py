"""Which pictures stand for a mint that is cut into clusters, and why a mint is not cut: for the stage and for its layer."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from coinspark.config import Layer

ALIKE = "its pictures are too much alike: fewer distinct vectors than clusters"


def pictures(coins: DataFrame, mints: tuple[str, ...]) -> DataFrame:
    """`image_id`, `mint` of these mints' pictured coins, each picture once: under the first mint by name that shares it."""
    shown = coins.where(F.col("image_id").isNotNull() & F.col("mint").isin(*mints))
    return shown.groupBy("image_id").agg(F.min("mint").alias("mint"))


def left_whole(count: Column, layer: Layer) -> Column:
    """Why a mint of so many pictures is not cut at all, or null where it can be."""
    number = F.format_number(count, 0)
    if layer.k is None:
        most = F.lit(0 if layer.max_classes < 2 else 2 * layer.min_coins)
        told = (
            F.lit("no two clusters are allowed")
            if layer.max_classes < 2
            else F.concat(
                F.lit("its pictures are "),
                number,
                F.lit(f", and two clusters of {layer.min_coins} need {2 * layer.min_coins:,}"),
            )
        )
        return F.when((most == 0) | (count < most), told)
    if layer.k == 1:
        return F.lit("k is 1")
    return F.when(
        count < layer.k,
        F.concat(F.lit("its pictures are "), number, F.lit(f", fewer than {layer.k:,} clusters")),
    )
