"""Export of one fold of one layer to shards: evenly sized, shuffled, plain Parquet files.

Rows are ordered by `xxhash64(seed, coin_id, medium)` and assigned to the shards in turn. The files do not
depend on the order or the partitioning of the tables.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from coinspark.core import hashing
from coinspark.core.code_version import code_version
from coinspark.core.errors import InputError
from coinspark.pipeline.scratch import remove_others
from coinspark.training import shards
from coinspark.training.shards import ShardSet
from coinspark.warehouse.files import Location
from coinspark.warehouse.local_frame import local_frame

SPLITS = ("train", "validation", "test")
_MIN_TYPE_IMAGES = 3  # training images of a type; types with fewer are not trained


@dataclass(frozen=True)
class ExportSpec:
    """What to export.

    Attributes:
        layer: Name of the class layer.
        fold: Number of the fold.
        size: Height of the images in pixels.
        seed: Seed of the order of the rows.
        shards: Number of files per split.
        max_images_per_class: Limit of training images of a class; None: no limit.
        types: Whether to export the type of each training coin.
    """

    layer: str
    fold: int
    size: int
    seed: int
    shards: int
    max_images_per_class: int | None = None
    types: bool = False


def export(
    splits: DataFrame, coins: DataFrame, images: DataFrame, spec: ExportSpec, root: Location
) -> ShardSet:
    """Write the shards below `root` unless they exist: their folder is named by a hash of rows and code.

    Raises:
        InputError: The layer has fewer than two classes with photographed coins.
    """
    selection = select_rows(splits, coins, images, spec).cache()
    try:
        classes = sorted(row["class"] for row in selection.select("class").distinct().collect())
        if len(classes) < 2:
            raise InputError(
                f"layer {spec.layer!r}, fold {spec.fold}: {len(classes)} classes with images of size "
                f"{spec.size}, training needs at least 2; check the table splits, and that ingest.sizes "
                "contains training.size"
            )
        types = _types(selection)
        rows = with_pixels(selection, images, classes, types, spec.size)
        return write_shards(rows, selection, (classes, types), spec.shards, root)
    finally:
        selection.unpersist()


def select_rows(splits: DataFrame, coins: DataFrame, images: DataFrame, spec: ExportSpec) -> DataFrame:
    """Join splits, coins and images; one row per coin with an image of the size.

    Returns:
        `split`, `shard`, `position`, `coin_id`, `medium`, `class`, `type`, `image_id`. `position` counts
        from 0 within a split; shards of a split differ by at most one row. `type` is null except for
        training coins with exactly one type, if types are exported.
    """
    only_type = F.when(F.lit(spec.types) & (F.size("types") == 1), F.col("types")[0])
    photographed = coins.select("coin_id", "medium", "image_id", only_type.alias("type")).join(
        images.where(F.col("size") == spec.size).select("image_id"), "image_id"
    )
    selection = splits.where((F.col("layer") == spec.layer) & (F.col("fold") == spec.fold)).join(
        photographed, ["coin_id", "medium"]
    )
    order = random_order(spec.seed, "coin_id", "medium")
    if spec.max_images_per_class is not None:
        position = F.row_number().over(Window.partitionBy("split", "class").orderBy(*order))
        selection = selection.withColumn("position", position).where(
            (F.col("split") != "train") | (F.col("position") <= spec.max_images_per_class)
        )
    position = F.row_number().over(Window.partitionBy("split").orderBy(*order)) - 1
    return (
        selection.withColumn("position", position)
        .withColumn("shard", F.col("position") % spec.shards)
        .select(
            "split",
            "shard",
            "position",
            "coin_id",
            "medium",
            "class",
            F.when(F.col("split") == "train", F.col("type")).alias("type"),
            "image_id",
        )
    )


def random_order(seed: int, *keys: str) -> list[Column]:
    """Columns to sort by for an order that depends on the seed and the keys only."""
    return [F.xxhash64(F.lit(seed).cast("bigint"), *keys), *(F.col(key) for key in keys)]


def with_pixels(
    selection: DataFrame, images: DataFrame, classes: list[str], types: list[str], size: int
) -> DataFrame:
    """Add the columns of a shard: `split`, `shard`, `position`, then `shards.COLUMNS`.

    Labels are indices into `classes` and `types`.
    """
    pixels = images.where(F.col("size") == size).select("image_id", "jpeg")
    labelled = (
        selection.join(F.broadcast(_label_table(selection, classes, "class", "label")), "class")
        .join(F.broadcast(_label_table(selection, types, "type", "number")), "type", "left")
        .withColumn("type", F.coalesce("number", F.lit(-1)))
        .join(pixels, "image_id")
    )
    return labelled.select("split", "shard", "position", *shards.COLUMNS)


def _label_table(like: DataFrame, names: list[str], name_column: str, label_column: str) -> DataFrame:
    return local_frame(
        like.sparkSession,
        [(name, label) for label, name in enumerate(names)],
        f"{name_column} string, {label_column} int",
    )


def write_shards(
    rows: DataFrame, selection: DataFrame, labels: tuple[list[str], list[str]], count: int, root: Location
) -> ShardSet:
    """Write `count` shards per split below `root`, unless they exist there. Other shards there are deleted.

    Args:
        rows: As from `with_pixels`.
        selection: The same rows without pixels: `split`, `shard`, `class`.
        labels: Names of classes and of types, in label order.
    """
    classes, types = labels
    digest = content_hash(rows, classes + types)
    folder = root / hashing.digest([digest, code_version(__name__)])[:16]
    remove_others(root, {folder.name})
    if (existing := shards.load(folder, digest)) is not None:
        return existing
    folder.remove()
    _write_files(rows, folder)
    shard_set = ShardSet(
        str(folder),
        digest,
        tuple(classes),
        _rows_per_shard(selection, count),
        _images_per_class(selection, classes),
        tuple(types),
    )
    shards.save(shard_set, folder)
    return shard_set


def content_hash(rows: DataFrame, names: list[str]) -> str:
    """SHA-256 hex of the shards' content: the names of classes and types, and all columns of every row."""
    columns = ("split", "shard", "position", "coin_id", "medium", "label", "type")
    values = F.struct(*columns, F.sha2("jpeg", 256).alias("jpeg"))
    row_hash = F.sha2(F.to_json(values), 256)  # as JSON, values with separators stay apart
    total = sha256(json.dumps(names).encode())
    for value in sorted(row["hash"] for row in rows.select(row_hash.alias("hash")).collect()):
        total.update(value.encode())
    return total.hexdigest()


