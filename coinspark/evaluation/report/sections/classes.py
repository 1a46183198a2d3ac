"""Section "New classes": example coins of each class that a layer made, with their evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from pyspark.sql import Window
from pyspark.sql import functions as F

from coinspark.classes.kinds import KINDS
from coinspark.evaluation.report.coin_cards import CoinCard, coin_card, with_images
from coinspark.evaluation.report.section import ReportSection
from coinspark.evaluation.report.source import ReportSource


def gather(source: ReportSource) -> Mapping[str, Any] | None:
    """(class, coins) of every new class; None without examples."""
    cards = examples(source)
    classes = [
        (size, cards[layer, size.name])
        for layer in source.additional_layers
        for size in source.class_sizes[layer]
        if (layer, size.name) in cards
    ]
    return {"classes": classes, "layers": len(source.additional_layers)} if cards else None


def examples(source: ReportSource) -> dict[tuple[str, str], list[CoinCard]]:
    """(layer, class) → random coins of each new class, one medium per coin, the same in every build."""
    config, tables = source.config, source.tables
    layers = [layer.name for layer in config.layers if KINDS[layer.kind].has_examples]
    evidence = tables("classes").select("layer", "coin_id", "medium", "evidence")
    coins = (
        tables("splits")
        .where("class <> mint AND fold = 0")
        .where(F.col("layer").isin(layers))
        .join(evidence, ["layer", "coin_id", "medium"])
    )
    by_medium = Window.partitionBy("layer", "class", "coin_id").orderBy("medium")
    by_random = Window.partitionBy("layer", "class").orderBy(
        F.xxhash64(F.lit(config.seed), "coin_id"), "coin_id"
    )
    chosen = (
        coins.withColumn("nth", F.row_number().over(by_medium))
        .where("nth = 1")
        .withColumn("nth", F.row_number().over(by_random))
        .where(F.col("nth") <= config.evaluation.examples_per_class)
    )
    cards: dict[tuple[str, str], list[CoinCard]] = defaultdict(list)
    for row in with_images(chosen, tables, config).orderBy("layer", "class", "nth").collect():
        cards[row["layer"], row["class"]].append(coin_card(row, config, row["evidence"] or ""))
    return dict(cards)


SECTION = ReportSection("classes", "New classes", gather, "classes.html")
