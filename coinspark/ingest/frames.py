"""DataFrames of a build's ingest: which coins must be opened, and the tables that come of it."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.ingest.merged_image import Merge
from coinspark.warehouse import schemas

KEY = ["coin_id", "medium"]
SIDES = ["obverse", "reverse", "merged"]
LISTED = ", ".join(f"`{name}` {kind}" for name, kind in schemas.COINS.columns.items() if name != "image_id")
"""The columns of a listing: `coins` without image_id."""


def mint_sizes(coins: DataFrame) -> dict[str, int]:
    """Rows of `coins` of each mint; a coin's media count separately."""
    return {str(row["mint"]): int(row["count"]) for row in coins.groupBy("mint").count().collect()}


def with_photos(listing: DataFrame) -> DataFrame:
    """The coins that have a photo to merge; those of a source with texts only have none."""
    return listing.where(" OR ".join(f"{side} IS NOT NULL" for side in SIDES))


def known_images(listing: DataFrame, coins: DataFrame, images: DataFrame, merge: Merge) -> DataFrame:
    """coin_id, medium, image_id of the coins whose photos are as they were published and whose pictures are all there.

    A photo is as it was when uri, size and time of modification are.
    """
    pictures = images.where(F.col("image_id").startswith(merge.mark) & F.col("size").isin(*merge.sizes))
    whole = (
        pictures.groupBy("image_id").count().where(F.col("count") == len(set(merge.sizes))).select("image_id")
    )
    published = coins.join(whole, "image_id", "left_semi").select(*KEY, *SIDES, "image_id")
    same = [F.col(f"now.{key}") == F.col(f"then.{key}") for key in KEY]
    same += [F.col(f"now.{side}").eqNullSafe(F.col(f"then.{side}")) for side in SIDES]
    now = with_photos(listing).select(*KEY, *SIDES).alias("now")
    return now.join(published.alias("then"), same, "inner").select(
        "now.coin_id", "now.medium", "then.image_id"
    )


def coins_table(listing: DataFrame, known: DataFrame, outcome: DataFrame) -> DataFrame:
    """`coins`: every listed coin with the image that it has; a coin whose photos were rejected is left out."""
    made = outcome.where("image_id IS NOT NULL").select(*KEY, "image_id").distinct()
    found = listing.join(known.unionByName(made), KEY, "left")
    texts_only = " AND ".join(f"{side} IS NULL" for side in SIDES)
    return found.where(f"image_id IS NOT NULL OR ({texts_only})").select(*schemas.COINS.columns)


def new_images(outcome: DataFrame, images: DataFrame) -> DataFrame:
    """`images` rows that are not published yet, each once: of coins with the same photos, the first by key gives them.

    Only keys are grouped and compared; the pictures stay where they are.
    """
    made = outcome.where("image_id IS NOT NULL")
    givers = made.groupBy("image_id").agg(F.min(F.struct(*KEY)).alias("giver")).select("image_id", "giver.*")
    once = made.join(F.broadcast(givers), ["image_id", *KEY], "left_semi")
    fresh = once.join(F.broadcast(images.select("image_id", "size")), ["image_id", "size"], "left_anti")
    return fresh.select(*schemas.IMAGES.columns)


def kept_images(coins: DataFrame, merge: Merge) -> DataFrame:
    """image_id, size of every picture that a coin refers to."""
    sizes = F.explode(F.array(*[F.lit(size) for size in merge.sizes]))
    return (
        coins.where("image_id IS NOT NULL")
        .select("image_id")
        .distinct()
        .select("image_id", sizes.alias("size"))
    )


def rejects_table(listed: DataFrame, outcome: DataFrame) -> DataFrame:
    """`rejects`: what the listing refused and what merging refused."""
    made = outcome.where("reason IS NOT NULL").select(*KEY, "uri", "reason", "detail")
    return listed.unionByName(made).withColumn("stage", F.lit("ingest")).select(*schemas.REJECTS.columns)


def refused(outcome: DataFrame, rejects: DataFrame) -> DataFrame:
    """reason, old, n: the coins refused tonight, and whether they were refused so the build before."""
    names = [*KEY, "uri", "reason"]
    before = rejects.where("stage = 'ingest'").select(*names).withColumn("old", F.lit(True))
    tonight = outcome.where("reason IS NOT NULL").join(before, names, "left")
    return tonight.groupBy("reason", F.coalesce("old", F.lit(False)).alias("old")).agg(
        F.count("*").alias("n")
    )
