"""The lexicon engine: entities by the curators' lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame

from coinspark.entities.engines.engine import Engine, Models
from coinspark.entities.lexicon import automaton
from coinspark.entities.lexicon.forms import Form
from coinspark.warehouse.schemas import ENTITIES

NAME = "lexicon"


def annotate(texts: DataFrame, models: Models, forms: tuple[Form, ...]) -> DataFrame:
    """ENTITIES rows of the texts (see `Engine`).

    The texts are repartitioned first: they are few and often in one partition.
    """
    spread = texts.select("text_id", "language", "text").repartition(
        texts.sparkSession.sparkContext.defaultParallelism
    )

    def annotate_batches(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        matcher = automaton.cached_matcher(forms)
        for batch in batches:
            yield _entity_rows(matcher, batch)

    return spread.mapInPandas(annotate_batches, ENTITIES.ddl)


def _entity_rows(matcher: automaton.Matcher, texts: pd.DataFrame) -> pd.DataFrame:
    """ENTITIES columns for a batch of texts (text_id, language, text)."""
    rows: list[tuple[Any, ...]] = []
    for text_id, language, text in zip(texts["text_id"], texts["language"], texts["text"], strict=True):
        rows += [(text_id, NAME, *match, False) for match in automaton.find(matcher, text, language)]
    return pd.DataFrame(rows, columns=list(ENTITIES.columns))


ENGINE = Engine(annotate)
