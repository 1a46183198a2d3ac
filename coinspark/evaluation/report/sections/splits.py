"""Section "Splits": what the audit of the splits guarantees, and the classes that were merged or removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from coinspark.classes.kinds import KINDS
from coinspark.config import Config
from coinspark.evaluation.report.section import ReportSection
from coinspark.evaluation.report.source import ReportSource

SHOWN = 24
"""Changed classes shown at once; the others are folded away."""


def gather(source: ReportSource) -> Mapping[str, Any]:
    """The classes whose coins have another class in `splits`. The stage `splits` fails if its audit does."""
    tables = source.tables
    rows = changed_classes(tables("classes"), tables("coins"), tables("splits")).collect()
    changes = [describe(row, source.config) for row in rows]
    return {"changes": changes, "folds": source.totals["folds"], "shown": SHOWN}


def changed_classes(classes: DataFrame, coins: DataFrame, splits: DataFrame) -> DataFrame:
    """Classes of coins with an image that differ in `splits`: [layer, mint, class, coins, new_class].

    `new_class` is null if the coins left the layer. The largest class of a mint comes first.
    """
    with_image = coins.where("image_id IS NOT NULL").select("coin_id", "medium")
    assigned = splits.select("layer", "coin_id", "medium", F.col("class").alias("new_class")).distinct()
    return (
        classes.join(with_image, ["coin_id", "medium"], "left_semi")
        .join(assigned, ["layer", "coin_id", "medium"], "left")
        .where("NOT class <=> new_class")
        .groupBy("layer", "mint", "class", "new_class")
        .agg(F.countDistinct("coin_id").alias("coins"))
        .select("layer", "mint", "class", "coins", "new_class")
        .orderBy("layer", "mint", F.col("coins").desc(), "class")
    )


def describe(row: Row, config: Config) -> tuple[str, str, str, int, str, str]:
    """(layer, mint, class, coins, change, reason) of a row of `changed_classes`, the reason from its size."""
    by_type = {layer.name for layer in config.layers if KINDS[layer.kind].by_type}
    merged = row["new_class"] is not None
    change = f"merged into {row['new_class']}" if merged else "removed from the layer"
    if row["mint"] in config.splits.exclude_mints:
        reason = "excluded by splits.exclude_mints"
    elif row["coins"] < config.splits.min_coins:
        reason = f"fewer than {config.splits.min_coins} coins"
    elif merged:
        reason = "too few coins would remain in the mint, or none to test"
    elif row["layer"] in by_type:
        reason = "no coin to train or to test"
    else:
        reason = "its mint was removed from every layer"
    return row["layer"], row["mint"], row["class"], row["coins"], change, reason


SECTION = ReportSection("splits", "Splits", gather, "splits.html")
