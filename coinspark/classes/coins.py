"""The facts about coins from which every layer kind starts."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def coin_facts(coins: DataFrame) -> DataFrame:
    """coin_id, medium, mint, image_id, type, texts, design; key (coin_id, medium).

    Args:
        coins: The table `coins`.

    Returns:
        type: The type of the coin; '' if it has none or several.
        texts: Its descriptions with a text and a text_id.
        design: `side:text_id` of its texts, sorted and joined by spaces; '' without a description. Coins with
            the same descriptions have the same design.
    """
    described = F.filter(
        "descriptions", lambda text: text["text_id"].isNotNull() & (F.length(text["text"]) > 0)
    )
    text_keys = F.transform("texts", lambda text: F.concat_ws(":", text["side"], text["text_id"]))
    return coins.select(
        "coin_id",
        "medium",
        "mint",
        "image_id",
        F.when(F.size("types") == 1, F.col("types")[0]).otherwise("").alias("type"),
        F.coalesce(described, F.array()).alias("texts"),
    ).withColumn("design", F.array_join(F.array_sort(text_keys), " "))
