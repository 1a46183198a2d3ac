"""Layer kind `entities`: classes of a mint by what both sides of its coins show, from their descriptions."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from coinspark.classes.designs.information import Design, parse_side
from coinspark.classes.designs.plan import assign_designs
from coinspark.classes.kinds.kind import NOT_SPLIT, LayerKind, Tables, class_rows
from coinspark.config import Config, Layer
from coinspark.entities.engines import ENGINES
from coinspark.entities.engines.engine import TrainedEngine
from coinspark.entities.frames import merge_by_priority

DESIGN_KEY = ("mint", "type", "design")
"""Key of a design row: mint, type ('' without a single type), and the texts of both sides ('' if none)."""

_ASSIGNED = "mint string, type string, design string, class string, evidence string"


def with_sides(coins: DataFrame, read: Tables, config: Config) -> DataFrame:
    """Coins with the entities of both sides, key (coin_id, medium).

    Args:
        coins: As `coin_facts` returns them.
        read: Reads the table `entities`.
        config: Its `entities.engines_by_priority` are the engines whose entities count.

    Returns:
        coin_id, medium, mint, image_id, type, design, obverse, reverse. The last two are JSON arrays of
        {name, category, kinds}, each name once, sorted; [] without entities.
    """
    shown = _entities_of_texts(merge_by_priority(read("entities"), config.entities.engines_by_priority))
    sides = (
        coins.where("design != ''")
        .dropDuplicates(["design"])
        .select("design", F.explode("texts").alias("text"))
        .join(shown, F.col("text.text_id") == F.col("text_id"))
        .groupBy("design")
        .agg(_side("obverse"), _side("reverse"))
    )
    return coins.drop("texts").join(sides, "design", "left").fillna("[]", ["obverse", "reverse"])


def _entities_of_texts(entities: DataFrame) -> DataFrame:
    """text_id, shown: distinct (name, category, kinds); the name of an unlisted entity is its form."""
    entity = F.struct(F.coalesce("name", "form").alias("name"), "category", "kinds")
    return entities.groupBy("text_id").agg(F.collect_set(entity).alias("shown"))


def _side(name: str) -> Column:
    """Aggregate of a design's texts: the entities of one side as a JSON array."""
    shown = F.collect_list(F.when(F.col("text.side") == name, F.col("shown")))
    return F.to_json(F.array_sort(F.array_distinct(F.flatten(shown)))).alias(name)


def assign(coins: DataFrame, layer: Layer, mints: tuple[str, ...]) -> DataFrame:
    """All coins: those of the split mints in the classes that `designs.plan` selects, the rest in their mint.

    The selection compares all designs of a mint and needs the designs of all mints to rate names. There are
    some thousands of designs, which one task handles.
    """

    def assign_all(rows: pd.DataFrame) -> pd.DataFrame:
        designs = map(design, rows.to_dict("records"))
        assigned = assign_designs(designs, mints, layer.max_classes, layer.min_coins, layer.max_share)
        return pd.DataFrame(
            [(item.mint, item.type, item.key, name, evidence) for item, name, evidence in assigned],
            columns=["mint", "type", "design", "class", "evidence"],
            dtype=object,
        )

    assigned = designs_of(coins).groupBy(F.lit(0)).applyInPandas(assign_all, _ASSIGNED)
    joined = coins.join(assigned, list(DESIGN_KEY), "left").withColumns(
        {"class": F.coalesce("class", "mint"), "evidence": F.coalesce("evidence", F.lit(NOT_SPLIT))}
    )
    return class_rows(joined, layer)


def designs_of(coins: DataFrame) -> DataFrame:
    """The distinct designs of coins with sides: mint, type, design, obverse, reverse, coins (a count)."""
    return coins.groupBy(*DESIGN_KEY, "obverse", "reverse").agg(F.count(F.lit(1)).alias("coins"))


def design(row: Mapping[str, object]) -> Design:
    """A row of `designs_of` in plain Python."""
    return Design(
        str(row["mint"]),
        str(row["type"]),
        str(row["design"]),
        parse_side(str(row["obverse"])),
        parse_side(str(row["reverse"])),
        bool(row["design"]),
        int(str(row["coins"])),
    )


def unsupervised_steps(config: Config) -> tuple[str, ...]:
    """The steps that are fitted on the descriptions of all coins. Pretrained recognisers are not."""
    settings = config.entities.recogniser
    engines = config.entities.engines_by_priority
    steps = ["class selection"]
    if set(config.entities.languages) - set(settings.pretrained) and any(
        isinstance(ENGINES[name], TrainedEngine) for name in engines
    ):
        steps += ["entity recogniser", *(["word vectors"] if settings.vector_size else [])]
    return tuple(steps)


KIND = LayerKind(
    assign,
    with_sides,
    reads=("entities",),
    splits_mints=True,
    has_examples=True,
    uses=("split", "max_classes", "min_coins", "max_share"),
    unsupervised_steps=unsupervised_steps,
)
