"""Coins of each cluster with their types and classes, and the coins nearest to and farthest from centroids.

A coin counts once for each photographed medium, as in the table `coins`, because clusters are of images.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.warehouse.local_frame import local_frame

Tables = Callable[[str], DataFrame]
"""Returns a table by name."""

COLUMNS = (
    "layer",
    "mint",
    "model",
    "cluster",
    "distance",
    "coin_id",
    "medium",
    "class",
    "type",
    "design_layer",
    "design",
)


def read_members(tables: Tables, config: Config) -> DataFrame:
    """`members` of the layers whose kind reads `clusters`."""
    layers = [layer.name for layer in config.layers_reading("clusters")]
    design_layers = [layer.name for layer in config.layers_reading("entities")]
    clusters = tables("clusters").where(F.col("layer").isin(layers))
    return members(clusters, tables("coins"), tables("classes"), design_layers)


def members(
    clusters: DataFrame, coins: DataFrame, classes: DataFrame, design_layers: Sequence[str]
) -> DataFrame:
    """Each clustered coin with its labels, key (layer, coin_id, medium); columns as in `COLUMNS`.

    class: its class in this layer, null if that is its mint. type: its type, null if it has none or several.
    design_layer: the first of `design_layers` that splits its mint. design: its class there, null if that is
    its mint.
    """
    facts = coins.select(
        "coin_id", "medium", "mint", "image_id", F.when(F.size("types") == 1, F.col("types")[0]).alias("type")
    )
    new = classes.where("class <> mint").select("layer", "mint", "coin_id", "medium", "class")
    order = local_frame(classes.sparkSession, list(enumerate(design_layers)), "position int, layer string")
    first = (
        new.join(F.broadcast(order), "layer")
        .groupBy("mint")
        .agg(F.min_by("layer", "position").alias("design_layer"))
    )
    designs = (
        new.join(F.broadcast(first), "mint")
        .where("layer = design_layer")
        .select("coin_id", "medium", F.col("class").alias("design"))
    )
    return (
        clusters.join(facts, ["image_id", "mint"])
        .join(new.drop("mint"), ["layer", "coin_id", "medium"], "left")
        .join(F.broadcast(first), "mint", "left")
        .join(designs, ["coin_id", "medium"], "left")
        .select(*COLUMNS)
    )


def label_counts(members: DataFrame) -> DataFrame:
    """Coins by labels: [layer, mint, model, cluster, class, design_layer, type, design, coins]."""
    return members.groupBy(
        "layer", "mint", "model", "cluster", "class", "design_layer", "type", "design"
    ).agg(F.count(F.lit(1)).alias("coins"))


def nearest_and_farthest(members: DataFrame, limit: int) -> DataFrame:
    """The coins nearest to and farthest from each centroid: `members` with end and nth (1 to `limit`).

    `end` is `nearest` or `farthest`. In a cluster of fewer than 2 × `limit` coins each coin appears once, as
    a nearest one first.
    """
    cluster = Window.partitionBy("layer", "mint", "cluster")
    near = F.row_number().over(cluster.orderBy("distance", "coin_id", "medium"))
    ranked = members.withColumn("near", near).withColumn("is_near", F.col("near") <= limit)
    far = F.row_number().over(
        Window.partitionBy("layer", "mint", "cluster", "is_near").orderBy(
            F.col("distance").desc(), "coin_id", "medium"
        )
    )
    return (
        ranked.withColumn("far", far)
        .where(F.col("is_near") | (F.col("far") <= limit))
        .select(
            *members.columns,
            F.when(F.col("is_near"), "nearest").otherwise("farthest").alias("end"),
            F.when(F.col("is_near"), F.col("near")).otherwise(F.col("far")).alias("nth"),
        )
    )
