"""Even, shuffled, plain Parquet shards of one fold of one layer, exported from the tables as they were read.

Rows stand in the order of `xxhash64(seed, coin_id, medium)` and are dealt to the shards in turn: neither the order of the
input nor its partitioning changes a byte of what a worker reads.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from coinspark.core.errors import InputError
from coinspark.training import shards as shard_files
from coinspark.training.shards import Shards

SPLITS = ("train", "validation", "test")
_SHOWN = 3  # train images of a type; from fewer there is nothing to learn


@dataclass(frozen=True)
class Want:
    """What to export: a fold of a layer, images of `size`, into `shards` files a split, `cap` train images a class.

    `types`: with the type of each train coin.
    """

    layer: str
    fold: int
    size: int
    seed: int
    shards: int
    cap: int | None = None
    types: bool = False


def pick(splits: DataFrame, coins: DataFrame, images: DataFrame, want: Want) -> DataFrame:
    """splits ⋈ coins ⋈ images, a row a photographed coin.

    `split`, `shard`, `place`, `coin_id`, `medium`, `class`, `type`, `image_id`. Coins without a photo of the size drop out.
    `place` counts from 0 within a split; a shard's rows differ by at most one. `type` is null but for a train coin whose type
    is wanted and sure.
    """
    sure = F.when(F.lit(want.types) & (F.size("types") == 1), F.col("types")[0])
    photographed = coins.select("coin_id", "medium", "image_id", sure.alias("type")).join(
        images.where(F.col("size") == want.size).select("image_id"), "image_id"
    )
    chosen = splits.where((F.col("layer") == want.layer) & (F.col("fold") == want.fold)).join(
        photographed, ["coin_id", "medium"]
    )
    order = [
        F.xxhash64(F.lit(want.seed).cast("bigint"), "coin_id", "medium"),
        F.col("coin_id"),
        F.col("medium"),
    ]
    if want.cap is not None:
        place = F.row_number().over(Window.partitionBy("split", "class").orderBy(*order))
        chosen = chosen.withColumn("place", place).where(
            (F.col("split") != "train") | (F.col("place") <= want.cap)
        )
    place = F.row_number().over(Window.partitionBy("split").orderBy(*order)) - 1
    return (
        chosen.withColumn("place", place)
        .withColumn("shard", F.col("place") % want.shards)
        .select(
            "split",
            "shard",
            "place",
            "coin_id",
            "medium",
            "class",
            F.when(F.col("split") == "train", F.col("type")).alias("type"),
            "image_id",
        )
    )


def with_pixels(
    picked: DataFrame, images: DataFrame, classes: list[str], types: list[str], size: int
) -> DataFrame:
    """`split`, `shard`, `place` and the shard's own columns; `classes` and `types` stand in the order of their labels."""
    pixels = images.where(F.col("size") == size).select("image_id", "jpeg")
    labelled = (
        picked.join(F.broadcast(_numbered(picked, classes, "class", "label")), "class")
        .join(F.broadcast(_numbered(picked, types, "type", "number")), "type", "left")
        .withColumn("type", F.coalesce("number", F.lit(-1)))
        .join(pixels, "image_id")
    )
    return labelled.select("split", "shard", "place", *shard_files.COLUMNS)


def _numbered(like: DataFrame, names: list[str], name: str, number: str) -> DataFrame:
    return like.sparkSession.createDataFrame(
        [(one, n) for n, one in enumerate(names)], f"{name} string, {number} int"
    )


def export(splits: DataFrame, coins: DataFrame, images: DataFrame, want: Want, root: Path) -> Shards:
    """Write the shards of `want` below `root`, or find them there finished: the folder's name is the hash of the rows.

    Raises InputError where the layer has no photographed coin to train on, or only one class.
    """
    picked = pick(splits, coins, images, want).cache()
    try:
        names = sorted(row["class"] for row in picked.select("class").distinct().collect())
        if len(names) < 2:
            raise InputError(
                f"layer {want.layer!r}, fold {want.fold}: {len(names)} classes with photographs of size "
                f"{want.size}; training needs two. Check the splits, and that ingest.sizes holds training.size"
            )
        types = _types(picked)
        rows = with_pixels(picked, images, names, types, want.size)
        return stored(rows, picked, (names, types), want.shards, root)
    finally:
        picked.unpersist()


def stored(
    rows: DataFrame, picked: DataFrame, labels: tuple[list[str], list[str]], number: int, root: Path
) -> Shards:
    """Write `number` shards a split, or find them there finished.

    `rows` as `with_pixels` gives them; `picked` are the same without pixels, with the columns split, shard and class; `labels`
    are classes and types.
    """
    names, types = labels
    digest = fingerprint(rows, names + types)
    folder = root / digest[:16]
    if (found := shard_files.load(folder, digest)) is not None:
        return found
    shutil.rmtree(folder, ignore_errors=True)
    _write(rows, folder)
    written = Shards(
        str(folder), digest, tuple(names), _count(picked, number), _images(picked, names), tuple(types)
    )
    shard_files.save(written)
    return written


def fingerprint(rows: DataFrame, names: list[str]) -> str:
    """SHA-256 hex of the shards' content: names of classes and types, and place, key, labels and JPEG bytes of every row."""
    parts = [
        F.col(name).cast("string")
        for name in ("split", "shard", "place", "coin_id", "medium", "label", "type")
    ]
    hashed = rows.select(F.sha2(F.concat_ws("\x1f", *parts, F.sha2("jpeg", 256)), 256).alias("row")).collect()
    total = sha256("\x1f".join(names).encode())
    for row in sorted(row["row"] for row in hashed):
        total.update(row.encode())
    return total.hexdigest()


def _write(rows: DataFrame, folder: Path) -> None:
    """Spark writes a file a shard into a folder beside, from which each is moved to its plain name."""
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    (
        rows.repartition("split", "shard")
        .sortWithinPartitions("split", "shard", "place")
        .drop("place")
        .write.partitionBy("split", "shard")
        .option("compression", "snappy")
        .parquet(part.absolute().as_uri())
    )
    for file in sorted(part.glob("split=*/shard=*/*.parquet")):
        shard, split = file.parent.name.removeprefix("shard="), file.parent.parent.name.removeprefix("split=")
        target = shard_files.path_of(str(folder), split, int(shard))
        if target.exists():
            raise InputError(
                f"{target}: the shard came in two files; the folder is not ours to write: {folder}"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)
    shutil.rmtree(part)


def _count(picked: DataFrame, shards: int) -> dict[str, tuple[int, ...]]:
    counted = {
        (row["split"], row["shard"]): row["count"]
        for row in picked.groupBy("split", "shard").count().collect()
    }
    return {split: tuple(counted.get((split, shard), 0) for shard in range(shards)) for split in SPLITS}


def _types(picked: DataFrame) -> list[str]:
    """The types that enough train images show, by name."""
    counted = picked.where("type != ''").groupBy("type").count().collect()
    return sorted(row["type"] for row in counted if row["count"] >= _SHOWN)


def _images(picked: DataFrame, classes: list[str]) -> tuple[int, ...]:
    train = picked.where(F.col("split") == "train").groupBy("class").count().collect()
    counted = {row["class"]: row["count"] for row in train}
    return tuple(counted.get(name, 0) for name in classes)
