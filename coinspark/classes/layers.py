"""Class layers: functions from coins with evidence to rows of `classes`, all with one signature.

`layer(coins, settings, mints)` takes the frame that `with_evidence` makes, the layer's settings and the mints that it splits,
and gives the CLASSES columns. A class of a mint is `Mint` or `Mint/name`. Layers of clusters and objects will have the same.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.classes.plan import places
from coinspark.classes.telling import Design, side
from coinspark.config import Layer, Split
from coinspark.errors import InputError
from coinspark.schemas import CLASSES

DESIGN = ("mint", "type", "design")
"""What coins have in common for a class layer: mint, sure type (or '') and the texts of both sides (or '')."""

_PLACE = "mint string, type string, design string, class string, evidence string"


def with_evidence(coins: DataFrame, entities: DataFrame) -> DataFrame:
    """Coins with what a layer may know of them, key (coin_id, medium).

    coin_id, medium, mint · type: the sure one, '' where there is none or several · design: the text ids of both sides,
    '' without a description · obverse, reverse: JSON arrays of {name, category, kinds}, each name once, by name.
    """
    texts = F.filter("descriptions", lambda one: one["text_id"].isNotNull() & (F.length(one["text"]) > 0))
    keyed = coins.select(
        "coin_id", "medium", "mint",
        F.when(F.size("types") == 1, F.col("types")[0]).otherwise("").alias("type"),
        F.coalesce(texts, F.array()).alias("texts"),
    ).withColumn("design", F.array_join(F.array_sort(F.transform(
        "texts", lambda one: F.concat_ws(":", one["side"], one["text_id"]))), " "))
    found = entities.groupBy("text_id").agg(F.collect_set(
        F.struct(F.coalesce("name", "form").alias("name"), "category", "kinds")).alias("found"))
    sides = (
        keyed.where("design != ''").dropDuplicates(["design"]).select("design", F.explode("texts").alias("text"))
        .join(found, F.col("text.text_id") == F.col("text_id")).groupBy("design").agg(*(
            F.to_json(F.array_sort(F.array_distinct(F.flatten(
                F.collect_list(F.when(F.col("text.side") == name, F.col("found"))))))).alias(name)
            for name in ("obverse", "reverse")
        ))
    )
    return keyed.drop("texts").join(sides, "design", "left").fillna("[]", ["obverse", "reverse"])


def mint(coins: DataFrame, settings: Layer, mints: tuple[str, ...]) -> DataFrame:
    """The baseline: each coin in the class of its mint."""
    return _rows(coins.withColumn("class", F.col("mint")).withColumn("evidence", F.lit("its mint")), settings)


def type_(coins: DataFrame, settings: Layer, mints: tuple[str, ...]) -> DataFrame:
    """Each coin of a sure type in the class `Mint/type`; coins of several types, or of none, are left out."""
    sure = coins.where(F.col("type") != "")
    return _rows(sure.withColumn("class", F.concat_ws("/", "mint", "type")).withColumn("evidence", F.lit("its type")), settings)


def entities(coins: DataFrame, settings: Layer, mints: tuple[str, ...]) -> DataFrame:
    """The mints' coins in classes of both sides' entities (see plan.py); what fits none, and other mints, in their mint.

    The choice needs every design at once, of which there are some thousands: one task makes it.
    """
    def place(designs: pd.DataFrame) -> pd.DataFrame:
        found = places(map(design, designs.to_dict("records")), mints, settings.classes, settings.least, settings.most)
        rows = [(one.mint, one.type, one.key, name, why) for one, name, why in found]
        return pd.DataFrame(rows, columns=["mint", "type", "design", "class", "evidence"], dtype=object)

    placed = designs_of(coins).groupBy(F.lit(0)).applyInPandas(place, _PLACE)
    joined = coins.join(placed, list(DESIGN), "left")
    return _rows(joined.withColumn("class", F.coalesce("class", "mint"))
                 .withColumn("evidence", F.coalesce("evidence", F.lit("its mint is not split in this layer"))), settings)


LAYERS = {"mint": mint, "type": type_, "entities": entities}


def designs_of(coins: DataFrame) -> DataFrame:
    """The distinct designs of coins with evidence: DESIGN, obverse, reverse (JSON), coins (a count)."""
    return coins.groupBy(*DESIGN, "obverse", "reverse").agg(F.count(F.lit(1)).alias("coins"))


def design(row: Mapping[str, object]) -> Design:
    """A row of `designs_of` as plain Python has it."""
    return Design(
        str(row["mint"]), str(row["type"]), str(row["design"]), side(str(row["obverse"])), side(str(row["reverse"])),
        bool(row["design"]), int(str(row["coins"])),
    )


def split_mints(sizes: Mapping[str, int], split: Split, layer: str) -> tuple[str, ...]:
    """The mints that a layer splits, by name: those given, those with more coins than `over`, and the `biggest`.

    `sizes` are the coins of every mint. InputError names a mint that there is not, and the nearest that there is.
    """
    for name in split.mints:
        if name not in sizes:
            near = difflib.get_close_matches(name, sizes, n=1, cutoff=0.0)
            raise InputError(f"layers: {layer}: split.mints: no coin is of the mint {name!r}"
                             + (f"; the nearest is {near[0]!r}" if near else ""))
    chosen = set(split.mints)
    chosen |= {name for name, n in sizes.items() if split.over is not None and n > split.over}
    chosen |= set(sorted(sizes, key=lambda name: (-sizes[name], name))[:split.biggest or 0])
    return tuple(sorted(chosen))


def _rows(coins: DataFrame, settings: Layer) -> DataFrame:
    return coins.withColumn("layer", F.lit(settings.name)).select(*CLASSES.columns)
