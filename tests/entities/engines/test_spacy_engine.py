"""Behaviour of the spaCy engine only; test_engines.py tests what all trained engines share."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy

from coinspark.config import Recogniser
from coinspark.core.hashing import folder_hash
from coinspark.entities.engines import spacy_engine
from coinspark.entities.engines.engine import TrainingData
from coinspark.entities.ner.annotated import Span
from coinspark.warehouse.files import Location
from tests.entities.synthetic_names import designs

SETTINGS = Recogniser(epochs=8, vector_size=16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Location:
    folder = Location.of(tmp_path_factory.mktemp("recogniser") / "en")
    spacy_engine.train(TrainingData(designs(), "en", SETTINGS, 1), folder, lambda line: None)
    return folder


def test_model_finds_names_in_texts_without_word_vectors(folder: Location) -> None:
    text = "Tyche standing left, holding rudder in right hand."
    assert spacy_engine.find(folder, [text]) == [[Span(0, 5, "PERSON"), Span(29, 35, "OBJECT")]]


@pytest.mark.fault(16)
def test_text_of_a_megabyte_of_words_is_searched(folder: Location) -> None:
    text = ("owl" * 33 + " ") * 10_300  # more than a million characters
    (spans,) = spacy_engine.find(folder, [text])
    assert all(0 <= span.start < span.end <= len(text) for span in spans)


@pytest.mark.slow
def test_training_on_the_same_texts_gives_the_same_bytes(folder: Location, tmp_path: Path) -> None:
    data = TrainingData(designs()[::-1], "en", SETTINGS, 1)
    spacy_engine.train(data, Location.of(tmp_path / "again"), lambda line: None)
    assert folder_hash(tmp_path / "again") == folder.sha256()


def test_invented_word_gets_a_noisy_copy_of_a_known_vector() -> None:
    nlp = spacy.blank("en")
    add_invented = spacy_engine._add_vectors(nlp, [text.text for text in designs()], SETTINGS, 1)
    add_invented("Xanthia", "Zeus")
    add_invented("Nobody", "Unheard")
    invented, zeus, spear = (nlp.vocab[word].vector for word in ("Xanthia", "Zeus", "spear"))
    assert nlp.vocab["Xanthia"].vector_norm == pytest.approx(1, abs=1e-5)
    assert 0.5 < float(invented @ zeus) < 0.999
    assert float(invented @ zeus) > float(invented @ spear)
    assert not nlp.vocab["Nobody"].has_vector
