"""Small shards for the tests of training: synthetic images of three classes, written with pyarrow."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from pyspark.sql import DataFrame, SparkSession

from coinspark.training.shards import ShardSet, shard_path
from coinspark.warehouse import schemas
from coinspark.warehouse.local_frame import local_frame

CLASSES = ("Abdera", "Byzantion", "Perinthos")
TYPES = 2


def striped_image(n: int, height: int = 32, width: int = 64) -> bytes:
    """A JPEG of class n % 3: horizontal, vertical or no stripes, with noise of its own."""
    noise = np.random.default_rng(n).integers(0, 60, (height, width, 3))
    stripes = np.indices((height, width))[n % 3] if n % 3 < 2 else np.zeros((height, width), int)
    image = Image.fromarray((noise + (stripes // 4 % 2)[..., None] * 150).astype(np.uint8))
    image.save(stream := io.BytesIO(), "JPEG", quality=95)
    return stream.getvalue()


def write_shards(
    folder: Path,
    sizes: dict[str, tuple[int, ...]],
    row_group: int = 1000,
    image: Callable[[int], bytes] = striped_image,
    types: tuple[str, ...] = (),
) -> ShardSet:
    """Write shards with the given numbers of rows by split.

    Coins are numbered within a split; the label is the number modulo 3, and the type alternates every two
    coins.
    """
    images = np.zeros(3, int)
    for split, rows in sizes.items():
        start = 0
        for shard, n in enumerate(rows):
            coins = list(range(start, start + n))
            start += n
            labels = np.array([coin % 3 for coin in coins], np.int32)
            if split == "train":
                images += np.bincount(labels, minlength=3)
            if n:
                file = shard_path(str(folder), split, shard)
                file.parent.mkdir(parents=True, exist_ok=True)
                columns = {
                    "coin_id": [f"{split}{coin}" for coin in coins],
                    "medium": ["original"] * n,
                    "label": pa.array(labels),
                    "type": pa.array([coin // 2 % TYPES for coin in coins], pa.int32()),
                    "jpeg": [image(coin) for coin in coins],
                }
                pq.write_table(pa.table(columns), file, row_group_size=row_group)
    return ShardSet(str(folder), "0" * 64, CLASSES, dict(sizes), tuple(int(n) for n in images), types)


def image_table(spark: SparkSession, numbers: Iterable[int]) -> DataFrame:
    """The table `images` with an image `i<number>` of 32 × 64 pixels for each number."""
    rows = [(f"i{n}", 32, 64, 32, bytearray(striped_image(n))) for n in numbers]
    return local_frame(spark, rows, schemas.IMAGES.ddl)
