"""The lexicon engine: distinct texts → entities, by the keepers' lists. The one place where Spark meets lexicon.py.

The other engines have a module `engine_NAME` each, with a function `annotate` that takes the distinct texts and what it needs,
and gives the ENTITIES columns with its own name in `engine`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame

from coinspark.entities.lexicon import automaton
from coinspark.entities.lexicon.lists import Form
from coinspark.warehouse.schemas import ENTITIES

NAME = "lexicon"


def annotate(texts: DataFrame, forms: tuple[Form, ...]) -> DataFrame:
    """ENTITIES rows of `texts` (text_id, language, text; a row a distinct text), key (text_id, engine, start).

    Texts are spread over the cores first: they are few, and would else stand in one partition.
    """
    spread = texts.select("text_id", "language", "text").repartition(
        texts.sparkSession.sparkContext.defaultParallelism
    )

    def each(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        matcher = automaton.cached(forms)
        for batch in batches:
            yield rows(matcher, batch)

    return spread.mapInPandas(each, ENTITIES.ddl)


def rows(matcher: automaton.Matcher, texts: pd.DataFrame) -> pd.DataFrame:
    """The entities of a batch of texts (text_id, language, text) as a frame with the ENTITIES columns."""
    found: list[tuple[Any, ...]] = []
    for text_id, language, text in zip(texts["text_id"], texts["language"], texts["text"], strict=True):
        for start, end, form, name, category, link, kinds in automaton.find(matcher, text, language):
            found.append((text_id, NAME, start, end, form, name, category, link, kinds, False))
    return pd.DataFrame(found, columns=list(ENTITIES.columns))
