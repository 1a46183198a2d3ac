"""What is the Spark NLP engine's own; test_engines.py has what every engine does."""

from __future__ import annotations

from pyspark.sql import SparkSession

from coinspark.entities import engine_sparknlp
from coinspark.entities.marked import Span


def test_what_is_known_stands_the_longer_first_and_what_is_found_makes_way() -> None:
    def chunk(begin: int, end: int, category: str) -> dict[str, object]:
        return {"begin": begin, "end": end, "category": category}

    text = "Zeus Ammon on throne"
    known = [chunk(0, 4, "PERSON"), chunk(0, 10, "PERSON")]
    found = [chunk(5, 13, "OBJECT"), chunk(14, 20, "OBJECT")]
    assert engine_sparknlp._spans(text, known, found) == [Span(0, 10, "PERSON"), Span(14, 20, "OBJECT")]


def test_a_word_is_seen_by_its_shape(spark: SparkSession) -> None:
    words = ["Athena", "owl", "IIII", "Ö1", "ΑΘΗΝΑ"]
    frame = spark.createDataFrame([([({"token": word, "sentence": "0"},) for word in words],)],
                                  "embeddings array<struct<metadata:map<string,string>>>")
    row = engine_sparknlp._shapes(frame).first()
    assert row is not None
    assert [one["metadata"] for one in row["embeddings"]] == [
        {"token": shape, "sentence": "0"} for shape in ("Xxxxx", "xxx", "XXXX", "Xd", "XXXX")]


def test_places_count_characters_where_java_counts_units() -> None:
    text = "\U0001d11e Zeus, \U0001d11e cup"  # each clef is one character, and two of Java's units
    found = [{"begin": 3, "end": 7, "category": "PERSON"}, {"begin": 12, "end": 15, "category": "OBJECT"}]
    assert [text[span.start:span.end] for span in engine_sparknlp._spans(text, [], found)] == ["Zeus", "cup"]
