"""The stage `ingest`: sources → coins, images, rejects.

It reads no table of another stage; its own published ones tell which photos need not be opened again.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.ingest import frames, sources
from coinspark.ingest.merge import OUTCOME, merge_coins
from coinspark.ingest.merged_image import Merge
from coinspark.ingest.records import Listing, Record, digest
from coinspark.pipeline import chunks
from coinspark.pipeline.chunks import ChunkedWork
from coinspark.pipeline.stage import Change, Context, Stage

_PHOTO = pa.struct([("uri", pa.string()), ("size", pa.int64()), ("modified", pa.int64())])
_TEXT = pa.struct([(name, pa.string()) for name in ("side", "language", "text", "text_id")])
_LISTED = pa.schema(
    [
        ("coin_id", pa.string()),
        ("medium", pa.string()),
        ("mint", pa.string()),
        ("types", pa.list_(pa.string())),
        ("source", pa.string()),
        ("licence", pa.string()),
        ("obverse", _PHOTO),
        ("reverse", _PHOTO),
        ("merged", _PHOTO),
        ("descriptions", pa.list_(_TEXT)),
    ]
)
_REJECTED = pa.schema([(name, pa.string()) for name in ("coin_id", "medium", "uri", "reason", "detail")])
_ENOUGH = 10  # photos below which a share says nothing


def build(context: Context) -> dict[str, DataFrame | Change]:
    """The three tables. InputError when so many photos are refused that the fault must lie elsewhere."""
    config, spark = context.config, context.spark
    merge = merge_settings(config)
    found = sources.read_all(config)
    _check_missing(config, found)
    listing, refused = _write_listing(context, found)
    coins, images = context.read("coins"), context.read("images")
    known = frames.known_images(listing, coins, images, merge)
    todo = frames.with_photos(listing).join(known, frames.KEY, "left_anti")
    folder = context.scratch / "merged"
    parts = _merge_chunks(context, todo, merge, folder)
    outcome = spark.read.schema(OUTCOME).parquet(*parts) if parts else spark.createDataFrame([], OUTCOME)
    if parts:
        _check_share(context, outcome, folder)
    made = frames.coins_table(listing, known, outcome)
    return {
        "images": Change(rows=frames.new_images(outcome, images), keep=frames.kept_images(made, merge)),
        "coins": made,
        "rejects": frames.rejects_table(refused, outcome),
    }


def merge_settings(config: Config) -> Merge:
    """The part of the configuration that decides how a picture looks."""
    ingest = config.ingest
    return Merge(tuple(sorted(set(ingest.sizes))), ingest.shape, ingest.quality, ingest.max_pixels)


def _write_listing(context: Context, found: Listing) -> tuple[DataFrame, DataFrame]:
    """The listing as DataFrames, by way of Parquet in scratch: Spark would pickle rows one by one."""
    coins, rejects = context.scratch / "listing.parquet", context.scratch / "refused.parquet"
    pq.write_table(pa.Table.from_pylist([_row(record) for record in found.records], schema=_LISTED), coins)
    pq.write_table(
        pa.Table.from_pylist([reject._asdict() for reject in found.rejects], schema=_REJECTED), rejects
    )
    spark = context.spark
    return spark.read.schema(frames.LISTED).parquet(_uri(coins)), spark.read.parquet(_uri(rejects))


def _row(record: Record) -> dict[str, object]:
    photos = {
        side: photo and photo._asdict()
        for side in frames.SIDES
        if (photo := getattr(record, side)) is not None
    }
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


def _merge_chunks(context: Context, todo: DataFrame, merge: Merge, folder: Path) -> list[str]:
    """Merge chunk by chunk into Parquet below `folder` and return the chunks' places; JPEGs are not packed a second time."""
    mark = "-".join([merge.mark, *map(str, merge.sizes)])
    work = ChunkedWork(todo, frames.KEY, context.config.ingest.chunk, mark, "ingest", "coins merged")

    def merged(coins: DataFrame, count: int, place: Path) -> None:
        partitions = chunks.count_partitions(context.spark, count, per_core=4)  # photos are of unequal size
        outcome = merge_coins(coins, merge, context.config.ingest.max_bytes, partitions)
        outcome.write.mode("overwrite").option("compression", "none").parquet(_uri(place))

    return chunks.run_in_chunks(context, work, folder, merged)


def _check_missing(config: Config, found: Listing) -> None:
    """InputError when so many photos are missing that the root must be the wrong one, or not be mounted."""
    missing = [reject for reject in found.rejects if reject.reason == "missing_photo"]
    among = len(missing) + sum(record.has_photos for record in found.records)
    _check(
        config,
        {"missing_photo": len(missing)},
        among,
        missing[0].detail if missing else "",
        "see whether each source's `root` is the right folder",
    )


def _check_share(context: Context, outcome: DataFrame, folder: Path) -> None:
    """InputError when so many photos are refused that the fault must be the decoder's or the disk's.

    Counted are the coins opened tonight, less those refused for the same reason the build before: a few new coins must
    not hide behind many old ones, and old faults must not stop the build.
    """
    counts = frames.refused(outcome, context.read("rejects")).collect()
    reasons = {row["reason"]: row["n"] for row in counts if not row["old"]}
    if not reasons:
        return
    opened = outcome.select(*frames.KEY).distinct().count() - sum(row["n"] for row in counts if row["old"])
    worst = (
        outcome.where(F.col("reason") == max(reasons, key=lambda reason: reasons[reason]))
        .orderBy("uri")
        .first()
    )
    try:
        _check(
            context.config,
            reasons,
            opened,
            f"{worst['uri']}: {worst['detail']}" if worst else "",
            "see whether the photos and the decoder are sound",
        )
    except InputError:
        shutil.rmtree(folder, ignore_errors=True)  # or a mended decoder would find its old rejects there
        raise


def _check(config: Config, reasons: Mapping[str, int], among: int, example: str, hint: str) -> None:
    bad, share = sum(reasons.values()), config.ingest.max_reject_share
    if among >= _ENOUGH and bad > share * among:
        kinds = ", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items()))
        raise InputError(
            f"{bad:,} of {among:,} coins have photos that cannot be used ({kinds}), such as {example}. That is "
            f"more than ingest.max_reject_share ({share:g}); nothing was published: {hint}"
        )


def _uri(path: Path) -> str:
    return f"file://{path}"


def _settings(config: Config) -> Sequence[object]:
    return [
        config.ingest.model_dump(mode="json"),
        [source.model_dump(mode="json") for source in config.sources],
    ]


STAGE = Stage(
    name="ingest",
    help="Coins, merged images and rejects from the sources.",
    reads=lambda config: (),
    writes=("coins", "images", "rejects"),
    settings=_settings,
    build=build,
    outside=lambda config: digest(sources.read_all(config)),
)
