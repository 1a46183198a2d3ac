"""Small shards for the tests of training, written by pyarrow and not by the export: coins of three shades."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from coinspark.training.shards import Shards, path_of

CLASSES = ("Abdera", "Byzantion", "Perinthos")
TYPES = 2


def shade(n: int, height: int = 32, width: int = 64) -> bytes:
    """A JPEG of class n % 3: stripes across, along or none, with noise of its own."""
    noise = np.random.default_rng(n).integers(0, 60, (height, width, 3))
    stripes = np.indices((height, width))[n % 3] if n % 3 < 2 else np.zeros((height, width), int)
    picture = Image.fromarray((noise + (stripes // 4 % 2)[..., None] * 150).astype(np.uint8))
    picture.save(out := io.BytesIO(), "JPEG", quality=95)
    return out.getvalue()


def write(
    folder: Path,
    sizes: dict[str, tuple[int, ...]],
    row_group: int = 1000,
    picture: Callable[[int], bytes] = shade,
    types: tuple[str, ...] = (),
) -> Shards:
    """Shards with so many rows each; coin_id counts through a split, the label is its remainder by three.

    Two coins follow each other of a type, then two of the other.
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
                file = path_of(str(folder), split, shard)
                file.parent.mkdir(parents=True, exist_ok=True)
                pq.write_table(
                    pa.table(
                        {
                            "coin_id": [f"{split}{coin}" for coin in coins],
                            "medium": ["original"] * n,
                            "label": pa.array(labels),
                            "type": pa.array([coin // 2 % TYPES for coin in coins], pa.int32()),
                            "jpeg": [picture(coin) for coin in coins],
                        }
                    ),
                    file,
                    row_group_size=row_group,
                )
    return Shards(str(folder), "0" * 64, CLASSES, dict(sizes), tuple(int(n) for n in images), types)
