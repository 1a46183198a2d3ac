"""Spark around the merging of photos: a listing's coins in, pictures and rejects out, spread over files.

Only paths travel: a photo is read where it is merged, and its picture is written there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import cv2
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.ingest.decode import PhotoError
from coinspark.ingest.merged_image import Merge, image_id, merge_photos
from coinspark.ingest.photo_files import read_bytes

SIDES = ("obverse", "reverse", "merged")
OUTCOME = (
    "coin_id string, medium string, image_id string, size int, width int, height int, jpeg binary, "
    "uri string, reason string, detail string"
)
"""A row for each picture made (reason is null), or one for a coin that was rejected (image_id is null)."""

_FIELDS = pa.schema(
    [
        ("coin_id", pa.string()),
        ("medium", pa.string()),
        ("image_id", pa.string()),
        ("size", pa.int32()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("jpeg", pa.binary()),
        ("uri", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)
_ROWS = 256  # pictures in an Arrow batch: some MB, so that a worker's memory does not grow with its partition


def merge_coins(coins: DataFrame, merge: Merge, max_bytes: int, partitions: int) -> DataFrame:
    """Merge these coins' photos (columns of the listing) into OUTCOME rows, in so many partitions."""
    narrow = coins.select(
        "coin_id",
        "medium",
        *[F.col(f"{side}.uri").alias(side) for side in SIDES],
        *[F.col(f"{side}.size").alias(f"{side}_bytes") for side in SIDES],
    )
    return narrow.repartition(partitions).mapInArrow(_worker(merge, max_bytes), OUTCOME)


def _worker(merge: Merge, max_bytes: int) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        cv2.setNumThreads(1)  # Spark runs a worker a core already
        made: list[dict[str, Any]] = []
        for batch in batches:
            for coin in batch.to_pylist():
                made += merge_coin(coin, merge, max_bytes)
                if len(made) >= _ROWS:
                    yield pa.RecordBatch.from_pylist(made, schema=_FIELDS)
                    made = []
        if made:
            yield pa.RecordBatch.from_pylist(made, schema=_FIELDS)

    return work


def merge_coin(coin: dict[str, Any], merge: Merge, max_bytes: int) -> list[dict[str, Any]]:
    """One coin's OUTCOME rows; what is wrong with its photos is a row, too.

    `coin`: coin_id, medium, and for each side its uri and `<side>_bytes`, both null where it has no such photo.
    """
    key = {"coin_id": coin["coin_id"], "medium": coin["medium"]}
    uris = {side: coin[side] for side in SIDES if coin[side] is not None}
    photos: dict[str, bytes] = {}
    try:
        for side, uri in uris.items():
            photos[side] = _read(side, uri, coin[f"{side}_bytes"], max_bytes)
        pictures = merge_photos(photos, merge)
    except PhotoError as error:
        return [
            key | {"uri": uris[error.side], "reason": error.reason, "detail": f"{error.side}: {error.detail}"}
        ]
    name = image_id(photos, merge)
    return [key | {"image_id": name} | picture._asdict() for picture in pictures]


def _read(side: str, uri: str, listed: int, max_bytes: int) -> bytes:
    if listed > max_bytes:
        raise PhotoError("too_large", f"the file has {listed} bytes, ingest.max_bytes is {max_bytes}", side)
    try:
        return read_bytes(uri)
    except FileNotFoundError:
        raise PhotoError("missing_photo", "the file was gone when it was opened", side) from None
    except OSError as error:
        raise PhotoError("unreadable", f"the file cannot be read ({error.strerror or error})", side) from None
