"""Each engine that learns, on a few hundred made-up designs: it finds a name it has never seen, and points into the texts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from pyspark.sql import SparkSession

from coinspark.config import Recogniser
from coinspark.entities.engines import registry
from coinspark.entities.engines.registry import Trained
from coinspark.entities.ner import unverified
from coinspark.entities.ner.annotated import Marked, Span
from tests.entities.synthetic_names import FORMS, designs

UNSEEN = "Tyche standing left, holding rudder in right hand."


class Learnt(NamedTuple):
    """An engine and the folder of what it has learnt."""

    engine: Trained
    folder: Path

    def find(self, *texts: str) -> list[list[Span]]:
        return self.engine.find(self.folder, texts)


@pytest.fixture(scope="module", params=["spacy", pytest.param("sparknlp", marks=pytest.mark.slow)])
def learnt(
    request: pytest.FixtureRequest, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> Learnt:
    found = Learnt(registry.trained(request.param), tmp_path_factory.mktemp("recogniser") / "en")
    found.engine.train(
        designs(), "en", Recogniser(passes=12, vectors=16), 1, found.folder, lambda line: None, (UNSEEN,)
    )
    return found


def test_it_finds_names_that_it_has_never_seen(learnt: Learnt) -> None:
    assert learnt.find(UNSEEN) == [[Span(0, 5, "PERSON"), Span(29, 35, "OBJECT")]]


def test_what_it_has_seen_it_finds(learnt: Learnt) -> None:
    known = designs()[:50]
    assert learnt.find(*[one.text for one in known]) == [
        [mention.span for mention in one.mentions] for one in known
    ]


def test_it_has_by_heart_what_it_has_seen_wherever_that_stands(learnt: Learnt) -> None:
    assert learnt.find("cup Zeus cup") == [
        [Span(0, 3, "OBJECT"), Span(4, 8, "PERSON"), Span(9, 12, "OBJECT")]
    ]


def test_it_finds_names_beside_hyphens_and_other_signs(learnt: Learnt) -> None:
    text = "Zeus's head right, cup-bearer with (torch), bow?"
    assert {"Zeus", "cup", "torch", "bow"} <= {text[span.start : span.end] for span in learnt.find(text)[0]}


def test_awkward_texts_are_read_or_left(learnt: Learnt) -> None:
    texts = [
        "",
        " ",
        "\x00\x07",
        "ΑΘΗΝΑ Σοφία καὶ Ζεύς",
        "a\u0301 e\u0301",
        "\U0001d11e Zeus seated, \U0001d11e holding cup.",
    ]
    found = learnt.find(*texts)
    assert found[:2] == [[], []]
    assert len(found) == len(texts)
    assert all(
        0 <= span.start < span.end <= len(text)
        for text, spans in zip(texts, found, strict=True)
        for span in spans
    )


def test_a_megabyte_is_read_to_its_end(learnt: Learnt) -> None:
    text = "cup " * 5_000 + " " * 1_000_000 + "Zeus"
    (found,) = learnt.find(text)
    assert found[:2] == [Span(0, 3, "OBJECT"), Span(4, 7, "OBJECT")]
    assert found[-1] == Span(len(text) - 4, len(text), "PERSON")


def test_rows_of_spark_point_into_the_texts_and_are_linked(learnt: Learnt, spark: SparkSession) -> None:
    texts = {
        "a": ("en", "Zeus seated, holding cup in left hand."),
        "c": ("de", "Zeus thront nach links."),
        "b": ("en", "Tyche standing left, holding cup in right hand."),
        "d": ("en", ""),
    }
    frame = spark.createDataFrame(
        [(key, *value) for key, value in texts.items()], "text_id string, language string, text string"
    )
    rows = learnt.engine.annotate(frame, {"en": str(learnt.folder)}, FORMS).collect()
    assert all(texts[row["text_id"]][1][row["start"] : row["end"]] == row["form"] for row in rows)
    assert sorted(
        (row["text_id"], row["form"], row["name"], row["category"], row["link"], row["kinds"]) for row in rows
    ) == [
        ("a", "Zeus", "Zeus", "PERSON", "link/Zeus", []),
        ("a", "cup", "cup", "OBJECT", None, []),
        ("b", "Tyche", None, "PERSON", None, []),
        ("b", "cup", "cup", "OBJECT", None, []),
    ]
    assert not any(row["unverified"] for row in rows), "no text that it learnt from has Tyche in it"


def test_what_it_was_shown_as_no_name_is_a_surmise(
    learnt: Learnt, spark: SparkSession, tmp_path: Path
) -> None:
    assert (learnt.folder / unverified.FILE).read_text() == (
        "in left hand .\nin right hand .\nseated , holding\nstanding left , holding\n"
    )
    shown = shutil.copytree(learnt.folder, tmp_path / "en")
    unverified.write([Marked("Tyche left", ())], shown)  # as if it had learnt from that text too
    frame = spark.createDataFrame([("a", "en", UNSEEN)], "text_id string, language string, text string")
    rows = learnt.engine.annotate(frame, {"en": str(shown)}, FORMS).collect()
    assert sorted((row["form"], row["unverified"]) for row in rows) == [("Tyche", True), ("rudder", False)]
