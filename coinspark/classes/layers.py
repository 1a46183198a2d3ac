"""Class layers: functions from coins with evidence to rows of `classes`, all with one signature.

`layer(coins, settings, mints)` takes the frame that `with_evidence` makes, the layer's settings and the mints that it splits,
and gives the CLASSES columns. A class of a mint is `Mint` or `Mint/name`. A layer of objects will have the same.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from coinspark.classes.designs.information import Design, side
from coinspark.classes.designs.plan import places
from coinspark.config import Layer
from coinspark.vision.clusterable import ALIKE, left_whole, pictures
from coinspark.warehouse.schemas import CLASSES

DESIGN = ("mint", "type", "design")
"""What coins have in common for a class layer: mint, sure type (or '') and the texts of both sides (or '')."""

NOT_SPLIT = "its mint is not split in this layer"
LEFT_WHOLE = "mint left whole: "
"""How the evidence begins of a coin whose mint was to be cut into clusters and could not be."""
_PLACE = "mint string, type string, design string, class string, evidence string"


def with_evidence(coins: DataFrame, entities: DataFrame, clusters: DataFrame | None = None) -> DataFrame:
    """Coins with what a layer may know of them, key (coin_id, medium).

    coin_id, medium, mint · type: the sure one, '' where there is none or several · design: the text ids of both sides,
    '' without a description · obverse, reverse: JSON arrays of {name, category, kinds}, each name once, by name · image_id ·
    clusters, where they are given: structs of layer, mint, cluster, distance of its picture, or null.
    """
    texts = F.filter("descriptions", lambda one: one["text_id"].isNotNull() & (F.length(one["text"]) > 0))
    keyed = coins.select(
        "coin_id",
        "medium",
        "mint",
        "image_id",
        F.when(F.size("types") == 1, F.col("types")[0]).otherwise("").alias("type"),
        F.coalesce(texts, F.array()).alias("texts"),
    ).withColumn(
        "design",
        F.array_join(
            F.array_sort(F.transform("texts", lambda one: F.concat_ws(":", one["side"], one["text_id"]))), " "
        ),
    )
    found = entities.groupBy("text_id").agg(
        F.collect_set(F.struct(F.coalesce("name", "form").alias("name"), "category", "kinds")).alias("found")
    )
    sides = (
        keyed.where("design != ''")
        .dropDuplicates(["design"])
        .select("design", F.explode("texts").alias("text"))
        .join(found, F.col("text.text_id") == F.col("text_id"))
        .groupBy("design")
        .agg(
            *(
                F.to_json(
                    F.array_sort(
                        F.array_distinct(
                            F.flatten(F.collect_list(F.when(F.col("text.side") == name, F.col("found"))))
                        )
                    )
                ).alias(name)
                for name in ("obverse", "reverse")
            )
        )
    )
    known = keyed.drop("texts").join(sides, "design", "left").fillna("[]", ["obverse", "reverse"])
    if clusters is None:
        return known
    return known.join(
        clusters.groupBy("image_id").agg(
            F.collect_list(F.struct("layer", "mint", "cluster", "distance")).alias("clusters")
        ),
        "image_id",
        "left",
    )


def mint(coins: DataFrame, settings: Layer, mints: tuple[str, ...]) -> DataFrame:
    """The baseline: each coin in the class of its mint."""
    return _rows(coins.withColumn("class", F.col("mint")).withColumn("evidence", F.lit("its mint")), settings)


def type_(coins: DataFrame, settings: Layer, mints: tuple[str, ...]) -> DataFrame:
    """Each coin of a sure type in the class `Mint/type`; coins of several types, or of none, are left out."""
    sure = coins.where(F.col("type") != "")
    return _rows(
        sure.withColumn("class", F.concat_ws("/", "mint", "type")).withColumn("evidence", F.lit("its type")),
        settings,
    )


def entities(coins: DataFrame, settings: Layer, mints: tuple[str, ...]) -> DataFrame:
    """The mints' coins in classes of both sides' entities (see plan.py); what fits none, and other mints, in their mint.

    The choice needs every design at once, of which there are some thousands: one task makes it.
    """

    def place(designs: pd.DataFrame) -> pd.DataFrame:
        found = places(
            map(design, designs.to_dict("records")), mints, settings.classes, settings.least, settings.most
        )
        rows = [(one.mint, one.type, one.key, name, why) for one, name, why in found]
        return pd.DataFrame(rows, columns=["mint", "type", "design", "class", "evidence"], dtype=object)

    placed = designs_of(coins).groupBy(F.lit(0)).applyInPandas(place, _PLACE)
    joined = coins.join(placed, list(DESIGN), "left")
    return _rows(
        joined.withColumn("class", F.coalesce("class", "mint")).withColumn(
            "evidence", F.coalesce("evidence", F.lit(NOT_SPLIT))
        ),
        settings,
    )


def clusters(coins: DataFrame, settings: Layer, mints: tuple[str, ...]) -> DataFrame:
    """The mints' coins in classes `Mint/cluster-07` by their pictures; clusters of fewer than `least` go back into the mint."""
    own = F.filter("clusters", lambda one: one["layer"] == settings.name)[0]
    placed = coins.withColumn("own", own).withColumn(
        "cluster", F.when(F.col("own.mint") == F.col("mint"), F.col("own.cluster"))
    )
    sizes = (
        placed.where("cluster IS NOT NULL").groupBy("mint", "cluster").agg(F.count(F.lit(1)).alias("coins"))
    )
    many = sizes.groupBy("mint").agg(F.count(F.lit(1)).alias("clusters"))
    seen = (
        pictures(coins, mints)
        .groupBy("mint")
        .agg(F.count(F.lit(1)).alias("pictures"))
        .select("mint", F.coalesce(left_whole(F.col("pictures"), settings), F.lit(ALIKE)).alias("whole"))
    )
    joined = (
        placed.drop("clusters")
        .join(F.broadcast(sizes), ["mint", "cluster"], "left")
        .join(F.broadcast(many), "mint", "left")
        .join(F.broadcast(seen), "mint", "left")
    )
    large = F.col("mint").isin(*mints) & (F.col("coins") >= settings.least)
    named = F.when(large, F.format_string("%s/cluster-%02d", "mint", "cluster")).otherwise(F.col("mint"))
    return _rows(
        joined.withColumn("class", named).withColumn("evidence", _cluster_told(settings, mints)), settings
    )


