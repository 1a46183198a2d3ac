"""DeepCluster networks whose features were clustered, and their rounds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.evaluation.cluster_members import Tables


@dataclass(frozen=True)
class Round:
    """A row of the table `rounds`: `sizes` are images per cluster, largest first; `nmi` is None at first."""

    round: int
    clusters: int
    sizes: Sequence[int]
    nmi: float | None
    inertia: float | None
    loss: float | None

    @property
    def largest_share(self) -> float:
        """The largest cluster's share of the images."""
        return max(self.sizes) / sum(self.sizes) if sum(self.sizes) else 0.0

    @property
    def mean_share(self) -> float:
        """The mean share of a cluster."""
        return 1 / self.clusters if self.clusters else 0.0


@dataclass(frozen=True)
class NetworkRounds:
    """A DeepCluster network and its rounds, in order."""

    network: str
    sha256: str
    rounds: Sequence[Round]


def read_rounds(tables: Tables, config: Config) -> list[NetworkRounds]:
    """The networks of the clustered features, by name; empty if the features are of other models.

    `model` in the table `clusters` begins with 16 digits of the SHA-256 of the weights, which identify the
    network.
    """
    layers = [layer.name for layer in config.layers_reading("clusters")]
    if not layers:
        return []
    own = tables("clusters").where(F.col("layer").isin(layers))
    digits = own.select(F.substring("model", 1, 16).alias("digits")).distinct()
    networks = (
        tables("networks")
        .withColumn("digits", F.substring("sha256", 1, 16))
        .join(digits, "digits", "left_semi")
        .select("network", "sha256")
    )
    rows = tables("rounds").join(networks, "network").orderBy("network", "round").collect()
    rounds: dict[tuple[str, str], list[Round]] = defaultdict(list)
    for row in rows:
        sizes = tuple(row["sizes"] or ())
        values = (row["nmi"], row["inertia"], row["loss"])
        rounds[row["network"], row["sha256"]].append(Round(row["round"], row["clusters"], sizes, *values))
    return [NetworkRounds(*key, items) for key, items in rounds.items()]
