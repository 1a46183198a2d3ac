"""What a trained engine finds → rows of `entities`: each span linked to the list entry that it names, if there is one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from coinspark.entities import linking
from coinspark.entities.lists import Form
from coinspark.entities.marked import Span
from coinspark.schemas import ENTITIES


def rows(engine: str, texts: pd.DataFrame, found: Sequence[Iterable[Span]], forms: tuple[Form, ...]) -> pd.DataFrame:
    """The spans of a batch of texts (text_id, language, text) as a frame with the ENTITIES columns.

    A span that names no entry has no canonical name.
    """
    listed = linking.cached(forms)
    made: list[tuple[Any, ...]] = []
    for text_id, language, text, spans in zip(texts["text_id"], texts["language"], texts["text"], found, strict=True):
        for span in spans:
            form = text[span.start:span.end]
            entry = linking.link(listed, form, language, span.category)
            known = (entry.name, span.category, entry.link, entry.kinds) if entry else (None, span.category, None, ())
            made.append((text_id, engine, span.start, span.end, form, *known))
    return pd.DataFrame(made, columns=list(ENTITIES.columns))
