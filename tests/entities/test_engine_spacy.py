"""What is the spaCy engine's own; test_engines.py has what every engine does."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy

from coinspark.entities import engine_spacy, models
from coinspark.settings import Recogniser
from tests.entities.made_up import designs

SETTINGS = Recogniser(passes=2, vectors=16)


@pytest.mark.slow
def test_the_same_texts_make_the_same_recogniser(tmp_path: Path) -> None:
    for name, texts in ("once", designs()), ("again", designs()[::-1]):
        engine_spacy.train(texts, "en", SETTINGS, 1, tmp_path / name, lambda line: None)
    assert models.digest(tmp_path / "again") == models.digest(tmp_path / "once")


def test_a_made_up_word_is_lent_a_blurred_vector() -> None:
    nlp = spacy.blank("en")
    like = engine_spacy._give_vectors(nlp, [one.text for one in designs()], SETTINGS, 1)
    like("Xanthia", "Zeus")
    like("Nobody", "Unheard")
    lent, zeus, spear = (nlp.vocab[word].vector for word in ("Xanthia", "Zeus", "spear"))
    assert nlp.vocab["Xanthia"].vector_norm == pytest.approx(1, abs=1e-5)
    assert 0.5 < float(lent @ zeus) < 0.999
    assert float(lent @ zeus) > float(lent @ spear)
    assert not nlp.vocab["Nobody"].has_vector
