"""The Spark NLP engine on a few hundred made-up designs: it learns, finds a name it has never seen, points into the texts."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from coinspark.entities import engine_sparknlp
from coinspark.entities.marked import Span
from coinspark.errors import ConfigError
from coinspark.settings import Recogniser
from tests.entities.made_up import FORMS, designs

pytestmark = pytest.mark.slow
SETTINGS = Recogniser(passes=6, vectors=16)


@pytest.fixture(scope="module")
def folder(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("recogniser") / "en"
    engine_sparknlp.train(designs(), "en", SETTINGS, 1, place, lambda line: None)
    return place


def test_it_finds_names_that_it_has_never_seen(folder: Path) -> None:
    text = "Tyche standing left, holding rudder in right hand."
    assert engine_sparknlp.find(folder, [text]) == [[Span(0, 5, "PERSON"), Span(29, 35, "OBJECT")]]


def test_what_it_has_seen_it_finds(folder: Path) -> None:
    known = designs()[:50]
    found = engine_sparknlp.find(folder, [one.text for one in known])
    assert found == [[Span(*mention[:3]) for mention in one.mentions] for one in known]


def test_awkward_texts_are_read_or_left(folder: Path) -> None:
    texts = ["", " ", "\x07", "ΑΘΗΝΑ Σοφία καὶ Ζεύς", "a\u0301 e\u0301", "\U0001d11e Zeus seated, \U0001d11e holding cup."]
    found = engine_sparknlp.find(folder, texts)
    assert found[:2] == [[], []]
    assert all(0 <= span.start < span.end <= len(text) for text, spans in zip(texts, found, strict=True) for span in spans)


def test_places_count_characters_where_java_counts_units() -> None:
    text = "\U0001d11e Zeus, \U0001d11e cup"  # each clef is one character, and two of Java's units
    found = [{"begin": 3, "end": 7, "category": "PERSON"}, {"begin": 12, "end": 15, "category": "OBJECT"}]
    assert [text[span.start:span.end] for span in engine_sparknlp._spans(text, found)] == ["Zeus", "cup"]


def test_rows_of_spark_point_into_the_texts_and_are_linked(folder: Path, spark: SparkSession) -> None:
    texts = {"a": ("en", "Zeus seated, holding cup in left hand."), "c": ("de", "Zeus thront nach links."),
             "b": ("en", "Tyche standing left, holding cup in right hand."), "d": ("en", "")}
    frame = spark.createDataFrame([(key, *value) for key, value in texts.items()],
                                  "text_id string, language string, text string")
    rows = engine_sparknlp.annotate(frame, {"en": str(folder)}, FORMS).collect()
    assert all(texts[row["text_id"]][1][row["start"]:row["end"]] == row["form"] for row in rows)
    assert sorted((row["text_id"], row["form"], row["name"], row["category"], row["link"]) for row in rows) == [
        ("a", "Zeus", "Zeus", "PERSON", "link/Zeus"), ("a", "cup", "cup", "OBJECT", None),
        ("b", "Tyche", None, "PERSON", None), ("b", "cup", "cup", "OBJECT", None)]


def test_vectors_wider_than_any_graph_are_refused(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"recogniser\.vectors: Spark NLP takes at most 1024, not 1025"):
        engine_sparknlp._vectors(spark, ["Zeus"], SETTINGS.model_copy(update={"vectors": 1025}), 1, {})