def _write_files(rows: DataFrame, folder: Location) -> None:
    """Write one Parquet file per shard with Spark, and move each to its path in `folder`."""
    part = folder.parent / f"{folder.name}.part"
    part.remove()
    (
        rows.repartition("split", "shard")
        .sortWithinPartitions("split", "shard", "position")
        .drop("position")
        .write.partitionBy("split", "shard")
        .option("compression", "snappy")
        .option("maxRecordsPerFile", 0)  # whatever the session's setting: one file per shard
        .parquet(part.uri)
    )
    for split in (path for path in part.iterdir() if path.name.startswith("split=")):
        for shard in (path for path in split.iterdir() if path.name.startswith("shard=")):
            name = shards.shard_name(
                split.name.removeprefix("split="), int(shard.name.removeprefix("shard="))
            )
            for file in (path for path in shard.iterdir() if path.name.endswith(".parquet")):
                file.move(folder / name)
    part.remove()


def _rows_per_shard(selection: DataFrame, count: int) -> dict[str, tuple[int, ...]]:
    rows = {
        (row["split"], row["shard"]): row["count"]
        for row in selection.groupBy("split", "shard").count().collect()
    }
    return {split: tuple(rows.get((split, shard), 0) for shard in range(count)) for split in SPLITS}


def _types(selection: DataFrame) -> list[str]:
    """The types with enough training images, sorted by name."""
    counts = selection.where("type != ''").groupBy("type").count().collect()
    return sorted(row["type"] for row in counts if row["count"] >= _MIN_TYPE_IMAGES)


def _images_per_class(selection: DataFrame, classes: list[str]) -> tuple[int, ...]:
    counts = selection.where(F.col("split") == "train").groupBy("class").count().collect()
    images = {row["class"]: row["count"] for row in counts}
    return tuple(images.get(name, 0) for name in classes)
