"""Layer kind `clusters`: classes of a mint by the clusters of its images."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from coinspark.classes.kinds.kind import NOT_SPLIT, LayerKind, Tables, class_rows
from coinspark.config import Config, Layer


def with_clusters(coins: DataFrame, read: Tables, config: Config) -> DataFrame:
    """Coins with what the stage `clusters` found, in all cluster layers.

    Returns:
        The columns of `coins`, and two arrays, null if empty:
        own_clusters: (layer, mint, cluster, distance) of the coin's image.
        mints: (layer, clusters, reason) of its mint.
    """
    cluster = F.struct("layer", "mint", "cluster", "distance")
    of_images = read("clusters").groupBy("image_id").agg(F.collect_list(cluster).alias("own_clusters"))
    mint = F.struct("layer", "clusters", "reason")
    of_mints = read("cluster_mints").groupBy("mint").agg(F.collect_list(mint).alias("mints"))
    return coins.join(of_images, "image_id", "left").join(F.broadcast(of_mints), "mint", "left")


def assign(coins: DataFrame, layer: Layer, mints: tuple[str, ...]) -> DataFrame:
    """All coins: those in a large enough cluster in the class `Mint/cluster-07`, others in their mint."""
    clustered = coins.withColumns(
        {"own": _of_layer("own_clusters", layer), "of_mint": _of_layer("mints", layer)}
    ).withColumn("cluster", F.when(F.col("own.mint") == F.col("mint"), F.col("own.cluster")))
    sizes = (
        clustered.where("cluster IS NOT NULL")
        .groupBy("mint", "cluster")
        .agg(F.count(F.lit(1)).alias("coins"))
    )
    joined = clustered.join(F.broadcast(sizes), ["mint", "cluster"], "left")
    large = F.col("mint").isin(*mints) & (F.col("coins") >= layer.min_coins)
    name = F.when(large, F.format_string("%s/cluster-%02d", "mint", "cluster")).otherwise(F.col("mint"))
    return class_rows(joined.withColumns({"class": name, "evidence": _evidence(layer, mints)}), layer)


def _of_layer(column: str, layer: Layer) -> Column:
    """The item of this layer in an array of structs; null if there is none."""
    return F.filter(column, lambda item: item["layer"] == layer.name)[0]


def _evidence(layer: Layer, mints: tuple[str, ...]) -> Column:
    """Why a coin is in the class of its cluster, or in that of its mint."""
    where = F.format_string("cluster %d of %d", "cluster", "of_mint.clusters")
    few = F.format_string(" has %d coins, a class needs %d", "coins", F.lit(layer.min_coins))
    return (
        F.when(~F.col("mint").isin(*mints), F.lit(NOT_SPLIT))
        .when(F.col("of_mint.reason").isNotNull(), F.concat(F.lit("mint left whole: "), "of_mint.reason"))
        .when(F.col("image_id").isNull(), F.lit("no image"))
        .when(
            F.col("cluster").isNull(),
            F.concat(F.lit("its image counts for "), F.coalesce("own.mint", F.lit("another mint"))),
        )
        .when(F.col("coins") < layer.min_coins, F.concat(where, few))
        .otherwise(F.concat(where, F.format_string(", %.4f from its centroid", "own.distance")))
    )


def unsupervised_steps(config: Config) -> tuple[str, ...]:
    """The steps that are fitted on the images of all coins. Other networks are not fitted on these images."""
    network = ("DeepCluster network",) if config.features.weights == "deepcluster" else ()
    return (*network, "PCA", "k-means")


KIND = LayerKind(
    assign,
    with_clusters,
    reads=("clusters", "cluster_mints"),
    splits_mints=True,
    uses=("split", "k", "max_classes", "min_coins"),
    unsupervised_steps=unsupervised_steps,
)
