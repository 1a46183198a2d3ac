"""What the clusters of a layer are made of: their sizes, how they go with types and designs, and which look like garbage.

A coin counts once for each medium that is photographed, as in table `coins`: clusters are of pictures.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pyspark.sql import DataFrame, Row, Window
from pyspark.sql import functions as F

from coinspark.classes.kinds.clusters import LEFT_WHOLE
from coinspark.config import Config
from coinspark.evaluation.agreement import Agreement, Purity, agreement
from coinspark.evaluation.report.coin_cards import Example, Tables, example, pictured

LARGE = 2.0
"""A cluster is large that holds more than so many times the even share of its mint."""

End = Literal["nearest", "farthest"]


@dataclass(frozen=True)
class Cluster:
    """A cluster of a mint: its class, None where it went back into the mint; its purity where labels are known.

    `share` of the mint's clustered coins; `times` the even share; `nearest` to the centroid and `farthest` from it, the
    nearest and the farthest first.
    """

    number: int
    name: str | None
    coins: int
    share: float
    times: float
    types: Purity | None
    designs: Purity | None
    nearest: Sequence[Example] = ()
    farthest: Sequence[Example] = ()

    @property
    def is_large(self) -> bool:
        """Whether it holds more than `LARGE` times the even share."""
        return self.times > LARGE

    @property
    def is_mixed(self) -> bool | None:
        """Whether neither types nor designs tell it from coins drawn by lot; None where nothing is known of either."""
        known = [
            purity.tells
            for purity in (self.types, self.designs)
            if purity is not None and purity.tells is not None
        ]
        return not any(known) if known else None

    @property
    def is_garbage(self) -> bool:
        """Whether it looks like garbage: mixed, or large where nothing is known of its coins."""
        return self.is_large if self.is_mixed is None else self.is_mixed

    @property
    def verdict(self) -> str:
        """In plain words what is to be said against it; empty where nothing is."""
        size = f"{self.times:.1f} times the even share" if self.is_large else ""
        if self.is_mixed is None:
            return f"may be garbage: {size}, and nothing is known of its coins" if size else ""
        if self.is_mixed:
            return "looks like garbage: hardly better than by lot" + (f", and {size}" if size else "")
        return f"large: {size}" if size else ""


@dataclass(frozen=True)
class Clustering:
    """A mint in a layer of clusters; `designs` goes by the classes of the layer `against`, over coins that stand in one."""

    layer: str
    mint: str
    model: str
    coins: int
    clusters: Sequence[Cluster]
    types: Agreement | None
    designs: Agreement | None
    against: str | None

    @property
    def largest(self) -> float:
        """The largest cluster's share of the mint's clustered coins."""
        return max(cluster.share for cluster in self.clusters)

    @property
    def verdict(self) -> str:
        """In plain words which clusters look like garbage, and which are large though they do not; with their coins."""
        garbage = [cluster for cluster in self.clusters if cluster.is_garbage]
        large = [cluster for cluster in self.clusters if cluster.is_large and not cluster.is_garbage]
        said = (
            self._named(garbage, "looks like garbage", "look like garbage")
            if garbage
            else "No cluster looks like garbage."
        )
        return f"{said} {self._named(large, 'is large', 'are large')}" if large else said

    def _named(self, some: Sequence[Cluster], one: str, several: str) -> str:
        held = f"{100 * sum(cluster.coins for cluster in some) / self.coins:.1f} % of the mint’s coins."
        numbers = ", ".join(str(cluster.number) for cluster in some)
        return (
            f"Clusters {numbers} {several}: {held}" if len(some) > 1 else f"Cluster {numbers} {one}: {held}"
        )


def members(clusters: DataFrame, coins: DataFrame, classes: DataFrame, layers: Sequence[str]) -> DataFrame:
    """Each clustered coin with what is known of it, key (layer, coin_id, medium).

    layer, mint, model, cluster, distance, coin_id, medium · class: its class of this layer, null where that is its mint ·
    type: the sure one, or null · against, design: the first of the entities `layers` that splits its mint, and its class
    there, null where that is its mint.
    """
    facts = coins.select(
        "coin_id", "medium", "mint", "image_id", F.when(F.size("types") == 1, F.col("types")[0]).alias("type")
    )
    new = classes.where("class <> mint").select("layer", "mint", "coin_id", "medium", "class")
    order = classes.sparkSession.createDataFrame(list(enumerate(layers)), "place int, layer string")
    first = (
        new.join(F.broadcast(order), "layer").groupBy("mint").agg(F.min_by("layer", "place").alias("against"))
    )
    designs = (
        new.join(F.broadcast(first), "mint")
        .where("layer = against")
        .select("coin_id", "medium", F.col("class").alias("design"))
    )
    return (
        clusters.join(facts, ["image_id", "mint"])
        .join(new.drop("mint"), ["layer", "coin_id", "medium"], "left")
        .join(F.broadcast(first), "mint", "left")
        .join(designs, ["coin_id", "medium"], "left")
        .select(
            "layer",
            "mint",
            "model",
            "cluster",
            "distance",
            "coin_id",
            "medium",
            "class",
            "type",
            "against",
            "design",
        )
    )


def counts(members: DataFrame) -> DataFrame:
    """How many coins are alike in all that is counted: [layer, mint, model, cluster, class, against, type, design, coins]."""
    return members.groupBy("layer", "mint", "model", "cluster", "class", "against", "type", "design").agg(
        F.count(F.lit(1)).alias("coins")
    )


def ends(members: DataFrame, most: int) -> DataFrame:
    """The `most` coins nearest to each centroid and as many farthest from it: `members` with end and nth, from 1.

    Where a cluster has fewer than twice as many, each coin is shown once: the nearest come first.
    """
    cluster = Window.partitionBy("layer", "mint", "cluster")
    near = F.row_number().over(cluster.orderBy("distance", "coin_id", "medium"))
    placed = members.withColumn("near", near).withColumn("is_near", F.col("near") <= most)
    far = F.row_number().over(
        Window.partitionBy("layer", "mint", "cluster", "is_near").orderBy(
            F.col("distance").desc(), "coin_id", "medium"
        )
    )
    return (
        placed.withColumn("far", far)
        .where(F.col("is_near") | (F.col("far") <= most))
        .select(
            *members.columns,
            F.when(F.col("is_near"), "nearest").otherwise("farthest").alias("end"),
            F.when(F.col("is_near"), F.col("near")).otherwise(F.col("far")).alias("nth"),
        )
    )


def clusterings(tables: Tables, config: Config) -> list[Clustering]:
    """Each layer of clusters and mint, layers in the configuration's order, big mints first, with the coins to show."""
    found = _members(tables, config)
    if found is None:
        return []
    shown: dict[tuple[str, str, int, End], list[Example]] = defaultdict(list)
    for row in pictured(ends(found, config.evaluation.examples), tables, config).orderBy("nth").collect():
        why = ", ".join(
            [f"{row['distance']:.4f} from the centroid", *filter(None, (row["type"], row["design"]))]
        )
        shown[row["layer"], row["mint"], row["cluster"], row["end"]].append(example(row, config, why))
    return measured(counts(found), config, shown)


