"""The protocols: who is held out, what counts as found, missed and false, by hand; draws that depend on the texts alone."""

from __future__ import annotations

import csv
import random
from hashlib import sha256
from pathlib import Path

import pytest

from coinspark.config import load
from coinspark.entities.ner import protocols, recognisers
from coinspark.entities.ner.annotated import Marked, Mention, Span
from coinspark.entities.ner.protocols import Counts, Part

NAMES = ("Athena", "Zeus", "owl", "spear", "ivy")


def marked(*names: str) -> Marked:
    """A text that is these names with blanks between, each marked; lower case ones are objects, the others persons."""
    mentions, at = [], 0
    for name in names:
        mentions.append(Mention(at, at + len(name), "PERSON" if name[0].isupper() else "OBJECT", name))
        at += len(name) + 1
    return Marked(" ".join(names), tuple(mentions))


TEXTS = [marked(*pair) for pair in ((one, other) for one in NAMES for other in NAMES)]


def test_published_holds_a_quarter_of_what_names_something() -> None:
    part = protocols.published([*TEXTS, Marked("nothing", ())], 1)
    assert (len(part.train), len(part.test)) == (19, 6)  # a quarter of 25 is 6.25
    assert {one.text for one in part.train} | {one.text for one in part.test} == {one.text for one in TEXTS}


def test_unseen_holds_each_name_out_once_with_every_text_that_has_it() -> None:
    parts = list(protocols.unseen(TEXTS, 5, 1))
    assert sorted(name for part in parts for _, name in part.held) == sorted(NAMES)
    for part in parts:
        ((_, name),) = part.held
        assert len(part.test) == 9, "five texts begin with the name, five end with it, one does both"
        assert not any(name in one.text for one in part.train)
        assert len(part.train) == 16


def test_draws_do_not_depend_on_the_order_of_the_texts() -> None:
    mixed = random.Random(2).sample(TEXTS, len(TEXTS))
    assert {one.text for one in protocols.published(mixed, 1).test} == {
        one.text for one in protocols.published(TEXTS, 1).test
    }
    assert [part.held for part in protocols.unseen(mixed, 5, 1)] == [
        part.held for part in protocols.unseen(TEXTS, 5, 1)
    ]
    assert {one.text for one in protocols.published(TEXTS, 2).test} != {
        one.text for one in protocols.published(TEXTS, 1).test
    }


def test_counts_by_hand() -> None:
    text = marked("Zeus", "owl", "spear")  # at 0-4, 5-8, 9-14
    said = [[Span(0, 4, "PERSON"), Span(9, 13, "OBJECT"), Span(5, 8, "ANIMAL")]]
    counts = protocols.count([text], said)
    assert list(protocols.false([text], said)) == [
        (text.text, Span(5, 8, "ANIMAL")),
        (text.text, Span(9, 13, "OBJECT")),
    ]
    assert counts.found == {"PERSON": 1}
    assert counts.missed == {"OBJECT": 2}, "another category, another end: neither is the mention"
    assert counts.false == {"ANIMAL": 1, "OBJECT": 1}
    assert counts.recall("PERSON", "OBJECT") == pytest.approx(1 / 3)
    assert counts.precision("PERSON", "OBJECT", "ANIMAL") == pytest.approx(1 / 3)
    assert counts.f1("PERSON") == 1.0
    assert (counts.recall("PLANT"), counts.precision("PLANT"), counts.f1("PLANT")) == (0, 0, 0)


def test_only_held_names_count_as_found_and_only_what_no_list_has_as_false() -> None:
    text = marked("Zeus", "owl", "spear")
    part = Part((), (text,), frozenset({("OBJECT", "owl")}))
    said = [Span(0, 4, "PERSON"), Span(5, 8, "OBJECT"), Span(9, 13, "OBJECT")]
    counts = protocols.count(part.test, [said], part.held)
    assert (counts.found, counts.missed, counts.false) == ({"OBJECT": 1}, {}, {"OBJECT": 1})
    missed = protocols.count(part.test, [[Span(0, 4, "PERSON")]], part.held)
    assert (missed.found, missed.missed, missed.false) == ({}, {"OBJECT": 1}, {})
    counts.add(missed)
    assert counts.recall("OBJECT") == 0.5


def test_empty_counts() -> None:
    assert Counts().f1("PERSON", "OBJECT") == 0


@pytest.mark.realdata
def test_the_hundred_false_finds_that_were_read_by_eye_stand_in_the_designs(real_data: Path) -> None:
    """`false_finds.csv`: verdict right (a keeper would take it), bounds, category, wrong. Texts are named, not copied."""
    with (Path(__file__).parent / "false_finds.csv").open(encoding="utf-8", newline="") as lines:
        read = list(csv.DictReader(lines))
    config = load([], [f"entities.recogniser.designs={real_data / 'designs' / 'designs.csv'}"])
    texts = {
        language: {sha256(text.encode()).hexdigest()[:16]: text for text in known}
        for language, known in recognisers.designs(config, ()).items()
    }
    assert len(read) == 100
    assert {row["verdict"] for row in read} == {"right", "bounds", "category", "wrong"}
    assert all(
        texts[row["language"]][row["text"]][int(row["start"]) : int(row["end"])] == row["form"]
        for row in read
    )
