"""What a trained engine finds → rows of `entities`: each span linked to the list entry that it names, if there is one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from coinspark.entities.lexicon import linking
from coinspark.entities.lexicon.lists import Form
from coinspark.entities.ner import unverified
from coinspark.entities.ner.annotated import Span
from coinspark.warehouse.schemas import ENTITIES


def rows(
    engine: str,
    texts: pd.DataFrame,
    found: Sequence[Iterable[Span]],
    forms: tuple[Form, ...],
    folders: Mapping[str, str],
) -> pd.DataFrame:
    """The spans of a batch of texts (text_id, language, text) as a frame with the ENTITIES columns.

    A span that names no entry has no canonical name. `folders`: language → the recogniser that found the spans, which knows
    what of them is a unverified.
    """
    listed = linking.cached(forms)
    made: list[tuple[Any, ...]] = []
    for text_id, language, text, spans in zip(
        texts["text_id"], texts["language"], texts["text"], found, strict=True
    ):
        shown = unverified.read(folders[language])
        for span in spans:
            form = text[span.start : span.end]
            entry = linking.link(listed, form, language, span.category)
            known = (
                (entry.name, span.category, entry.link, entry.kinds)
                if entry
                else (None, span.category, None, ())
            )
            made.append(
                (
                    text_id,
                    engine,
                    span.start,
                    span.end,
                    form,
                    *known,
                    unverified.is_unverified(shown, text, span),
                )
            )
    return pd.DataFrame(made, columns=list(ENTITIES.columns))
