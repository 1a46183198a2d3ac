"""A listing as DataFrames. Rows go through Parquet: Spark would pickle them one by one."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from coinspark.ingest.frames import LISTED
from coinspark.ingest.records import SIDES, Listing, Record
from coinspark.warehouse.files import Location

_PHOTO = pa.struct([("uri", pa.string()), ("size", pa.int64()), ("modified", pa.int64())])
_TEXT = pa.struct([(name, pa.string()) for name in ("side", "language", "text", "text_id")])
_COINS = pa.schema(
    [
        ("coin_id", pa.string()),
        ("medium", pa.string()),
        ("mint", pa.string()),
        ("types", pa.list_(pa.string())),
        ("source", pa.string()),
        ("licence", pa.string()),
        *[(side, _PHOTO) for side in SIDES],
        ("descriptions", pa.list_(_TEXT)),
    ]
)
_REJECTS = pa.schema([(name, pa.string()) for name in ("coin_id", "medium", "uri", "reason", "detail")])


def listing_frames(spark: SparkSession, listing: Listing, folder: Location) -> tuple[DataFrame, DataFrame]:
    """The coins (columns `frames.LISTED`) and the rejects of a listing, stored as Parquet in the folder."""
    coins, rejects = folder / "coins.parquet", folder / "rejects.parquet"
    _write(pa.Table.from_pylist([_row(record) for record in listing.records], schema=_COINS), coins)
    reject_rows = [reject._asdict() for reject in listing.rejects]
    _write(pa.Table.from_pylist(reject_rows, schema=_REJECTS), rejects)
    return spark.read.schema(LISTED).parquet(coins.uri), spark.read.parquet(rejects.uri)


def _write(table: pa.Table, file: Location) -> None:
    with file.written() as path:
        pq.write_table(table, path)


def _row(record: Record) -> dict[str, object]:
    photos = {side: photo and photo._asdict() for side, photo in record.photos._asdict().items()}
    return {
        "coin_id": record.coin_id,
        "medium": record.medium,
        "mint": record.mint,
        "types": list(record.types),
        "source": record.source,
        "licence": record.licence,
        "descriptions": [text._asdict() for text in record.descriptions],
        **photos,
    }
