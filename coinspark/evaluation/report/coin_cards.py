"""Coins as the report shows them: the photograph inside the page, and the texts of both sides."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from coinspark.config import Config

Tables = Callable[[str], DataFrame]


@dataclass(frozen=True)
class Example:
    """A coin as shown: its merged photograph as a data URI, its texts, and why it stands where it does."""

    coin_id: str
    medium: str
    picture: str
    width: int
    height: int
    obverse: str
    reverse: str
    evidence: str


def pictured(chosen: DataFrame, tables: Tables, config: Config) -> DataFrame:
    """`chosen` (coin_id, medium, …) and what `example` needs of each: descriptions, image_id, jpeg, width, height.

    `chosen` are the few that the page shows; those without a picture are left out.
    """
    size = min((size for size in config.ingest.sizes if size >= 128), default=max(config.ingest.sizes))
    pictures = tables("images").where(F.col("size") == size).select("image_id", "jpeg", "width", "height")
    texts = tables("coins").select("coin_id", "medium", "descriptions", "image_id")
    few = texts.join(F.broadcast(chosen), ["coin_id", "medium"])
    return pictures.join(F.broadcast(few), "image_id")  # so that no other picture is moved


def example(row: Row, config: Config, evidence: str) -> Example:
    """A row of `pictured` as it is shown."""
    return Example(
        row["coin_id"],
        row["medium"],
        "data:image/jpeg;base64," + base64.b64encode(row["jpeg"]).decode("ascii"),
        row["width"],
        row["height"],
        _text(row, "obverse", config),
        _text(row, "reverse", config),
        evidence,
    )


def _text(row: Row, side: str, config: Config) -> str:
    """The description of a side, in the first of the configured languages that has one."""
    found = {
        text["language"]: text["text"]
        for text in row["descriptions"] or []
        if text["side"] == side and text["text"]
    }
    wanted = [*config.entities.languages, *sorted(found, key=str)]
    return next((found[language] for language in wanted if language in found), "")
