"""The key of a stored model covers everything that decides it."""

from __future__ import annotations

import pytest

from coinspark.config import load
from coinspark.core import code_version
from coinspark.entities.engines.engine import TrainingData
from coinspark.entities.ner import recognisers
from coinspark.entities.ner.annotated import AnnotatedText, Mention

TEXTS = (AnnotatedText("Nike standing", (Mention(0, 4, "PERSON", "Nike"),)), AnnotatedText("Tripod", ()))


def key(
    *overrides: str,
    engine: str = "spacy",
    texts: tuple[AnnotatedText, ...] = TEXTS,
    unannotated: tuple[str, ...] = (),
) -> str:
    config = load([], ["entities.lists=lists", *overrides])
    data = TrainingData(texts, "en", config.entities.recogniser, config.seed, unannotated)
    return recognisers.training_key(engine, data)


def test_key_changes_with_texts_settings_seed_engine_and_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    first = key()
    assert key() == first == key("warehouse=elsewhere", "training.epochs=3")
    others = [
        key("seed=1"),
        key("entities.recogniser.epochs=9"),
        key(engine="sparknlp"),
        key(texts=TEXTS[:1]),
        key(unannotated=("Owl",)),
    ]
    installed = code_version.library_versions

    def upgraded(libraries: set[str]) -> dict[str, list[str]]:
        return {**installed(libraries), **{name: ["99"] for name in libraries & {"spacy", "sparknlp"}}}

    monkeypatch.setattr(code_version, "library_versions", upgraded)
    others += [key(), key(engine="sparknlp")]
    assert len({first, *others}) == 1 + len(others)