def left_whole(tables: Tables, config: Config) -> list[Row]:
    """The mints that a layer was to cut and did not: rows of layer, mint, coins and why, by layer and mint."""
    if not config.layers_reading("clusters"):
        return []
    own, evidence = (
        F.col("layer").isin([layer.name for layer in config.layers_reading("clusters")]),
        F.col("evidence"),
    )
    why = evidence.substr(F.lit(len(LEFT_WHOLE) + 1), F.length(evidence))
    told = tables("classes").where(own & evidence.startswith(LEFT_WHOLE)).groupBy("layer", "mint")
    return (
        told.agg(F.count(F.lit(1)).alias("coins"), F.min(why).alias("why")).orderBy("layer", "mint").collect()
    )


def measured(
    counted: DataFrame,
    config: Config,
    shown: Mapping[tuple[str, str, int, End], Sequence[Example]] | None = None,
) -> list[Clustering]:
    """As `clusterings`, of `counts` and of the coins to show: (layer, mint, cluster, end) → examples."""
    grouped: dict[tuple[str, str], _Counted] = defaultdict(_Counted)
    for row in counted.collect():
        grouped[row["layer"], row["mint"]].add(row.asDict())
    order = {layer.name: i for i, layer in enumerate(config.layers)}
    keys = sorted(grouped, key=lambda key: (order[key[0]], -grouped[key].sizes.total(), key))
    return [_clustering(key, grouped[key], config.seed, shown or {}) for key in keys]


