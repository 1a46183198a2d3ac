"""Finds that name no list entry → the table `proposals`, for the keepers to accept or refuse (verdicts.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.entities import trusted
from coinspark.entities.lexicon import linking
from coinspark.entities.lexicon.lists import Form
from coinspark.entities.review import verdicts
from coinspark.entities.review.verdicts import Key
from coinspark.warehouse.schemas import PROPOSALS

_EXAMPLES, _NEAREST = 3, 3


def propose(
    found: DataFrame, lexicon: DataFrame, texts: DataFrame, forms: tuple[Form, ...], refused: frozenset[Key]
) -> DataFrame:
    """PROPOSALS rows: each name that a trained engine found, where the lists have nothing at that place, and how often.

    `found` and `lexicon` are ENTITIES rows, `texts` has text_id, language, text. Spellings that differ in case alone are one
    proposal, named by the one that most texts have.
    """
    new = trusted.outside(found.where("name IS NULL"), lexicon).join(texts, "text_id")
    alike = new.withColumn("folded", F.lower("form"))
    kind = ["language", "category", "folded"]
    spelled = (
        alike.groupBy(*kind, "form")
        .agg(F.countDistinct("text_id").alias("n"))
        .groupBy(*kind)
        .agg(F.min(F.struct((-F.col("n")).alias("n"), "form"))["form"].alias("name"))
    )
    example = F.struct("text_id", "start", "end", "text")
    counted = alike.groupBy(*kind).agg(
        F.countDistinct("text_id").alias("texts"),
        F.slice(F.array_sort(F.collect_set(example)), 1, _EXAMPLES).alias("examples"),
    )
    rows = counted.join(spelled, kind).select("language", "category", "name", "texts", "examples")
    return rows.mapInPandas(_with_nearest(forms, refused), PROPOSALS.ddl)


Work = Callable[[Iterable[pd.DataFrame]], Iterator[pd.DataFrame]]


def _with_nearest(forms: tuple[Form, ...], refused: frozenset[Key]) -> Work:
    """Adds the list entries that are most like each proposal; leaves out what the keepers have refused."""

    def work(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        listed = linking.cached(forms)

        def nearest(row: Any) -> list[dict[str, object]]:
            return [
                {"name": near.form.name, "likeness": round(near.likeness, 4)}
                for near in linking.nearest(listed, row["name"], row["language"], row["category"], _NEAREST)
            ]

        for batch in batches:
            keys = [
                verdicts.key(*key)
                for key in zip(batch["language"], batch["category"], batch["name"], strict=True)
            ]
            open_ = batch[[key not in refused for key in keys]]
            near = [nearest(row) for _, row in open_.iterrows()]
            yield open_.assign(nearest=pd.Series(near, index=open_.index, dtype=object))

    return work
