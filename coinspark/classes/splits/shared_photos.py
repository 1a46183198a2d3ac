"""Photos that several coins show: the same bytes, on either side of the coin."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.core.errors import InputError

MAX_SHARE = 0.1
"""Share of the coins that may show the same photo. More are a picture that stands for a missing photo."""
_FEW = 20  # coins that may always show the same photo, in a collection of any size


def shared_photos(coins: DataFrame) -> DataFrame:
    """photo_id, coin_ids: the photos that several coins show, and the sorted ids of these coins.

    Args:
        coins: coin_id, photo_ids.
    """
    photos = coins.select("coin_id", F.explode("photo_ids").alias("photo_id"))
    # Numbers are aggregated without sorting, unlike texts; nearly all photos belong to one coin.
    key = F.xxhash64("coin_id")
    shared = photos.groupBy("photo_id").agg(F.min(key).alias("low"), F.max(key).alias("high"))
    return (
        photos.join(shared.where("low < high"), "photo_id", "left_semi")
        .groupBy("photo_id")
        .agg(F.sort_array(F.collect_set("coin_id")).alias("coin_ids"))
    )


def describe(shared: DataFrame, coins: DataFrame) -> str:
    """A progress line about the shared photos, or an empty text if there are none.

    Args:
        shared: Frame of `shared_photos`.
        coins: Table `coins`.

    Raises:
        InputError: More than MAX_SHARE of the coins show one photo. The message names its file.
    """
    sizes = shared.select("photo_id", "coin_ids", F.size("coin_ids").alias("n"))
    largest = sizes.orderBy(F.desc("n"), "photo_id").first()
    if largest is None:
        return ""
    total = coins.select("coin_id").distinct().count()
    if largest["n"] > max(_FEW, MAX_SHARE * total):
        file = _file(coins, largest["photo_id"])
        raise InputError(
            f"splits: {largest['n']} of {total} coins show the same photo, such as {file}; if it stands for "
            "a missing photo, remove it from the source"
        )
    ids = largest["coin_ids"]
    examples = ", ".join(ids[:3]) + (", …" if len(ids) > 3 else "")
    return (
        f"splits: {shared.count()} photos belong to several coins, which stay on one side together; "
        f"the most shared one to {len(ids)}: {examples}"
    )


def _file(coins: DataFrame, photo_id: str) -> str:
    """The first file with this photo, by URI."""
    uris = F.array_compact(F.array("obverse.uri", "reverse.uri", "merged.uri"))
    index = F.array_position("photo_ids", photo_id)
    files = coins.where(index > 0).select(F.min(F.element_at(uris, index.cast("int"))).alias("uri"))
    return str(files.collect()[0]["uri"])
