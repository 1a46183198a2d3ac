"""Evaluation protocols: held-out names, counts by hand, and splits that depend on the texts only."""

from __future__ import annotations

import csv
import random
from hashlib import sha256
from pathlib import Path

import pytest

from coinspark.config import load
from coinspark.entities.ner import protocols, recognisers
from coinspark.entities.ner.annotated import AnnotatedText, Mention, Span
from coinspark.entities.ner.protocols import SpanCounts

NAMES = ("Athena", "Zeus", "owl", "spear", "ivy")


def text_of(*names: str) -> AnnotatedText:
    """The names separated by blanks, all annotated; capitalised ones are persons, the others objects."""
    mentions, start = [], 0
    for name in names:
        category = "PERSON" if name[0].isupper() else "OBJECT"
        mentions.append(Mention(start, start + len(name), category, name))
        start += len(name) + 1
    return AnnotatedText(" ".join(names), tuple(mentions))


TEXTS = [text_of(first, second) for first in NAMES for second in NAMES]


def test_published_split_tests_on_a_quarter_of_the_texts_with_mentions() -> None:
    split = protocols.published_split([*TEXTS, AnnotatedText("nothing", ())], 1)
    assert (len(split.train), len(split.test)) == (19, 6)  # a quarter of 25 is 6.25
    assert {text.text for text in (*split.train, *split.test)} == {text.text for text in TEXTS}


def test_unseen_splits_hold_each_name_out_once_with_all_its_texts() -> None:
    splits = list(protocols.unseen_splits(TEXTS, 5, 1))
    assert sorted(name for split in splits for _, name in split.held_out) == sorted(NAMES)
    for split in splits:
        ((_, name),) = split.held_out
        assert len(split.test) == 9, "five texts start with the name, five end with it, one does both"
        assert not any(name in text.text for text in split.train)
        assert len(split.train) == 16


def test_splits_do_not_depend_on_the_order_of_the_texts() -> None:
    shuffled = random.Random(2).sample(TEXTS, len(TEXTS))

    def tested(texts: list[AnnotatedText], seed: int) -> set[str]:
        return {text.text for text in protocols.published_split(texts, seed).test}

    assert tested(shuffled, 1) == tested(TEXTS, 1) != tested(TEXTS, 2)
    assert [split.held_out for split in protocols.unseen_splits(shuffled, 5, 1)] == [
        split.held_out for split in protocols.unseen_splits(TEXTS, 5, 1)
    ]


def test_counts_of_exact_spans_by_hand() -> None:
    text = text_of("Zeus", "owl", "spear")  # characters 0-4, 5-8, 9-14
    spans = [[Span(0, 4, "PERSON"), Span(9, 13, "OBJECT"), Span(5, 8, "ANIMAL")]]
    counts = protocols.count_spans([text], spans)
    assert list(protocols.false_positives([text], spans)) == [
        (text.text, Span(5, 8, "ANIMAL")),
        (text.text, Span(9, 13, "OBJECT")),
    ]
    assert counts.true_positives == {"PERSON": 1}
    assert counts.false_negatives == {"OBJECT": 2}, "another category or another end is not the mention"
    assert counts.false_positives == {"ANIMAL": 1, "OBJECT": 1}
    assert counts.recall("PERSON", "OBJECT") == pytest.approx(1 / 3)
    assert counts.precision("PERSON", "OBJECT", "ANIMAL") == pytest.approx(1 / 3)
    assert counts.f1("PERSON") == 1.0
    assert (counts.recall("PLANT"), counts.precision("PLANT"), counts.f1("PLANT")) == (0, 0, 0)


def test_with_held_out_names_other_mentions_do_not_count() -> None:
    texts, held_out = [text_of("Zeus", "owl", "spear")], frozenset({("OBJECT", "owl")})
    spans = [Span(0, 4, "PERSON"), Span(5, 8, "OBJECT"), Span(9, 13, "OBJECT")]
    counts = protocols.count_spans(texts, [spans], held_out)
    assert counts == SpanCounts({"OBJECT": 1}, {}, {"OBJECT": 1})
    without = protocols.count_spans(texts, [[Span(0, 4, "PERSON")]], held_out)
    assert without == SpanCounts({}, {"OBJECT": 1}, {})
    counts.add(without)
    assert counts.recall("OBJECT") == 0.5


def test_scores_of_empty_counts_are_zero() -> None:
    assert SpanCounts().f1("PERSON", "OBJECT") == 0


@pytest.mark.realdata
def test_reviewed_false_positives_occur_in_the_designs(real_data: Path) -> None:
    """`false_finds.csv` has a verdict each: right (a curator would accept it), bounds, category or wrong."""
    with (Path(__file__).parent / "false_finds.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    folder = real_data / "designs"
    config = load([], [f"entities.lists={folder}", f"entities.recogniser.designs={folder / 'designs.csv'}"])
    texts = {
        language: {sha256(text.encode()).hexdigest()[:16]: text for text in own}
        for language, own in recognisers.training_texts(config, ()).items()
    }
    assert len(rows) == 100
    assert {row["verdict"] for row in rows} == {"right", "bounds", "category", "wrong"}
    assert all(
        texts[row["language"]][row["text"]][int(row["start"]) : int(row["end"])] == row["form"]
        for row in rows
    )
