"""How the networks learnt whose features were clustered: table `rounds` → what the report shows of DeepCluster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.evaluation.report.coin_cards import Tables


@dataclass(frozen=True)
class Round:
    """A round as in table `rounds`: `sizes` the pictures of each cluster, largest first; nmi None where none was before it."""

    round: int
    clusters: int
    sizes: Sequence[int]
    nmi: float | None
    inertia: float | None
    loss: float | None

    @property
    def largest(self) -> float:
        """The largest cluster's share of the pictures."""
        return max(self.sizes) / sum(self.sizes) if sum(self.sizes) else 0.0

    @property
    def even(self) -> float:
        """What each cluster would hold if all were of one size."""
        return 1 / self.clusters if self.clusters else 0.0


@dataclass(frozen=True)
class Learning:
    """A DeepCluster network and its rounds, in order."""

    network: str
    sha256: str
    rounds: Sequence[Round]


def learnt(tables: Tables, config: Config) -> list[Learning]:
    """The networks that the clustered features are of, by name; empty where these came from elsewhere.

    `model` of table `clusters` begins with 16 digits of the weights' SHA-256, by which it is known whose they are.
    """
    layers = [layer.name for layer in config.layers_reading("clusters")]
    if not layers:
        return []
    used = (
        tables("clusters")
        .where(F.col("layer").isin(layers))
        .select(F.substring("model", 1, 16).alias("digits"))
        .distinct()
    )
    networks = (
        tables("networks")
        .withColumn("digits", F.substring("sha256", 1, 16))
        .join(used, "digits", "left_semi")
    )
    rows = (
        tables("rounds")
        .join(networks.select("network", "sha256"), "network")
        .orderBy("network", "round")
        .collect()
    )
    found: dict[tuple[str, str], list[Round]] = defaultdict(list)
    for row in rows:
        found[row["network"], row["sha256"]].append(
            Round(
                row["round"],
                row["clusters"],
                tuple(row["sizes"] or ()),
                row["nmi"],
                row["inertia"],
                row["loss"],
            )
        )
    return [Learning(*key, rounds) for key, rounds in found.items()]
