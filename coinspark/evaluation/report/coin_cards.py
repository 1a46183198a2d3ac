"""Coins as the report shows them: the merged image inside the page and the descriptions of both sides."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.evaluation.cluster_members import Tables

MIN_SIZE = 128
"""The smallest image size from this one on is shown, or the largest size below it; pixels."""


@dataclass(frozen=True)
class CoinCard:
    """A coin: its merged image as a data URI, its descriptions, and a note on why it is shown."""

    coin_id: str
    medium: str
    image: str
    width: int
    height: int
    obverse: str
    reverse: str
    note: str


def with_images(coins: DataFrame, tables: Tables, config: Config) -> DataFrame:
    """A few coins (coin_id, medium, …) with descriptions, image_id, jpeg, width and height.

    Coins without an image are left out.
    """
    size = min((size for size in config.ingest.sizes if size >= MIN_SIZE), default=max(config.ingest.sizes))
    images = tables("images").where(F.col("size") == size).select("image_id", "jpeg", "width", "height")
    texts = tables("coins").select("coin_id", "medium", "descriptions", "image_id")
    few = texts.join(F.broadcast(coins), ["coin_id", "medium"])
    return images.join(F.broadcast(few), "image_id")  # broadcast: no other image is shuffled


def coin_card(row: Row, config: Config, note: str) -> CoinCard:
    """The card of a row of `with_images`."""
    return CoinCard(
        row["coin_id"],
        row["medium"],
        "data:image/jpeg;base64," + base64.b64encode(row["jpeg"]).decode("ascii"),
        row["width"],
        row["height"],
        _description(row, "obverse", config),
        _description(row, "reverse", config),
        note,
    )


def _description(row: Row, side: str, config: Config) -> str:
    """The description of a side in the first configured language that has one."""
    texts = {
        text["language"]: text["text"]
        for text in row["descriptions"] or []
        if text["side"] == side and text["text"]
    }
    languages = [*config.entities.languages, *sorted(texts, key=str)]
    return next((texts[language] for language in languages if language in texts), "")
