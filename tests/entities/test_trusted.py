"""Engines in an order of trust: whoever is trusted more keeps its span, whoever overlaps it goes, by hand."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession

from coinspark.entities import trusted
from coinspark.warehouse.schemas import ENTITIES

ROW = "text_id string, engine string, start int, end int, name string, unverified boolean"


def found(spark: SparkSession) -> DataFrame:
    spans = [
        ("a", "lexicon", 0, 4),
        ("a", "lexicon", 10, 14),
        ("a", "spacy", 0, 4),
        ("a", "spacy", 4, 8),
        ("a", "spacy", 12, 20),
        ("b", "spacy", 0, 4),
        ("b", "other", 2, 3),
        ("b", "other", 9, 11),
    ]
    rows = [
        (text, engine, start, end, "form", "name", "OBJECT", None, [], False)
        for text, engine, start, end in spans
    ]
    return spark.createDataFrame(rows, ENTITIES.ddl)


def spans(rows: DataFrame) -> list[tuple[str, str, int]]:
    return sorted((row["text_id"], row["engine"], row["start"]) for row in rows.collect())


def test_one_engine_alone_is_as_it_is(spark: SparkSession) -> None:
    assert spans(trusted.trusted(found(spark), ["lexicon"])) == [("a", "lexicon", 0), ("a", "lexicon", 10)]


def test_the_order_of_trust_decides_where_spans_meet(spark: SparkSession) -> None:
    assert spans(trusted.trusted(found(spark), ["lexicon", "spacy"])) == [
        ("a", "lexicon", 0),
        ("a", "lexicon", 10),
        ("a", "spacy", 4),
        ("b", "spacy", 0),
    ]
    assert spans(trusted.trusted(found(spark), ["spacy", "lexicon"])) == [
        ("a", "spacy", 0),
        ("a", "spacy", 4),
        ("a", "spacy", 12),
        ("b", "spacy", 0),
    ]
    assert spans(trusted.trusted(found(spark), ["lexicon", "spacy", "other"]))[-2:] == [
        ("b", "other", 9),
        ("b", "spacy", 0),
    ]


def test_a_surmise_that_names_no_entry_is_not_trusted_and_in_nobodys_way(spark: SparkSession) -> None:
    rows = [
        ("a", "spacy", 0, 5, None, True),
        ("a", "spacy", 9, 14, "Athena", True),
        ("a", "spacy", 20, 25, None, False),
        ("a", "spacy", 30, 35, None, None),
        ("a", "other", 0, 5, "Tyche", False),
        ("a", "other", 9, 14, "Ares", False),
    ]
    kept = trusted.trusted(spark.createDataFrame(rows, ROW), ["spacy", "other"])
    assert spans(kept) == [("a", "other", 0), ("a", "spacy", 9), ("a", "spacy", 20), ("a", "spacy", 30)]
