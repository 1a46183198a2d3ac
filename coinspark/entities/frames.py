"""DataFrame operations on rows of `entities`: rows from spans, and selection where spans overlap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.entities.lexicon import linking
from coinspark.entities.lexicon.forms import Form
from coinspark.entities.ner import unverified
from coinspark.entities.ner.annotated import Span
from coinspark.warehouse.files import Location
from coinspark.warehouse.schemas import ENTITIES


def entity_rows(
    engine: str,
    texts: pd.DataFrame,
    spans: Sequence[Iterable[Span]],
    forms: tuple[Form, ...],
    models: Mapping[str, Location],
) -> pd.DataFrame:
    """ENTITIES columns for the spans that a trained engine found.

    Args:
        engine: Value of the column `engine`.
        texts: A batch with the columns text_id, language, text.
        spans: The spans of each text.
        forms: Forms of the lists; a span that names none of their entries has no canonical name.
        models: Language → folder of the model that found the spans.
    """
    index = linking.cached_index(forms)
    rows: list[tuple[Any, ...]] = []
    columns = texts["text_id"], texts["language"], texts["text"]
    for text_id, language, text, spans_of_text in zip(*columns, spans, strict=True):
        phrases = unverified.read_phrases(models[language])
        for span in spans_of_text:
            surface = text[span.start : span.end]
            entry = linking.link(index, surface, language, span.category)
            name, link, kinds = (entry.name, entry.link, entry.kinds) if entry else (None, None, ())
            is_unverified = unverified.is_unverified(phrases, text, span)
            row = text_id, engine, span.start, span.end, surface, name, span.category, link, kinds
            rows.append((*row, is_unverified))
    return pd.DataFrame(rows, columns=list(ENTITIES.columns))


def merge_by_priority(entities: DataFrame, engines: Sequence[str]) -> DataFrame:
    """Non-overlapping rows of `entities` from several engines, key (text_id, start).

    Args:
        entities: Rows with at least text_id, engine, start, end, name, unverified.
        engines: Highest priority first. A row is dropped if it overlaps a row of an engine with higher
            priority.

    An unverified entity counts only if it is linked to a list entry, as its misspelling; otherwise it is
    dropped and hides no other row.
    """
    # `unverified` is null in tables from before the column existed.
    is_open = F.coalesce("unverified", F.lit(False)) & F.col("name").isNull()
    frames = [entities.where((F.col("engine") == engine) & ~is_open) for engine in engines]
    return reduce(lambda higher, lower: higher.unionByName(without_overlaps(lower, higher)), frames)


def without_overlaps(rows: DataFrame, others: DataFrame) -> DataFrame:
    """Rows whose span shares no character with a span of `others` in the same text."""
    taken = others.select(
        F.col("text_id").alias("other_text"), F.col("start").alias("low"), F.col("end").alias("high")
    )
    overlaps = (
        (F.col("text_id") == F.col("other_text"))
        & (F.col("start") < F.col("high"))
        & (F.col("low") < F.col("end"))
    )
    return rows.join(taken, overlaps, "left_anti")
