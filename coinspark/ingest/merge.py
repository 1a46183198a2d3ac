"""Merging of photos on Spark: coins in, merged images and rejects out.

Only paths are sent to the workers. A worker reads the photos and writes the images; a process of its own
decodes the photos (`decoder_process`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.ingest.decoder_process import DecoderProcess
from coinspark.ingest.merged_image import MergedImage, MergeSettings, image_id, photo_id
from coinspark.ingest.photo_error import PhotoError
from coinspark.ingest.photo_files import read_bytes
from coinspark.ingest.records import SIDES

OUTCOME = (
    "coin_id string, medium string, image_id string, photo_ids array<string>, size int, width int, "
    "height int, jpeg binary, uri string, reason string, detail string"
)
"""One row for each merged image (reason is null), or one for a rejected coin (image_id is null)."""

_SCHEMA = pa.schema(
    [
        ("coin_id", pa.string()),
        ("medium", pa.string()),
        ("image_id", pa.string()),
        ("photo_ids", pa.list_(pa.string())),
        ("size", pa.int32()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("jpeg", pa.binary()),
        ("uri", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)
_BATCH_ROWS = (
    256  # images in an Arrow batch, some MB: the memory of a worker does not grow with its partition
)


def merge_coins(coins: DataFrame, settings: MergeSettings, max_bytes: int, partitions: int) -> DataFrame:
    """Merge the photos of coins (columns of a listing) into rows of OUTCOME, in this many partitions."""
    return photo_columns(coins).repartition(partitions).mapInArrow(_worker(settings, max_bytes), OUTCOME)


def photo_columns(coins: DataFrame) -> DataFrame:
    """coin_id, medium, and for each side its uri and `<side>_bytes`; both are null without such a photo."""
    return coins.select(
        "coin_id",
        "medium",
        *[F.col(f"{side}.uri").alias(side) for side in SIDES],
        *[F.col(f"{side}.size").alias(f"{side}_bytes") for side in SIDES],
    )


def _worker(
    settings: MergeSettings, max_bytes: int
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows: list[dict[str, Any]] = []
        for batch in batches:
            for coin in batch.to_pylist():
                rows += merge_coin(coin, settings, max_bytes, decoder().merge)
                if len(rows) >= _BATCH_ROWS:
                    yield pa.RecordBatch.from_pylist(rows, schema=_SCHEMA)
                    rows = []
        if rows:
            yield pa.RecordBatch.from_pylist(rows, schema=_SCHEMA)

    return work


@lru_cache(maxsize=1)
def decoder() -> DecoderProcess:
    """The decoding process of this worker, which Spark reuses for several tasks."""
    return DecoderProcess()


def merge_coin(
    coin: dict[str, Any],
    settings: MergeSettings,
    max_bytes: int,
    merge: Callable[[Mapping[str, bytes], MergeSettings], list[MergedImage]],
) -> list[dict[str, Any]]:
    """Rows of OUTCOME for one coin. A photo that cannot be used (PhotoError) becomes a reject here.

    Args:
        coin: A row of `photo_columns`.
        merge: `merge_photos`, or the same in another process.
    """
    key: dict[str, Any] = {"coin_id": coin["coin_id"], "medium": coin["medium"]}
    photos, error = read_photos(coin, max_bytes)
    key["photo_ids"] = photo_ids(coin, photos)
    try:
        if error is not None:
            raise error
        images = merge(photos, settings)
    except PhotoError as error:
        detail = f"{error.side}: {error.detail}"
        return [key | {"uri": coin[error.side], "reason": error.reason, "detail": detail}]
    return [key | {"image_id": image_id(photos, settings)} | image._asdict() for image in images]


def read_photos(coin: Mapping[str, Any], max_bytes: int) -> tuple[dict[str, bytes], PhotoError | None]:
    """Side → content of the photos that can be read, and the error of the first one that cannot be.

    Args:
        coin: A row of `photo_columns`.
    """
    photos: dict[str, bytes] = {}
    first_error = None
    for side in _sides(coin):
        try:
            photos[side] = _read(side, coin[side], coin[f"{side}_bytes"], max_bytes)
        except PhotoError as error:
            first_error = first_error or error
    return photos, first_error


def photo_ids(coin: Mapping[str, Any], photos: Mapping[str, bytes]) -> list[str | None]:
    """`photo_id` of each photo of a coin (a row of `photo_columns`); None for one that cannot be read."""
    return [photo_id(photos[side]) if side in photos else None for side in _sides(coin)]


def _sides(coin: Mapping[str, Any]) -> list[str]:
    return [side for side in SIDES if coin[side] is not None]


def _read(side: str, uri: str, listed_bytes: int, max_bytes: int) -> bytes:
    """The content of a photo file. Raises PhotoError: too_large, missing_photo, unreadable."""
    if listed_bytes > max_bytes:
        detail = f"the file has {listed_bytes} bytes, ingest.max_bytes is {max_bytes}"
        raise PhotoError("too_large", detail, side)
    try:
        return read_bytes(uri)
    except FileNotFoundError:
        raise PhotoError("missing_photo", "the file was deleted after it had been listed", side) from None
    except OSError as error:
        detail = f"the file cannot be read ({error.strerror or error})"
        raise PhotoError("unreadable", detail, side) from None
