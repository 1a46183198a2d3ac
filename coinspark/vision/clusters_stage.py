"""Stage `clusters`: features → clusters of each mint that a cluster layer splits.

Vectors are reduced as in DeepCluster (PCA, whitening, length 1), then clustered by k-means. Without `k`, the
number of clusters is selected anew in each build, by the simplified silhouette. Clusters keep their numbers
from build to build.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.config import Config, Layer
from coinspark.core.errors import InputError
from coinspark.ingest.frames import mint_sizes
from coinspark.pipeline.stage import Change, Context, Stage
from coinspark.vision.backbones import BACKBONES
from coinspark.vision.feature_network import network_settings, select_network
from coinspark.vision.features import of_model
from coinspark.vision.mint_clusters import MintResult, cluster_mint, mint_images, reasons_not_finite
from coinspark.vision.network import resolve_precision
from coinspark.warehouse import schemas
from coinspark.warehouse.local_frame import local_frame

_EXAMPLES = 3  # images that an error message names


def build(context: Context) -> Mapping[str, DataFrame | Change]:
    """Cluster the mints of each cluster layer: {"clusters": rows, "cluster_mints": a row per layer and mint}.

    Raises InputError if features are missing, or if a weights file differs from its record.
    """
    config, spark = context.config, context.spark
    layers = config.layers_reading("clusters")
    if not layers:
        raise InputError(
            "clusters: no layer is of kind clusters; add one to `layers`, such as "
            "{name: clusters, kind: clusters, split: {largest: 2}}"
        )
    model = select_network(context).model
    features = of_model(context.read("features"), model).select("image_id", "vector")
    sizes = mint_sizes(context.read("coins"))
    clusters = [local_frame(spark, [], schemas.CLUSTERS.ddl)]
    mints: list[tuple[Any, ...]] = []
    for layer in layers:
        for mint, result in _cluster_layer(
            context, layer, layer.split.mints_of(sizes, layer.name), model, features
        ):
            show = context.say if result.reason is None else context.notice
            show(f"clusters  {layer.name}: {mint}: {result}")
            silhouette = None if result.silhouette is None else round(result.silhouette, 4)
            mints.append((layer.name, mint, model, result.images, result.clusters, silhouette, result.reason))
            if result.rows is not None:
                columns = {"layer": F.lit(layer.name), "mint": F.lit(mint), "model": F.lit(model)}
                clusters.append(result.rows.withColumns(columns).select(*schemas.CLUSTERS.columns))
    return {
        schemas.CLUSTERS.name: reduce(DataFrame.unionByName, clusters),
        schemas.CLUSTER_MINTS.name: local_frame(spark, mints, schemas.CLUSTER_MINTS.ddl),
    }


def _cluster_layer(
    context: Context, layer: Layer, mints: tuple[str, ...], model: str, features: DataFrame
) -> Iterator[tuple[str, MintResult]]:
    """Cluster the mints of a layer, in the order of their names.

    K-means starts from the clusters of the previous build only if those are of the same model.
    """
    images = mint_images(context.read("coins"), mints)
    _check_features_exist(images, features, layer)
    not_finite = reasons_not_finite(images, features)
    previous = context.reusable("clusters").where(F.col("layer") == layer.name)
    resume = not previous.where(F.col("model") == model).isEmpty()
    before = previous.select("image_id", "mint", F.col("cluster").alias("before"))
    images = images.join(before, ["image_id", "mint"], "left")
    counts = {row["mint"]: int(row["count"]) for row in images.groupBy("mint").count().collect()}
    for mint in mints:
        if reason := not_finite.get(mint):
            yield mint, MintResult(counts[mint], reason=reason)
            continue
        # broadcast the ids: Spark underestimates the size of the vectors and would broadcast those
        ids = F.broadcast(images.where(F.col("mint") == mint))
        vectors = features.join(ids, "image_id").select(F.col("image_id").alias("key"), "vector", "before")
        try:
            yield mint, cluster_mint(vectors, counts.get(mint, 0), layer, context.config.seed, resume)
        except InputError as error:
            raise InputError(f"clusters: layer {layer.name}: {mint}: {error}") from None


def _check_features_exist(images: DataFrame, features: DataFrame, layer: Layer) -> None:
    """Raise InputError if an image has no features of the model."""
    missing = images.join(features.select("image_id"), "image_id", "left_anti")
    if rows := missing.orderBy("image_id").limit(_EXAMPLES).collect():
        examples = ", ".join(f"{row['image_id']} ({row['mint']})" for row in rows)
        raise InputError(
            f"clusters: {missing.count():,} images of the mints that layer {layer.name} splits have no "
            "features of the "
            f"configured network, such as {examples}; run `coinspark features`, and check that "
            "features.mints is empty or "
            "names these mints"
        )


def _settings(config: Config) -> Any:
    keys = {"name", "split", "k", "max_classes", "min_coins"}
    layers = [layer.model_dump(mode="json", include=keys) for layer in config.layers_reading("clusters")]
    return {"layers": layers, **network_settings(config)}


def _reads(config: Config) -> tuple[str, ...]:
    return ("coins", "features", *(("networks",) if config.features.weights == "deepcluster" else ()))


STAGE = Stage(
    name="clusters",
    help="Cluster the images of each mint that a layer splits.",
    reads=_reads,
    writes=(schemas.CLUSTERS.name, schemas.CLUSTER_MINTS.name),
    settings=_settings,
    build=build,
    outside=lambda config: resolve_precision(config.features.precision),
    modules=lambda config: (BACKBONES.module(config.training.model),),
    scheduled=lambda config: bool(config.layers_reading("clusters")),
)