def _cluster_told(settings: Layer, mints: tuple[str, ...]) -> Column:
    """What put a coin into its cluster's class, or back into its mint."""
    where = F.format_string("cluster %d of %d", "cluster", "clusters")
    return (
        F.when(~F.col("mint").isin(*mints), F.lit(NOT_SPLIT))
        .when(
            F.col("clusters").isNull(),
            F.concat(F.lit(LEFT_WHOLE), F.coalesce("whole", F.lit("none of its coins has a picture"))),
        )
        .when(F.col("image_id").isNull(), F.lit("no picture"))
        .when(
            F.col("cluster").isNull(),
            F.concat(F.lit("its picture counts for "), F.coalesce("own.mint", F.lit("another mint"))),
        )
        .when(
            F.col("coins") < settings.least,
            F.concat(
                where, F.format_string(" has %d coins, a class needs %d", "coins", F.lit(settings.least))
            ),
        )
        .otherwise(F.concat(where, F.format_string(", %.4f from its centroid", "own.distance")))
    )


LAYERS = {"mint": mint, "type": type_, "entities": entities, "clusters": clusters}


def designs_of(coins: DataFrame) -> DataFrame:
    """The distinct designs of coins with evidence: DESIGN, obverse, reverse (JSON), coins (a count)."""
    return coins.groupBy(*DESIGN, "obverse", "reverse").agg(F.count(F.lit(1)).alias("coins"))


def design(row: Mapping[str, object]) -> Design:
    """A row of `designs_of` as plain Python has it."""
    return Design(
        str(row["mint"]),
        str(row["type"]),
        str(row["design"]),
        side(str(row["obverse"])),
        side(str(row["reverse"])),
        bool(row["design"]),
        int(str(row["coins"])),
    )


def _rows(coins: DataFrame, settings: Layer) -> DataFrame:
    return coins.withColumn("layer", F.lit(settings.name)).select(*CLASSES.columns)
