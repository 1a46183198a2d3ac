"""Proposals: names that trained engines found and no list has, for curators to decide on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.entities import frames
from coinspark.entities.lexicon import linking
from coinspark.entities.lexicon.forms import Form
from coinspark.entities.review import verdicts
from coinspark.entities.review.verdicts import ProposalKey
from coinspark.warehouse.schemas import PROPOSALS

_MAX_EXAMPLES, _MAX_NEAREST = 3, 3


def propose(
    entities: DataFrame,
    listed: DataFrame,
    texts: DataFrame,
    forms: tuple[Form, ...],
    refused: frozenset[ProposalKey],
) -> DataFrame:
    """PROPOSALS rows, one per name; spellings that differ only in case are one, named by the most frequent.

    Args:
        entities: ENTITIES rows of the trained engines.
        listed: ENTITIES rows of the lexicon; an overlapping row of `entities` is not proposed.
        texts: Distinct texts (text_id, language, text).
        forms: Forms of the lists, for the nearest entries.
        refused: Keys that are not proposed again.
    """
    unlisted = frames.without_overlaps(entities.where("name IS NULL"), listed).join(texts, "text_id")
    unlisted = unlisted.withColumn("folded", F.lower("form"))
    key = ["language", "category", "folded"]
    spelling_counts = unlisted.groupBy(*key, "form").agg(F.countDistinct("text_id").alias("n"))
    # The minimum of (-count, form): highest count first, ties in alphabetical order.
    most_frequent = F.min(F.struct((-F.col("n")).alias("n"), "form"))["form"]
    names = spelling_counts.groupBy(*key).agg(most_frequent.alias("name"))
    examples = F.array_sort(F.collect_set(F.struct("text_id", "start", "end", "text")))
    counts = unlisted.groupBy(*key).agg(
        F.countDistinct("text_id").alias("texts"), F.slice(examples, 1, _MAX_EXAMPLES).alias("examples")
    )
    rows = counts.join(names, key).select("language", "category", "name", "texts", "examples")
    return rows.mapInPandas(_open_with_nearest(forms, refused), PROPOSALS.ddl)


def _open_with_nearest(
    forms: tuple[Form, ...], refused: frozenset[ProposalKey]
) -> Callable[[Iterable[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """A function for `mapInPandas` that drops refused proposals and adds the nearest list entries."""

    def nearest_entries(index: linking.Index, row: Any) -> list[dict[str, object]]:
        candidates = linking.nearest(index, row["name"], row["language"], row["category"], _MAX_NEAREST)
        return [
            {"name": candidate.form.name, "likeness": round(candidate.similarity, 4)}
            for candidate in candidates
        ]

    def process(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        index = linking.cached_index(forms)
        for batch in batches:
            columns = batch["language"], batch["category"], batch["name"]
            is_open = [verdicts.proposal_key(*values) not in refused for values in zip(*columns, strict=True)]
            rows = batch[is_open]
            nearest = [nearest_entries(index, row) for _, row in rows.iterrows()]
            yield rows.assign(nearest=pd.Series(nearest, index=rows.index, dtype=object))

    return process
