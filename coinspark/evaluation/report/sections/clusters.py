"""Section "Clusters": the clusters of each mint, their quality, and coins near and far from the centroids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from pyspark.sql import Row
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.evaluation import agreement, cluster_quality
from coinspark.evaluation.cluster_members import Tables, label_counts, nearest_and_farthest, read_members
from coinspark.evaluation.cluster_quality import clusterings
from coinspark.evaluation.report.coin_cards import CoinCard, coin_card, with_images
from coinspark.evaluation.report.section import ReportSection
from coinspark.evaluation.report.source import ReportSource

RULES = {
    "min_gain": agreement.MIN_GAIN,
    "max_p_value": agreement.MAX_P_VALUE,
    "min_labelled": agreement.MIN_LABELLED,
    "large": cluster_quality.LARGE,
}
End = tuple[str, str, int, str]
"""Layer, mint, cluster, and `nearest` or `farthest`."""


def gather(source: ReportSource) -> Mapping[str, Any] | None:
    """The clusters of each mint, and the mints that could not be clustered; None without either."""
    config = source.config
    if not config.layers_reading("clusters"):
        return None
    members = read_members(source.tables, config)
    mints = clusterings(label_counts(members), config)
    unclustered = unclustered_mints(source.tables, config)
    if not mints and not unclustered:
        return None
    nearest = nearest_and_farthest(members, config.evaluation.examples_per_class)
    coins: dict[End, list[CoinCard]] = defaultdict(list)
    for row in with_images(nearest, source.tables, config).orderBy("nth").collect():
        labels = filter(None, (row["type"], row["design"]))
        note = ", ".join([f"distance {row['distance']:.4f}", *labels])
        coins[row["layer"], row["mint"], row["cluster"], row["end"]].append(coin_card(row, config, note))
    return {"clusterings": mints, "coins": dict(coins), "unclustered": unclustered, "rules": RULES}


def unclustered_mints(tables: Tables, config: Config) -> list[Row]:
    """The mints that a layer could not cluster: rows of layer, mint, images and reason, by layer and mint."""
    own = F.col("layer").isin([layer.name for layer in config.layers_reading("clusters")])
    rows = tables("cluster_mints").where(own & F.col("reason").isNotNull())
    return rows.select("layer", "mint", "images", "reason").orderBy("layer", "mint").collect()


SECTION = ReportSection("clusters", "Clusters", gather, "clusters.html")
