"""Proposals: unlisted names are counted over texts, with examples; listed and refused names are left out."""

from __future__ import annotations

from pyspark.sql import DataFrame, Row, SparkSession

from coinspark.entities.lexicon.forms import Form
from coinspark.entities.review import proposals, verdicts
from coinspark.entities.review.verdicts import ProposalKey
from coinspark.warehouse.local_frame import local_frame
from coinspark.warehouse.schemas import ENTITIES, PROPOSALS

FORMS = (
    Form("en", "rudder", False, "rudder", "OBJECT", None),
    Form("en", "Tychon", True, "Tychon", "PERSON", None),
)
TEXTS = {"a": "Tyche with rudder", "b": "tyche seated", "c": "Tyche left", "d": "Nemesis and Tyche"}


def entity(
    text: str, form: str, category: str, engine: str = "spacy", listed: bool = False, unverified: bool = False
) -> tuple[object, ...]:
    """An ENTITIES row for the first occurrence of a form."""
    start = TEXTS[text].index(form)
    name = form if listed else None
    return (text, engine, start, start + len(form), form, name, category, None, [], unverified)


ENTITY_ROWS = [
    entity("a", "Tyche", "PERSON"),
    entity("b", "tyche", "PERSON"),
    entity("c", "Tyche", "PERSON"),
    entity("d", "Tyche", "PERSON", unverified=True),
    entity("d", "Nemesis", "PERSON", unverified=True),
    entity("a", "rudder", "OBJECT", listed=True),
    entity("a", "rudder", "PERSON"),
]
LISTED_ROWS = [entity("a", "rudder", "OBJECT", "lexicon", listed=True)]


def propose(spark: SparkSession, refused: frozenset[ProposalKey] = frozenset()) -> dict[tuple[str, str], Row]:
    def frame(rows: list[tuple[object, ...]]) -> DataFrame:
        return local_frame(spark, rows, ENTITIES.ddl)

    texts = local_frame(
        spark,
        [(key, "en", text) for key, text in TEXTS.items()],
        "text_id string, language string, text string",
    )
    rows = proposals.propose(frame(ENTITY_ROWS), frame(LISTED_ROWS), texts, FORMS, refused)
    assert rows.columns == list(PROPOSALS.columns)
    return {(row["category"], row["name"]): row for row in rows.collect()}


def test_each_unlisted_name_is_proposed_once_with_its_texts(spark: SparkSession) -> None:
    rows = propose(spark)
    assert set(rows) == {("PERSON", "Tyche"), ("PERSON", "Nemesis")}, "rudder is listed"
    assert rows["PERSON", "Nemesis"]["texts"] == 1, "unverified entities are proposed too"
    tyche = rows["PERSON", "Tyche"]
    assert (tyche["language"], tyche["texts"]) == ("en", 4)
    assert [
        (example["text_id"], example["text"][example["start"] : example["end"]])
        for example in tyche["examples"]
    ] == [("a", "Tyche"), ("b", "tyche"), ("c", "Tyche")]
    nearest = tyche["nearest"][0]
    assert (nearest["name"], nearest["likeness"]) == ("Tychon", 0.6667)  # two edits in six letters


def test_refused_name_is_not_proposed_again(spark: SparkSession) -> None:
    refused = frozenset({verdicts.proposal_key("en", "PERSON", "tyche")})
    assert set(propose(spark, refused)) == {("PERSON", "Nemesis")}
