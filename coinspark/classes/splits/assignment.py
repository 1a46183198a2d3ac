"""Facts for the report until it reads the table `moved_classes`."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.classes.splits.audit import audit

__all__ = ["audit", "gone", "photographed"]


def photographed(classes: DataFrame, coins: DataFrame) -> DataFrame:
    """The rows of `classes` whose coin has an image."""
    with_image = coins.where("image_id IS NOT NULL").select("coin_id", "medium")
    return classes.join(with_image, ["coin_id", "medium"], "left_semi")


def gone(classes: DataFrame, splits: DataFrame) -> DataFrame:
    """layer, mint, class, coins, becomes: classes that differ in `splits`."""
    new = splits.select("layer", "coin_id", "medium", F.col("class").alias("becomes")).distinct()
    both = classes.join(new, ["layer", "coin_id", "medium"], "left").where("NOT class <=> becomes")
    return (
        both.groupBy("layer", "mint", "class", "becomes")
        .agg(F.countDistinct("coin_id").alias("coins"))
        .select("layer", "mint", "class", "coins", "becomes")
    )
