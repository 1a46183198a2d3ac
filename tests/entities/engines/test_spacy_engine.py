"""What is the spaCy engine's own; test_engines.py has what every engine does."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy

from coinspark.config import Recogniser
from coinspark.entities.engines import spacy_engine
from coinspark.entities.ner import model_store
from coinspark.entities.ner.annotated import Span
from tests.entities.synthetic_names import designs

SETTINGS = Recogniser(passes=8, vectors=16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("recogniser") / "en"
    spacy_engine.train(designs(), "en", SETTINGS, 1, place, lambda line: None)
    return place


def test_it_finds_names_in_texts_that_it_has_not_even_read_unmarked(folder: Path) -> None:
    text = "Tyche standing left, holding rudder in right hand."
    assert spacy_engine.find(folder, [text]) == [[Span(0, 5, "PERSON"), Span(29, 35, "OBJECT")]]


def test_a_megabyte_of_words_is_read(folder: Path) -> None:
    text = "owl " * 300_000
    (found,) = spacy_engine.find(folder, [text])
    assert all(0 <= span.start < span.end <= len(text) for span in found)


@pytest.mark.slow
def test_the_same_texts_make_the_same_recogniser(folder: Path, tmp_path: Path) -> None:
    spacy_engine.train(designs()[::-1], "en", SETTINGS, 1, tmp_path / "again", lambda line: None)
    assert model_store.digest(tmp_path / "again") == model_store.digest(folder)


def test_a_made_up_word_is_lent_a_blurred_vector() -> None:
    nlp = spacy.blank("en")
    like = spacy_engine._give_vectors(nlp, [one.text for one in designs()], SETTINGS, 1)
    like("Xanthia", "Zeus")
    like("Nobody", "Unheard")
    lent, zeus, spear = (nlp.vocab[word].vector for word in ("Xanthia", "Zeus", "spear"))
    assert nlp.vocab["Xanthia"].vector_norm == pytest.approx(1, abs=1e-5)
    assert 0.5 < float(lent @ zeus) < 0.999
    assert float(lent @ zeus) > float(lent @ spear)
    assert not nlp.vocab["Nobody"].has_vector
