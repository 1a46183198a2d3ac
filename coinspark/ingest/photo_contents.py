"""Comparison of photos with the published tables by their bytes (`--verify-files`), on Spark.

Size and modification time of a photo can stay the same while its bytes change, as after `cp --preserve` or on
a failing disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from coinspark.ingest.frames import KEY, with_photos
from coinspark.ingest.merge import photo_columns, photo_ids, read_photos
from coinspark.ingest.records import SIDES
from coinspark.warehouse.files import Location

CONTENTS = "coin_id string, medium string, photo_ids array<string>"
"""`photo_ids` of a coin's photos as they are now; null for a photo that cannot be read."""
_SCHEMA = pa.schema([("coin_id", pa.string()), ("medium", pa.string()), ("photo_ids", pa.list_(pa.string()))])


def store_contents(listed: DataFrame, max_bytes: int, partitions: int, path: Location) -> DataFrame:
    """Hash every photo of the listed coins; rows of CONTENTS, stored as Parquet at `path`."""
    files = photo_columns(with_photos(listed)).repartition(partitions)
    files.mapInArrow(_worker(max_bytes), CONTENTS).write.mode("overwrite").parquet(path.uri)
    return read_contents(listed.sparkSession, path)


def read_contents(spark: SparkSession, path: Location) -> DataFrame:
    """Rows of CONTENTS that `store_contents` stored."""
    return spark.read.schema(CONTENTS).parquet(path.uri)


def changed_photos(listed: DataFrame, contents: DataFrame, coins: DataFrame, rejects: DataFrame) -> DataFrame:
    """uri of every photo that had other bytes when the tables were published; new photos do not count.

    Args:
        listed: Columns `frames.LISTED`.
        contents: Rows of CONTENTS of these coins.
        coins: The published table.
        rejects: The published table. Of a coin that was rejected at merging, it has the hashes.
    """
    now = with_photos(listed).join(contents, KEY).select(*KEY, _uris().alias("uris"), "photo_ids")
    accepted = coins.where("photo_ids IS NOT NULL")
    before = accepted.select(*KEY, _uris().alias("uris"), F.col("photo_ids").alias("before"))
    rejected = rejects.where("stage = 'ingest'").select(*KEY, "uri", F.col("photo_ids").alias("before"))
    is_its_reject = [F.col(f"now.{key}") == F.col(f"then.{key}") for key in KEY]
    is_its_reject.append(F.array_contains("now.uris", F.col("then.uri")))
    of_coins = now.join(before, [*KEY, "uris"])
    of_rejects = now.alias("now").join(rejected.alias("then"), is_its_reject).select("now.*", "then.before")
    photos = F.arrays_zip("uris", F.col("photo_ids").alias("now"), "before")
    pairs = of_coins.select(photos.alias("photos")).unionAll(of_rejects.select(photos.alias("photos")))
    changed = F.filter("photos", lambda photo: ~photo["now"].eqNullSafe(photo["before"]))
    return pairs.select(F.explode(changed).alias("photo")).select(F.col("photo.uris").alias("uri"))


def _uris() -> Column:
    """The URIs of a coin's photos, in the order of `photo_ids`."""
    return F.filter(F.array(*[f"{side}.uri" for side in SIDES]), lambda uri: uri.isNotNull())


def _worker(max_bytes: int) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = [
                {key: coin[key] for key in KEY}
                | {"photo_ids": photo_ids(coin, read_photos(coin, max_bytes)[0])}
                for coin in batch.to_pylist()
            ]
            yield pa.RecordBatch.from_pylist(rows, schema=_SCHEMA)

    return work
