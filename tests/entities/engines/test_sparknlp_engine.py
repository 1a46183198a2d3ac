"""What is the Spark NLP engine's own; test_engines.py has what every engine does."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.ml import Pipeline
from pyspark.sql import SparkSession

from coinspark.entities.engines import sparknlp_engine
from coinspark.entities.ner.annotated import Marked, Mention, Span


def test_what_is_known_stands_the_longer_first_and_what_is_found_makes_way() -> None:
    def chunk(begin: int, end: int, category: str) -> dict[str, object]:
        return {"begin": begin, "end": end, "category": category}

    text = "Zeus Ammon on throne"
    known = [chunk(0, 4, "PERSON"), chunk(0, 10, "PERSON")]
    found = [chunk(5, 13, "OBJECT"), chunk(14, 20, "OBJECT")]
    assert sparknlp_engine._spans(text, known, found) == [Span(0, 10, "PERSON"), Span(14, 20, "OBJECT")]


@pytest.mark.slow
def test_names_with_signs_in_them_are_known_whole(spark: SparkSession, tmp_path: Path) -> None:
    sparknlp_engine.session()
    text = "Zeus (Aëtophoros) with a sword-belt, a belt_buckle, Gordian III. and lion's skin"
    forms = {
        "Zeus (Aëtophoros)": "PERSON",
        "Gordian III.": "PERSON",
        "sword-belt": "OBJECT",
        "belt": "OBJECT",
        "lion": "ANIMAL",
    }
    shown = [Marked(form, (Mention(0, len(form), category, form),)) for form, category in forms.items()]
    frame = sparknlp_engine._frame(spark, [Marked(text, ())])
    matchers = sparknlp_engine._by_heart(spark, shown, tmp_path)
    row = Pipeline(stages=[*sparknlp_engine._reader(), *matchers]).fit(frame).transform(frame).first()
    assert row is not None
    found = {
        (one["begin"], one["end"] + 1, category)
        for category in ("PERSON", "OBJECT", "ANIMAL")
        for one in row[f"known_{category}"]
    }
    assert found == {
        (text.index(form), text.index(form) + len(form), category)
        for form, category in forms.items()
        if form != "belt"
    } | {(text.index("sword-belt") + 6, text.index("sword-belt") + 10, "OBJECT")}


def test_a_word_is_seen_by_its_shape(spark: SparkSession) -> None:
    words = ["Athena", "owl", "IIII", "Ö1", "ΑΘΗΝΑ"]
    frame = spark.createDataFrame(
        [([({"token": word, "sentence": "0"},) for word in words],)],
        "embeddings array<struct<metadata:map<string,string>>>",
    )
    row = sparknlp_engine._shapes(frame).first()
    assert row is not None
    assert [one["metadata"] for one in row["embeddings"]] == [
        {"token": shape, "sentence": "0"} for shape in ("Xxxxx", "xxx", "XXXX", "Xd", "XXXX")
    ]


def test_places_count_characters_where_java_counts_units() -> None:
    text = "\U0001d11e Zeus, \U0001d11e cup"  # each clef is one character, and two of Java's units
    found = [{"begin": 3, "end": 7, "category": "PERSON"}, {"begin": 12, "end": 15, "category": "OBJECT"}]
    assert [text[span.start : span.end] for span in sparknlp_engine._spans(text, [], found)] == [
        "Zeus",
        "cup",
    ]
