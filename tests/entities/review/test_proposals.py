"""Proposals: what no list has, counted in texts, with places that point into them; refused ones are gone."""

from __future__ import annotations

from pyspark.sql import DataFrame, Row, SparkSession

from coinspark.entities.lexicon.lists import Form
from coinspark.entities.review import proposals, verdicts
from coinspark.entities.review.verdicts import Key
from coinspark.warehouse.schemas import ENTITIES, PROPOSALS

FORMS = (
    Form("en", "rudder", False, "rudder", "OBJECT", None),
    Form("en", "Tychon", True, "Tychon", "PERSON", None),
)
TEXTS = {"a": "Tyche with rudder", "b": "tyche seated", "c": "Tyche left", "d": "Nemesis and Tyche"}


def span(
    text: str, form: str, category: str, engine: str = "spacy", listed: bool = False, unverified: bool = False
) -> tuple[object, ...]:
    start = TEXTS[text].index(form)
    return (
        text,
        engine,
        start,
        start + len(form),
        form,
        form if listed else None,
        category,
        None,
        [],
        unverified,
    )


FOUND = [
    span("a", "Tyche", "PERSON"),
    span("b", "tyche", "PERSON"),
    span("c", "Tyche", "PERSON"),
    span("d", "Tyche", "PERSON", unverified=True),
    span("d", "Nemesis", "PERSON", unverified=True),
    span("a", "rudder", "OBJECT", listed=True),
    span("a", "rudder", "PERSON"),
]
LISTED = [span("a", "rudder", "OBJECT", "lexicon", listed=True)]


def propose(spark: SparkSession, refused: frozenset[Key] = frozenset()) -> dict[tuple[str, str], Row]:
    def entities(rows: list[tuple[object, ...]]) -> DataFrame:
        return spark.createDataFrame(rows, ENTITIES.ddl)

    texts = spark.createDataFrame(
        [(key, "en", text) for key, text in TEXTS.items()], "text_id string, language string, text string"
    )
    made = proposals.propose(entities(FOUND), entities(LISTED), texts, FORMS, refused)
    assert made.columns == list(PROPOSALS.columns)
    return {(row["category"], row["name"]): row for row in made.collect()}


def test_each_new_name_once_with_its_texts(spark: SparkSession) -> None:
    made = propose(spark)
    assert set(made) == {("PERSON", "Tyche"), ("PERSON", "Nemesis")}, (
        "the lists have something where rudder stands"
    )
    assert made["PERSON", "Nemesis"]["texts"] == 1, "a unverified is proposed like any other find"
    tyche = made["PERSON", "Tyche"]
    assert (tyche["language"], tyche["texts"]) == ("en", 4)
    assert [(one["text_id"], one["text"][one["start"] : one["end"]]) for one in tyche["examples"]] == [
        ("a", "Tyche"),
        ("b", "tyche"),
        ("c", "Tyche"),
    ]
    assert (tyche["nearest"][0]["name"], tyche["nearest"][0]["likeness"]) == (
        "Tychon",
        0.6667,
    )  # two of six letters


def test_a_refused_name_is_not_proposed_again(spark: SparkSession) -> None:
    assert set(propose(spark, frozenset({verdicts.key("en", "PERSON", "tyche")}))) == {("PERSON", "Nemesis")}