@dataclass
class _Counted:
    """The counts of a mint in a layer, by what they are asked for."""

    model: str = ""
    against: str | None = None
    sizes: Counter[int] = field(default_factory=Counter)
    names: dict[int, str] = field(default_factory=dict)
    types: Counter[tuple[int, str]] = field(default_factory=Counter)
    designs: Counter[tuple[int, str]] = field(default_factory=Counter)

    def add(self, row: Mapping[str, Any]) -> None:
        """Count a row of `counts`."""
        cluster, coins = row["cluster"], row["coins"]
        self.model, self.against = row["model"], row["against"]
        self.sizes[cluster] += coins
        if row["class"] is not None:
            self.names[cluster] = row["class"]
        for held, label in ((self.types, row["type"]), (self.designs, row["design"])):
            if label is not None:
                held[cluster, label] += coins


def _clustering(
    key: tuple[str, str],
    counted: _Counted,
    seed: int,
    shown: Mapping[tuple[str, str, int, End], Sequence[Example]],
) -> Clustering:
    types, designs, total = (
        agreement(counted.types, seed),
        agreement(counted.designs, seed),
        counted.sizes.total(),
    )

    def cluster(number: int) -> Cluster:
        share = counted.sizes[number] / total
        return Cluster(
            number=number,
            name=counted.names.get(number),
            coins=counted.sizes[number],
            share=share,
            times=share * len(counted.sizes),
            types=types.clusters.get(number) if types else None,
            designs=designs.clusters.get(number) if designs else None,
            nearest=shown.get((*key, number, "nearest"), ()),
            farthest=shown.get((*key, number, "farthest"), ()),
        )

    return Clustering(
        *key,
        counted.model,
        total,
        [cluster(number) for number in sorted(counted.sizes)],
        types,
        designs,
        counted.against,
    )


def _members(tables: Tables, config: Config) -> DataFrame | None:
    """`members` of the configuration's layers of clusters; None where it has none."""
    if not config.layers_reading("clusters"):
        return None
    layers = [layer.name for layer in config.layers_reading("clusters")]
    against = [layer.name for layer in config.layers_reading("entities")]
    return members(
        tables("clusters").where(F.col("layer").isin(layers)), tables("coins"), tables("classes"), against
    )


def render(tables: Tables, config: Config) -> str:
    """The clusters of every mint with their sizes and purity, as text for a terminal.

    Says nothing of classes: when clusters have just been made, `classes` still holds the last ones.
    """
    found = _members(tables, config)
    if found is None:
        return "no layer of kind clusters is configured"
    made = measured(counts(found), config)
    parts = []
    for layer in config.layers_reading("clusters"):
        mints = [one for one in made if one.layer == layer.name]
        parts += [f"\nLayer {layer.name}" + ("" if mints else ": no mint has clusters; all are left whole")]
        for one in mints:
            parts += _block(one, layer.min_coins)
    return "\n".join(parts).lstrip("\n")


def _block(one: Clustering, least: int) -> Iterable[str]:
    """One mint: its totals, then a line a cluster."""
    yield f"\n{one.mint}: {one.coins:,} coins in {len(one.clusters)} clusters, the largest {one.largest:.1%}"
    for what, found in (("their types", one.types), (f"the classes of layer {one.against}", one.designs)):
        if found:
            mutual = "" if found.mutual is None else f", adjusted mutual information {found.mutual:z.2f}"
            yield f"  with {what}: purity {found.purity:.1%} (by lot {found.lot:.1%}){mutual}; {found.known:,} coins"
    for cluster in one.clusters:
        known = "; ".join(
            f"{purity.share:.0%} {purity.name}" for purity in (cluster.types, cluster.designs) if purity
        )
        back = f"fewer than {least}: back into its mint" if cluster.coins < least else ""
        notes = "  ".join(filter(None, (known, cluster.verdict, back)))
        yield f"  {cluster.number:>4}  {cluster.coins:>6,}  {cluster.share:>6.1%}  {notes}".rstrip()
