"""The spaCy engine on a few hundred made-up designs: it learns, finds a name it has never seen, and does so again."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from pyspark.sql import SparkSession

from coinspark.entities import engine_spacy, models
from coinspark.entities.marked import Span
from coinspark.settings import Recogniser
from tests.entities.made_up import FORMS, designs

SETTINGS = Recogniser(passes=8, vectors=16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("recogniser") / "en"
    engine_spacy.train(designs(), "en", SETTINGS, 1, place, lambda line: None)
    return place


def test_it_finds_names_that_it_has_never_seen(folder: Path) -> None:
    text = "Tyche standing left, holding rudder in right hand."
    assert engine_spacy.find(folder, [text]) == [[Span(0, 5, "PERSON"), Span(29, 35, "OBJECT")]]


def test_what_it_has_seen_it_finds(folder: Path) -> None:
    known = designs()[:50]
    found = engine_spacy.find(folder, [one.text for one in known])
    assert found == [[Span(*mention[:3]) for mention in one.mentions] for one in known]


def test_it_has_by_heart_what_it_has_seen_wherever_that_stands(folder: Path) -> None:
    assert engine_spacy.find(folder, ["cup Zeus cup"]) == [[Span(0, 3, "OBJECT"), Span(4, 8, "PERSON"), Span(9, 12, "OBJECT")]]


def test_awkward_texts_are_read_or_left(folder: Path) -> None:
    texts = ["", " ", "\x00\x07", "ΑΘΗΝΑ Σοφία καὶ Ζεύς", "a\u0301 e\u0301", "owl " * 300_000]
    found = engine_spacy.find(folder, texts)
    assert len(found) == len(texts)
    assert found[:2] == [[], []]
    assert all(0 <= span.start < span.end <= len(text) for text, spans in zip(texts, found, strict=True) for span in spans)


@pytest.mark.slow
def test_the_same_texts_make_the_same_recogniser(folder: Path, tmp_path: Path) -> None:
    engine_spacy.train(designs()[::-1], "en", SETTINGS, 1, tmp_path / "again", lambda line: None)
    assert models.digest(tmp_path / "again") == models.digest(folder)


def test_rows_of_spark_point_into_the_texts_and_are_linked(folder: Path, spark: SparkSession) -> None:
    texts = {"a": ("en", "Zeus seated, holding cup in left hand."), "c": ("de", "Zeus thront nach links."),
             "b": ("en", "Tyche standing left, holding cup in right hand."), "d": ("en", "")}
    frame = spark.createDataFrame([(key, *value) for key, value in texts.items()],
                                  "text_id string, language string, text string")
    rows = engine_spacy.annotate(frame, {"en": str(folder)}, FORMS).collect()
    assert all(texts[row["text_id"]][1][row["start"]:row["end"]] == row["form"] for row in rows)
    assert sorted((row["text_id"], row["form"], row["name"], row["category"], row["link"], row["kinds"]) for row in rows) == [
        ("a", "Zeus", "Zeus", "PERSON", "link/Zeus", []), ("a", "cup", "cup", "OBJECT", None, []),
        ("b", "Tyche", None, "PERSON", None, []), ("b", "cup", "cup", "OBJECT", None, [])]


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
