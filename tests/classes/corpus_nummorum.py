"""The designs of Corpus Nummorum's coins.csv, read with pandas instead of the pipeline."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

from coinspark.classes.designs.information import Design, Side
from coinspark.entities.lexicon import automaton, forms, lists


def corpus_designs(real_data: Path) -> list[Design]:
    matcher = automaton.compile_forms(forms.resolve(lists.read(real_data / "designs"))[0])

    @cache
    def side(text: str) -> Side:
        entities = {
            name: (name, category, kinds)
            for *_, name, category, _, kinds in automaton.find(matcher, text, "en")
        }
        return tuple(entities[name] for name in sorted(entities))

    rows = pd.read_csv(real_data / "corpus_nummorum" / "coins.csv", dtype=str, keep_default_na=False)
    key = ["coin_id", "medium"]
    types = (
        rows.groupby(key).type_id.agg(lambda ids: ids.iloc[0] if ids.nunique() == 1 else "").rename("type")
    )
    coins = rows.drop_duplicates(key).join(types, on=key)
    texts = ["obverse_description", "reverse_description"]
    return [
        Design(
            mint,
            type_,
            f"{obverse}\0{reverse}",
            side(obverse),
            side(reverse),
            bool(obverse or reverse),
            int(n),
        )
        for (mint, type_, obverse, reverse), n in coins.groupby(["mint", "type", *texts]).size().items()
    ]
