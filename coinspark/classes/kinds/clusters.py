"""Layer kind `clusters`: classes of a mint by the clusters of its images."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from coinspark.classes.kinds.kind import NOT_SPLIT, LayerKind, Tables, class_rows
from coinspark.config import Config, Layer
from coinspark.vision.clusterable import ALIKE, left_whole, pictures

LEFT_WHOLE = "mint left whole: "
"""How the evidence begins of a coin whose mint was to be split into clusters and was not."""


def with_clusters(coins: DataFrame, read: Tables, config: Config) -> DataFrame:
    """Coins with the clusters of their image: an array of (layer, mint, cluster, distance), or null."""
    cluster = F.struct("layer", "mint", "cluster", "distance")
    of_images = read("clusters").groupBy("image_id").agg(F.collect_list(cluster).alias("clusters"))
    return coins.join(of_images, "image_id", "left")


def assign(coins: DataFrame, layer: Layer, mints: tuple[str, ...]) -> DataFrame:
    """All coins: those in a large enough cluster in the class `Mint/cluster-07`, others in their mint."""
    own = F.filter("clusters", lambda cluster: cluster["layer"] == layer.name)[0]
    clustered = coins.withColumn("own", own).withColumn(
        "cluster", F.when(F.col("own.mint") == F.col("mint"), F.col("own.cluster"))
    )
    sizes = (
        clustered.where("cluster IS NOT NULL")
        .groupBy("mint", "cluster")
        .agg(F.count(F.lit(1)).alias("coins"))
    )
    counts = sizes.groupBy("mint").agg(F.count(F.lit(1)).alias("clusters"))
    seen = (
        pictures(coins, mints)
        .groupBy("mint")
        .agg(F.count(F.lit(1)).alias("pictures"))
        .select("mint", F.coalesce(left_whole(F.col("pictures"), layer), F.lit(ALIKE)).alias("whole"))
    )
    joined = (
        clustered.drop("clusters")
        .join(F.broadcast(sizes), ["mint", "cluster"], "left")
        .join(F.broadcast(counts), "mint", "left")
        .join(F.broadcast(seen), "mint", "left")
    )
    large = F.col("mint").isin(*mints) & (F.col("coins") >= layer.min_coins)
    name = F.when(large, F.format_string("%s/cluster-%02d", "mint", "cluster")).otherwise(F.col("mint"))
    return class_rows(joined.withColumns({"class": name, "evidence": _evidence(layer, mints)}), layer)


def _evidence(layer: Layer, mints: tuple[str, ...]) -> Column:
    """Why a coin is in the class of its cluster, or in that of its mint."""
    where = F.format_string("cluster %d of %d", "cluster", "clusters")
    few = F.format_string(" has %d coins, a class needs %d", "coins", F.lit(layer.min_coins))
    return (
        F.when(~F.col("mint").isin(*mints), F.lit(NOT_SPLIT))
        .when(
            F.col("clusters").isNull(),
            F.concat(F.lit(LEFT_WHOLE), F.coalesce("whole", F.lit("none of its coins has an image"))),
        )
        .when(F.col("image_id").isNull(), F.lit("no image"))
        .when(
            F.col("cluster").isNull(),
            F.concat(F.lit("its image counts for "), F.coalesce("own.mint", F.lit("another mint"))),
        )
        .when(F.col("coins") < layer.min_coins, F.concat(where, few))
        .otherwise(F.concat(where, F.format_string(", %.4f from its centroid", "own.distance")))
    )


KIND = LayerKind(assign, with_clusters, reads=("clusters",), splits_mints=True)
