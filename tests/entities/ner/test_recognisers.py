"""When a recogniser that stands is used again: what its hash knows."""

from __future__ import annotations

import pytest

from coinspark.config import load
from coinspark.entities.ner import recognisers
from coinspark.entities.ner.annotated import Marked


def test_the_hash_knows_all_that_a_recogniser_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    ready = [Marked("Nike standing", ((0, 4, "PERSON"),)), Marked("Tripod", ())]

    def key(
        *overrides: str, engine: str = "spacy", texts: list[Marked] = ready, more: tuple[str, ...] = ()
    ) -> str:
        return recognisers.learning(load([], overrides), engine, "en", texts, more)

    mine = key()
    assert key() == mine == key("warehouse=elsewhere", "training.epochs=3")
    others = [
        key("seed=1"),
        key("entities.recogniser.passes=9"),
        key(engine="sparknlp"),
        key(texts=ready[:1]),
        key(more=("Owl",)),
    ]
    monkeypatch.setattr(recognisers, "version", lambda library: f"another {library}")
    others += [key(), key(engine="sparknlp")]
    assert len({mine, *others}) == 1 + len(others)
