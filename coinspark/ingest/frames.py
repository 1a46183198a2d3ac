"""DataFrame transforms of the stage `ingest`: coins whose photos must be merged, and the tables of the build.

A *listing* has the columns LISTED; an *outcome* those of `merge.OUTCOME`.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.ingest.merged_image import MergeSettings
from coinspark.ingest.records import SIDES
from coinspark.warehouse import schemas

KEY = ["coin_id", "medium"]
MERGED = ("image_id", "photo_ids")
"""Columns of `coins` that merging adds to a listing."""
LISTED = ", ".join(f"`{name}` {kind}" for name, kind in schemas.COINS.columns.items() if name not in MERGED)
"""Columns of a listing: those of `coins` without MERGED."""


def mint_sizes(coins: DataFrame) -> dict[str, int]:
    """Rows of `coins` of each mint; a coin's media count separately."""
    return {str(row["mint"]): int(row["count"]) for row in coins.groupBy("mint").count().collect()}


def with_photos(listing: DataFrame) -> DataFrame:
    """The coins that have a photo to merge."""
    return listing.where(" OR ".join(f"{side} IS NOT NULL" for side in SIDES))


def known_images(
    listing: DataFrame, coins: DataFrame, images: DataFrame, settings: MergeSettings
) -> DataFrame:
    """coin_id, medium, image_id, photo_ids of the coins whose published images are up to date, at every size.

    A photo is unchanged if its uri, size and modification time are. Coins of an older coinspark, which did
    not record photo_ids, are merged again.
    """
    with_settings = images.where(
        F.col("image_id").startswith(settings.prefix) & F.col("size").isin(*settings.sizes)
    )
    sizes = with_settings.groupBy("image_id").count()
    complete = sizes.where(F.col("count") == len(set(settings.sizes))).select("image_id")
    published = coins.where("photo_ids IS NOT NULL").join(complete, "image_id", "left_semi")
    unchanged = [F.col(f"now.{key}") == F.col(f"then.{key}") for key in KEY]
    unchanged += [F.col(f"now.{side}").eqNullSafe(F.col(f"then.{side}")) for side in SIDES]
    now = with_photos(listing).select(*KEY, *SIDES).alias("now")
    matches = now.join(published.alias("then"), unchanged, "inner")
    return matches.select("now.coin_id", "now.medium", *(f"then.{name}" for name in MERGED))


def coins_table(listing: DataFrame, known: DataFrame, outcome: DataFrame) -> DataFrame:
    """The table `coins`: every listed coin with its image_id, except those whose photos were rejected."""
    merged = outcome.where("image_id IS NOT NULL").select(*KEY, *MERGED).distinct()
    coins = listing.join(known.unionByName(merged), KEY, "left")
    texts_only = " AND ".join(f"{side} IS NULL" for side in SIDES)
    return coins.where(f"image_id IS NOT NULL OR ({texts_only})").select(*schemas.COINS.columns)


def new_images(outcome: DataFrame, images: DataFrame) -> DataFrame:
    """Rows of `images` that are not published yet.

    Of coins with the same photos, the first by key provides them.
    Only keys are grouped and compared; image data is not shuffled.
    """
    merged = outcome.where("image_id IS NOT NULL")
    providers = merged.groupBy("image_id").agg(F.min(F.struct(*KEY)).alias("provider"))
    distinct = merged.join(
        F.broadcast(providers.select("image_id", "provider.*")), ["image_id", *KEY], "left_semi"
    )
    published = F.broadcast(images.select("image_id", "size"))
    return distinct.join(published, ["image_id", "size"], "left_anti").select(*schemas.IMAGES.columns)


def kept_images(coins: DataFrame, settings: MergeSettings) -> DataFrame:
    """image_id, size of every image that a coin refers to."""
    sizes = F.explode(F.array(*[F.lit(size) for size in settings.sizes]))
    referenced = coins.where("image_id IS NOT NULL").select("image_id").distinct()
    return referenced.select("image_id", sizes.alias("size"))


def rejects_table(listed: DataFrame, outcome: DataFrame) -> DataFrame:
    """The table `rejects`: the rejects of the listing and of merging."""
    merged = outcome.where("reason IS NOT NULL").select(*KEY, "uri", "reason", "detail", "photo_ids")
    rejects = listed.unionByName(merged, allowMissingColumns=True)
    return rejects.withColumn("stage", F.lit("ingest")).select(*schemas.REJECTS.columns)


def reject_counts(outcome: DataFrame, listing: DataFrame, rejects: DataFrame) -> DataFrame:
    """source, reason, old, n: coins that merging rejected; `old` if the previous build did so too."""
    key = [*KEY, "uri", "reason"]
    before = rejects.where("stage = 'ingest'").select(*key).withColumn("old", F.lit(True))
    now = outcome.where("reason IS NOT NULL").join(before, key, "left")
    by_source = now.join(listing.select(*KEY, "source"), KEY)
    return by_source.groupBy("source", "reason", F.coalesce("old", F.lit(False)).alias("old")).agg(
        F.count("*").alias("n")
    )
