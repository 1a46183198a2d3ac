"""Which coins of a listing have their images already."""

from __future__ import annotations

from pyspark.sql import SparkSession

from coinspark.ingest.frames import LISTED, known_images
from coinspark.ingest.merged_image import MergeSettings
from coinspark.warehouse import schemas
from coinspark.warehouse.local_frame import local_frame


def test_coins_are_known_by_photos_settings_and_photo_ids(spark: SparkSession) -> None:
    settings = MergeSettings((32,))
    photo, later = ("a.jpg", 10, 1), ("a.jpg", 10, 2)
    image, other = settings.prefix + "0" * 24, "00000000" + "0" * 24

    def coin(coin_id: str, modified: tuple[str, int, int], *merged: object) -> tuple[object, ...]:
        return (coin_id, "original", "Rome", [], "s", None, modified, None, None, [], *merged)

    listing = local_frame(spark, [coin(coin_id, photo) for coin_id in "abcde"], LISTED)
    published = [
        coin("a", photo, image, ["p"]),
        coin("b", later, image, ["p"]),
        coin("c", photo, other, ["p"]),
        coin("d", photo, image, None),  # merged by a coinspark that did not record photo_ids
    ]
    coins = local_frame(spark, published, schemas.COINS.ddl)
    images = local_frame(
        spark, [(name, 32, 32, 32, bytearray()) for name in (image, other)], schemas.IMAGES.ddl
    )
    known = known_images(listing, coins, images, settings).collect()
    assert [tuple(row) for row in known] == [("a", "original", image, ["p"])]
