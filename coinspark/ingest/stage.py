"""The stage `ingest`: sources → coins, images, rejects.

It reads no table of another stage. Its own published tables tell which photos have been merged already.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.core.code_version import code_version
from coinspark.core.formatting import one_line
from coinspark.core.hashing import digest
from coinspark.ingest import frames, merge, reject_limits
from coinspark.ingest.header_limits import Limits
from coinspark.ingest.listing import SourceListings, check_sources, reader_modules
from coinspark.ingest.listing_frames import listing_frames
from coinspark.ingest.merge import OUTCOME, merge_coins
from coinspark.ingest.merged_image import MergeSettings
from coinspark.ingest.photo_contents import changed_photos, read_contents, store_contents
from coinspark.ingest.records import SIDES
from coinspark.pipeline import chunks
from coinspark.pipeline.chunks import ChunkedWork
from coinspark.pipeline.stage import Change, Context, Stage
from coinspark.pipeline.stored_files import describe_damage
from coinspark.warehouse.files import Location
from coinspark.warehouse.local_frame import local_frame

_CONTENTS = "contents"
_NO_RESULT = {"max_reject_share", "max_loss_share", "accept_loss", "chunk"}
"""Settings that do not change the tables: changing them does not run the stage again."""


def build(context: Context) -> dict[str, DataFrame | Change]:
    """Build the three tables. Raises InputError if too much is rejected or lost (see `reject_limits`)."""
    config, spark = context.config, context.spark
    settings = merge_settings(config)
    listings = context.outside or SourceListings(config)
    listing = listings.combined()
    checked = reject_limits.check_listing(context, listings.by_source())
    listed, rejects = listing_frames(spark, listing, context.scratch)
    coins, images = context.reusable("coins"), context.reusable("images")
    known = frames.known_images(listed, coins, images, settings)
    to_merge = frames.with_photos(listed)
    if context.verify_files:
        contents = read_contents(spark, context.scratch / _CONTENTS)
        known = known.join(contents, [*frames.KEY, "photo_ids"], "left_semi")
        to_merge = to_merge.join(contents, frames.KEY)
    changed = to_merge.join(known, frames.KEY, "left_anti")
    folder = context.scratch / "merged"
    uris = _merge_in_chunks(context, changed, settings, folder)
    outcome = spark.read.schema(OUTCOME).parquet(*uris) if uris else local_frame(spark, [], OUTCOME)
    if uris:
        reject_limits.check_outcome(context, checked, listed, outcome, folder)
    new_coins = frames.coins_table(listed, known, outcome)
    return {
        "images": Change(
            rows=frames.new_images(outcome, images), keep=frames.kept_images(new_coins, settings)
        ),
        "coins": new_coins,
        "rejects": frames.rejects_table(rejects, outcome),
    }


def differences(context: Context) -> str:
    """Damaged files that a reader writes itself, which are deleted; with `verify_files` also changed photos.

    The hashes of all photos stay in the scratch folder, for `build`.
    """
    config, listings = context.config, context.outside or SourceListings(context.config)
    damaged = listings.discard_damaged(context.verify_files)
    texts = [describe_damage(damaged)] if damaged else []
    if context.verify_files:
        listing = listings.combined()
        listed, _ = listing_frames(context.spark, listing, context.scratch)
        partitions = chunks.count_partitions(context.spark, len(listing.records), per_core=4)
        contents = store_contents(listed, config.ingest.max_bytes, partitions, context.scratch / _CONTENTS)
        changed = changed_photos(listed, contents, context.read("coins"), context.read("rejects"))
        row = changed.agg(F.count("*").alias("n"), F.min("uri").alias("first")).collect()[0]
        if row["n"]:
            texts.append(f"photos whose bytes have changed: {row['n']:,}, such as {one_line(row['first'])}")
    return "; ".join(texts)


def merge_settings(config: Config) -> MergeSettings:
    """The part of the configuration that decides the pixels of a merged image."""
    ingest = config.ingest
    limits = Limits(ingest.max_pixels, ingest.max_memory, ingest.max_seconds)
    return MergeSettings(tuple(sorted(set(ingest.sizes))), ingest.shape, ingest.quality, limits)


def _merge_in_chunks(
    context: Context, coins: DataFrame, settings: MergeSettings, folder: Location
) -> list[str]:
    """Merge coins into one Parquet folder per chunk and return their URIs. JPEGs are not compressed again.

    With `verify_files`, hashes of photos (`photo_ids`) decide as well which finished chunks are reused.
    """
    ingest = context.config.ingest
    rows = coins.select(*frames.KEY, *SIDES, *(["photo_ids"] if context.verify_files else []))
    version = _outcome_version(settings, ingest.max_bytes)
    work = ChunkedWork(rows, frames.KEY, ingest.chunk, version, "ingest", "coins merged")

    def write(chunk: DataFrame, count: int, path: Location) -> None:
        partitions = chunks.count_partitions(context.spark, count, per_core=4)  # photos differ in size
        outcome = merge_coins(chunk, settings, ingest.max_bytes, partitions)
        outcome.write.mode("overwrite").option("compression", "none").parquet(path.uri)

    return chunks.run_in_chunks(context, work, folder, write)


def _outcome_version(settings: MergeSettings, max_bytes: int) -> str:
    """What decides the outcome of merging besides the photos: settings, limits, code and library versions."""
    facts = [settings.prefix, settings.sizes, settings.limits, max_bytes]
    return digest([*facts, code_version(merge.__name__)])[:16]


def _settings(config: Config) -> Sequence[object]:
    return [config.ingest.model_dump(exclude=_NO_RESULT), list(config.sources)]


STAGE = Stage(
    name="ingest",
    help="Read the sources; merge photos, reject unusable ones.",
    reads=lambda config: (),
    writes=("coins", "images", "rejects"),
    settings=_settings,
    build=build,
    differences=differences,
    outside=SourceListings,
    modules=reader_modules,
    check=check_sources,
)
