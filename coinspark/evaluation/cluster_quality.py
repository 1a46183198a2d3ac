"""Quality of clusters: sizes, agreement with types and designs, and which clusters look like garbage."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import DataFrame

from coinspark.config import Config
from coinspark.evaluation.agreement import Agreement, Purity, agreement

LARGE = 2.0
"""A cluster is large if it has more than this many times the mean size of its mint's clusters."""


@dataclass(frozen=True)
class Cluster:
    """One cluster of a mint.

    Attributes:
        name: Its class; None if it was too small and its coins stay in the mint's class.
        share: Share of the mint's clustered coins.
        relative_size: Its size divided by the mean size of the mint's clusters.
        types, designs: Agreement with types and with the classes of a design layer; None without labelled
            coins.
    """

    number: int
    name: str | None
    coins: int
    share: float
    relative_size: float
    types: Purity | None
    designs: Purity | None

    @property
    def is_large(self) -> bool:
        """Whether it has more than `LARGE` times the mean size."""
        return self.relative_size > LARGE

    @property
    def is_mixed(self) -> bool | None:
        """Whether neither types nor designs are clearly better than chance; None if neither can be judged."""
        judged = [
            purity.beats_chance
            for purity in (self.types, self.designs)
            if purity is not None and purity.beats_chance is not None
        ]
        return not any(judged) if judged else None

    @property
    def is_garbage(self) -> bool:
        """Whether it looks like garbage: mixed, or large if its labels cannot be judged."""
        return self.is_large if self.is_mixed is None else self.is_mixed

    @property
    def verdict(self) -> str:
        """What is wrong with it, in words; empty if nothing is."""
        size = f"{self.relative_size:.1f} times the mean size" if self.is_large else ""
        if self.is_mixed is None:
            return f"possibly garbage: {size}, too few labelled coins" if size else ""
        if self.is_mixed:
            return "looks like garbage: not clearly better than chance" + (f", {size}" if size else "")
        return f"large: {size}" if size else ""


@dataclass(frozen=True)
class Clustering:
    """All clusters of a mint in a layer.

    Attributes:
        model: Model of the clustered features.
        types: Agreement with types, over coins with exactly one type.
        designs: Agreement with the new classes of `design_layer`, over coins in one of them.
    """

    layer: str
    mint: str
    model: str
    coins: int
    clusters: Sequence[Cluster]
    types: Agreement | None
    designs: Agreement | None
    design_layer: str | None

    @property
    def largest_share(self) -> float:
        """The largest cluster's share of the mint's clustered coins."""
        return max(cluster.share for cluster in self.clusters)

    @property
    def verdict(self) -> str:
        """Which clusters look like garbage and which others are large, with their share of the coins."""
        garbage = [cluster for cluster in self.clusters if cluster.is_garbage]
        large = [cluster for cluster in self.clusters if cluster.is_large and not cluster.is_garbage]
        sentences = ["No cluster looks like garbage."]
        if garbage:
            sentences = [self._sentence(garbage, "looks like garbage", "look like garbage")]
        if large:
            sentences.append(self._sentence(large, "is large", "are large"))
        return " ".join(sentences)

    def _sentence(self, clusters: Sequence[Cluster], singular: str, plural: str) -> str:
        share = f"{100 * sum(cluster.coins for cluster in clusters) / self.coins:.1f} % of the mint’s coins."
        numbers = ", ".join(str(cluster.number) for cluster in clusters)
        if len(clusters) > 1:
            return f"Clusters {numbers} {plural}: {share}"
        return f"Cluster {numbers} {singular}: {share}"


def clusterings(label_counts: DataFrame, config: Config) -> list[Clustering]:
    """The clusters of each layer and mint: layers in the configuration's order, the largest mint first.

    Args:
        label_counts: Frame of `cluster_members.label_counts`.
    """
    counts: dict[tuple[str, str], _MintCounts] = defaultdict(_MintCounts)
    for row in label_counts.collect():
        counts[row["layer"], row["mint"]].add(row.asDict())
    order = {layer.name: i for i, layer in enumerate(config.layers)}
    keys = sorted(counts, key=lambda key: (order[key[0]], -counts[key].sizes.total(), key))
    return [_clustering(key, counts[key], config.seed) for key in keys]


@dataclass
class _MintCounts:
    """Coins of a mint in a layer by cluster and label."""

    model: str = ""
    design_layer: str | None = None
    sizes: Counter[int] = field(default_factory=Counter)
    names: dict[int, str] = field(default_factory=dict)
    types: Counter[tuple[int, str]] = field(default_factory=Counter)
    designs: Counter[tuple[int, str]] = field(default_factory=Counter)

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row of `label_counts`."""
        cluster, coins = row["cluster"], row["coins"]
        self.model, self.design_layer = row["model"], row["design_layer"]
        self.sizes[cluster] += coins
        if row["class"] is not None:
            self.names[cluster] = row["class"]
        for counts, label in ((self.types, row["type"]), (self.designs, row["design"])):
            if label is not None:
                counts[cluster, label] += coins


def _clustering(key: tuple[str, str], counts: _MintCounts, seed: int) -> Clustering:
    types, designs = agreement(counts.types, seed), agreement(counts.designs, seed)
    total = counts.sizes.total()
    clusters = [
        Cluster(
            number=number,
            name=counts.names.get(number),
            coins=coins,
            share=coins / total,
            relative_size=coins / total * len(counts.sizes),
            types=types.clusters.get(number) if types else None,
            designs=designs.clusters.get(number) if designs else None,
        )
        for number, coins in sorted(counts.sizes.items())
    ]
    return Clustering(*key, counts.model, total, clusters, types, designs, counts.design_layer)
