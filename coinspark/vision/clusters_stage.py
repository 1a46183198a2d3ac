"""The stage `clusters`: features → clusters of each mint that a layer of clusters splits, as DeepCluster makes them.

PCA to 256 numbers (fewer of few pictures: `reduce.bearable`), whitened, length 1, then k-means (`vision/division.py`). Where k
is left open it is chosen each build anew, out of 2, 3, 4, 6, 8, 12, 16, 24 … up to the layer's `classes` and to a mint's
pictures divided by `least`: the number with the best simplified silhouette, of equals the smaller. Clusters keep their numbers
from build to build (`vision/naming.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.clustering import numbering
from coinspark.clustering import spark as spread
from coinspark.clustering.kmeans import Plan
from coinspark.clustering.pca import bearable
from coinspark.clustering.select_k import Asked, Division
from coinspark.clustering.silhouette import candidates
from coinspark.config import Config, Layer
from coinspark.core.errors import InputError
from coinspark.ingest.frames import mint_sizes
from coinspark.pipeline.stage import Change, Context, Stage
from coinspark.vision import clusterable
from coinspark.vision.feature_network import network_settings, select_network
from coinspark.vision.features import of_model
from coinspark.vision.network import precision
from coinspark.warehouse import schemas

_SHOWN = 3  # pictures that a message names


def build(context: Context) -> Mapping[str, DataFrame | Change]:
    """{"clusters": a CLUSTERS frame}: the pictures of every mint that was cut, of a mint left whole none.

    Raises InputError where features are missing or not finite, or weights are not those that were recorded.
    """
    config = context.config
    if not config.layers_reading("clusters"):
        raise InputError(
            "clusters: no layer is of kind clusters; add one to `layers`, such as "
            "{name: clusters, kind: clusters, split: {largest: 2}}"
        )
    model = select_network(context).model
    features = of_model(context.read("features"), model).select("image_id", "vector")
    sizes = mint_sizes(context.read("coins"))
    made = [
        rows
        for layer in config.layers_reading("clusters")
        for rows in _layer(context, layer, layer.split.mints_of(sizes, layer.name), model, features)
    ]
    nothing = context.spark.createDataFrame([], schemas.CLUSTERS.ddl)
    return {schemas.CLUSTERS.name: reduce(DataFrame.unionByName, made, nothing)}


def _layer(
    context: Context, layer: Layer, split: tuple[str, ...], model: str, features: DataFrame
) -> Iterator[DataFrame]:
    """CLUSTERS rows of each of these mints that can be cut; of the others it is said why not.

    Last build's clusters are begun with where the same network gave them: another one's tell nothing of where to begin.
    """
    shown = clusterable.pictures(context.read("coins"), split)
    _check_there(shown, features, layer)
    known = context.read("clusters").where(F.col("layer") == layer.name)
    again = not known.where(F.col("model") == model).isEmpty()
    placed = shown.join(
        known.select("image_id", "mint", F.col("cluster").alias("before")), ["image_id", "mint"], "left"
    )
    counted = (
        shown.groupBy("mint")
        .agg(F.count(F.lit(1)).alias("n"))
        .withColumn("why", clusterable.left_whole(F.col("n"), layer))
    )
    for mint, pictures, why in counted.select("mint", "n", "why").orderBy("mint").collect():
        found = None
        if not why:
            # Spark takes a vector for four bytes, and would send all of them round by way of the driver instead of the names
            rows = features.join(F.broadcast(placed.where(F.col("mint") == mint)), "image_id").select(
                F.col("image_id").alias("key"), "vector", "before"
            )
            found = _divided(
                rows,
                _asked(layer, pictures, context.config.seed, again),
                f"clusters: layer {layer.name}: {mint}",
            )
        if found is not None:
            facts = {"layer": layer.name, "mint": mint, "model": model}
            yield (
                _numbered(rows, found)
                .withColumns({name: F.lit(fact) for name, fact in facts.items()})
                .select(*schemas.CLUSTERS.columns)
            )
        told = _told(found, pictures) if found else f"left whole: {why or clusterable.ALIKE}"
        context.say(f"clusters  {layer.name}: {mint}: {told}")


def _asked(layer: Layer, pictures: int, seed: int, again: bool) -> Asked:
    numbers = (layer.k,) if layer.k else candidates(min(layer.max_classes, pictures // layer.min_coins))
    return Asked(Plan(numbers[0], tolerance=0, seed=seed), numbers, bearable(pictures), again)


def _divided(rows: DataFrame, asked: Asked, where: str) -> Division | None:
    """The division of one mint's rows (key, vector, before); None where there are fewer distinct vectors than clusters."""
    try:
        found = spread.split(rows, asked)
    except InputError as wrong:
        raise InputError(f"{where}: {wrong}") from None
    return found if len(found.clusters.centroids) >= asked.numbers[0] else None


def _numbered(rows: DataFrame, found: Division) -> DataFrame:
    """image_id, cluster, distance: each picture in its cluster, under the number that the cluster keeps."""
    clusters = found.clusters
    numbers = numbering.numbers(clusters.centroids, clusters.sizes, found.former, found.known)
    placed = spread.assign(rows, clusters.centroids, found.reduction)
    number = F.array(*(F.lit(int(one)) for one in numbers))[F.col("cluster")]
    return placed.select(
        F.col("key").alias("image_id"),
        number.alias("cluster"),
        F.round(F.col("distance").cast("double"), 4).alias("distance"),
    )


def _told(found: Division, pictures: int) -> str:
    """What a mint's clusters came to, in a line."""
    k, largest = len(found.clusters.centroids), int(found.clusters.sizes.max())
    chosen = f", chosen for a silhouette of {dict(found.silhouettes)[k]:.3f}" if found.silhouettes else ""
    note = f"; {found.clusters.note}" if found.clusters.note else ""
    return f"{pictures:,} pictures in {k} clusters{chosen}, the largest {largest / pictures:.0%}{note}"


def _check_there(shown: DataFrame, features: DataFrame, layer: Layer) -> None:
    """InputError where a picture of a mint that is split has no features of the model."""
    lost = shown.join(features.select("image_id"), "image_id", "left_anti")
    if some := [
        f"{row['image_id']} ({row['mint']})" for row in lost.orderBy("image_id").limit(_SHOWN).collect()
    ]:
        raise InputError(
            f"clusters: {lost.count():,} pictures of the mints that layer {layer.name} splits have no features of "
            f"this configuration's network, such as {', '.join(some)}; run `coinspark features` with it, and "
            "see that features.mints is empty or names these mints"
        )


def _settings(config: Config) -> Any:
    asked = [
        layer.model_dump(mode="json", include={"name", "split", "k", "max_classes", "min_coins"})
        for layer in config.layers_reading("clusters")
    ]
    return {"layers": asked, **network_settings(config)}


def _reads(config: Config) -> tuple[str, ...]:
    return ("coins", "features", *(("networks",) if config.features.weights == "deepcluster" else ()))


STAGE = Stage(
    name="clusters",
    help="Clusters of each mint that a cluster layer splits.",
    reads=_reads,
    writes=(schemas.CLUSTERS.name,),
    settings=_settings,
    build=build,
    outside=lambda config: precision(config.features.precision),
    scheduled=lambda config: bool(config.layers_reading("clusters")),
)
