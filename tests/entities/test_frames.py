"""Entities of several engines are merged by priority, compared with results by hand."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession

from coinspark.entities.frames import merge_by_priority
from coinspark.warehouse.local_frame import local_frame
from coinspark.warehouse.schemas import ENTITIES

ROW = "text_id string, engine string, start int, end int, name string, unverified boolean"


def entities(spark: SparkSession) -> DataFrame:
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
    return local_frame(spark, rows, ENTITIES.ddl)


def keys(rows: DataFrame) -> list[tuple[str, str, int]]:
    return sorted((row["text_id"], row["engine"], row["start"]) for row in rows.collect())


def test_merge_of_one_engine_keeps_its_rows(spark: SparkSession) -> None:
    assert keys(merge_by_priority(entities(spark), ["lexicon"])) == [
        ("a", "lexicon", 0),
        ("a", "lexicon", 10),
    ]


def test_merge_keeps_the_engine_with_higher_priority_where_spans_overlap(spark: SparkSession) -> None:
    assert keys(merge_by_priority(entities(spark), ["lexicon", "spacy"])) == [
        ("a", "lexicon", 0),
        ("a", "lexicon", 10),
        ("a", "spacy", 4),
        ("b", "spacy", 0),
    ]
    assert keys(merge_by_priority(entities(spark), ["spacy", "lexicon"])) == [
        ("a", "spacy", 0),
        ("a", "spacy", 4),
        ("a", "spacy", 12),
        ("b", "spacy", 0),
    ]
    assert keys(merge_by_priority(entities(spark), ["lexicon", "spacy", "other"]))[-2:] == [
        ("b", "other", 9),
        ("b", "spacy", 0),
    ]


def test_merge_drops_unverified_entities_without_a_list_entry(spark: SparkSession) -> None:
    rows = [
        ("a", "spacy", 0, 5, None, True),
        ("a", "spacy", 9, 14, "Athena", True),
        ("a", "spacy", 20, 25, None, False),
        ("a", "spacy", 30, 35, None, None),
        ("a", "other", 0, 5, "Tyche", False),
        ("a", "other", 9, 14, "Ares", False),
    ]
    merged = merge_by_priority(local_frame(spark, rows, ROW), ["spacy", "other"])
    assert keys(merged) == [("a", "other", 0), ("a", "spacy", 9), ("a", "spacy", 20), ("a", "spacy", 30)]
