"""Clusters of the images of one mint: whether, into how many clusters, and with which numbers."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.clustering import on_spark
from coinspark.clustering.kmeans import KMeansSettings
from coinspark.clustering.numbering import keep_numbers
from coinspark.clustering.pca import max_components
from coinspark.clustering.select_k import ClusterSelection, SelectionSettings
from coinspark.clustering.silhouette import candidate_ks
from coinspark.config import Layer
from coinspark.vision.features import not_finite

TOO_SIMILAR = "its images have fewer distinct vectors than clusters"
NO_IMAGES = "none of its coins has an image"


@dataclass(frozen=True)
class MintResult:
    """The outcome for one mint: a row of `cluster_mints`, and its rows of `clusters` if it was clustered.

    Attributes:
        images: Number of images.
        rows: image_id, cluster, distance; None if the mint was left whole.
        clusters: Number of clusters.
        largest: Images in the largest cluster.
        silhouette: Simplified silhouette, if the number of clusters was selected.
        note: What k-means reports, such as empty clusters.
        reason: Why the mint was left whole.
    """

    images: int
    rows: DataFrame | None = None
    clusters: int | None = None
    largest: int | None = None
    silhouette: float | None = None
    note: str = ""
    reason: str | None = None

    def __str__(self) -> str:
        if self.clusters is None or self.largest is None:
            return f"left whole: {self.reason}"
        selected = (
            f", selected by a silhouette of {self.silhouette:.3f}" if self.silhouette is not None else ""
        )
        note = f"; {self.note}" if self.note else ""
        share = self.largest / self.images
        return f"{self.images:,} images in {self.clusters} clusters{selected}, the largest {share:.0%}{note}"


def mint_images(coins: DataFrame, mints: tuple[str, ...]) -> DataFrame:
    """image_id, mint of the images of these mints; an image that mints share belongs to the first by name."""
    with_image = coins.where(F.col("image_id").isNotNull() & F.col("mint").isin(*mints))
    return with_image.groupBy("image_id").agg(F.min("mint").alias("mint"))


def reason_left_whole(images: int, layer: Layer) -> str | None:
    """Why a mint with this number of images cannot be clustered; None if it can."""
    if not images:
        return NO_IMAGES
    if layer.k is None:
        if layer.max_classes < 2:
            return f"max_classes is {layer.max_classes}"
        if images < 2 * layer.min_coins:
            return f"{images:,} images are too few for 2 clusters of {layer.min_coins:,}"
        return None
    if layer.k == 1:
        return "k is 1"
    return f"{images:,} images are fewer than {layer.k:,} clusters" if images < layer.k else None


def reasons_not_finite(images: DataFrame, features: DataFrame) -> dict[str, str]:
    """Why mints cannot be clustered some of whose vectors have NaN or infinity, by mint.

    Args:
        images: image_id, mint.
        features: image_id, vector.
    """
    # a missing vector is an error of its own (see `cluster_mint`)
    invalid = features.where(not_finite("vector"))
    mints = images.join(invalid.select("image_id"), "image_id").groupBy("mint")
    rows = mints.agg(F.count("*").alias("images"), F.min("image_id").alias("example")).collect()
    return {
        row["mint"]: f"the vectors of {row['images']:,} of its images have NaN or infinity, such as "
        f"that of {row['example']}"
        for row in rows
    }


def cluster_mint(vectors: DataFrame, images: int, layer: Layer, seed: int, resume: bool) -> MintResult:
    """Cluster the images of one mint.

    Args:
        vectors: key (image id), vector, before (number of the image's cluster in the previous build, or
            null).
        images: Number of rows of `vectors`.
        resume: Start k-means from the previous clusters, if there are as many as clusters are wanted.

    Raises:
        InputError: A vector is missing, not finite (see `reasons_not_finite`), or of another length.
    """
    if reason := reason_left_whole(images, layer):
        return MintResult(images, reason=reason)
    ks = (layer.k,) if layer.k else candidate_ks(min(layer.max_classes, images // layer.min_coins))
    kmeans = KMeansSettings(ks[0], tol=0, seed=seed)
    settings = SelectionSettings(kmeans, ks, max_components(images), resume)
    selection = on_spark.select_clusters(vectors, settings)
    clusters = selection.clusters
    k = len(clusters.centroids)
    if k < ks[0]:
        return MintResult(images, reason=TOO_SIMILAR)
    return MintResult(
        images,
        rows=_numbered(vectors, selection),
        clusters=k,
        largest=int(clusters.sizes.max()),
        silhouette=dict(selection.silhouettes).get(k),
        note=clusters.note,
    )


def _numbered(vectors: DataFrame, selection: ClusterSelection) -> DataFrame:
    """image_id, cluster, distance to the centroid; clusters keep their numbers from build to build."""
    centroids = selection.clusters.centroids
    numbers = keep_numbers(centroids, selection.clusters.sizes, selection.former, selection.former_numbers)
    number = F.array(*(F.lit(int(number)) for number in numbers))[F.col("cluster")]
    return on_spark.assign(vectors, centroids, selection.reduction).select(
        F.col("key").alias("image_id"),
        number.alias("cluster"),
        F.round(F.col("distance").cast("double"), 4).alias("distance"),
    )
