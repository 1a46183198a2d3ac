"""Parts of the Spark NLP pipeline: overlapping chunks, character offsets, tokens, word shapes."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.ml import Pipeline
from pyspark.sql import SparkSession

from coinspark.entities.engines import sparknlp_engine
from coinspark.entities.engines import sparknlp_pipeline as parts
from coinspark.entities.ner.annotated import AnnotatedText, Mention, Span
from coinspark.warehouse.local_frame import local_frame


def chunk(begin: int, end: int, category: str) -> dict[str, object]:
    return {"begin": begin, "end": end, "category": category}


def test_longer_known_chunks_win_and_predicted_ones_yield() -> None:
    text = "Zeus Ammon on throne"
    known = [chunk(0, 4, "PERSON"), chunk(0, 10, "PERSON")]
    predicted = [chunk(5, 13, "OBJECT"), chunk(14, 20, "OBJECT")]
    assert parts.merge_chunks(text, known, predicted) == [Span(0, 10, "PERSON"), Span(14, 20, "OBJECT")]


def test_utf16_offsets_become_character_offsets() -> None:
    text = "\U0001d11e Zeus, \U0001d11e cup"  # each clef is one character of two UTF-16 units
    predicted = [chunk(3, 7, "PERSON"), chunk(12, 15, "OBJECT")]
    spans = parts.merge_chunks(text, [], predicted)
    assert [text[span.start : span.end] for span in spans] == ["Zeus", "cup"]


@pytest.mark.slow
def test_matchers_find_names_with_punctuation_whole(spark: SparkSession, tmp_path: Path) -> None:
    sparknlp_engine.spark_session()
    text = "Zeus (Aëtophoros) with a sword-belt, a belt_buckle, Gordian III. and lion's skin"
    forms = {
        "Zeus (Aëtophoros)": "PERSON",
        "Gordian III.": "PERSON",
        "sword-belt": "OBJECT",
        "belt": "OBJECT",
        "lion": "ANIMAL",
    }
    texts = [
        AnnotatedText(form, (Mention(0, len(form), category, form),)) for form, category in forms.items()
    ]
    frame = parts.text_frame(spark, [AnnotatedText(text, ())])
    matchers = parts.matcher_stages(spark, texts, tmp_path)
    row = Pipeline(stages=[*parts.tokenizer_stages(), *matchers]).fit(frame).transform(frame).first()
    assert row is not None
    matches = {
        (match["begin"], match["end"] + 1, category)
        for category in ("PERSON", "OBJECT", "ANIMAL")
        for match in row[f"known_{category}"]
    }
    assert matches == {
        (text.index(form), text.index(form) + len(form), category)
        for form, category in forms.items()
        if form != "belt"
    } | {(text.index("sword-belt") + 6, text.index("sword-belt") + 10, "OBJECT")}


def test_words_beside_vectors_become_shapes(spark: SparkSession) -> None:
    words = ["Athena", "owl", "IIII", "Ö1", "ΑΘΗΝΑ"]
    frame = local_frame(
        spark,
        [([({"token": word, "sentence": "0"},) for word in words],)],
        "embeddings array<struct<metadata:map<string,string>>>",
    )
    row = parts.with_shapes(frame).first()
    assert row is not None
    assert [embedding["metadata"] for embedding in row["embeddings"]] == [
        {"token": shape, "sentence": "0"} for shape in ("Xxxxx", "xxx", "XXXX", "Xd", "XXXX")
    ]
