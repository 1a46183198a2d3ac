"""Unverified entities: words that stood in a text to learn from and named nothing there, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from coinspark.entities.ner import unverified
from coinspark.entities.ner.annotated import Marked, Mention, Span

TEXTS = (
    Marked("Head of Zeus, left", (Mention(0, 4, "OBJECT", "head"), Mention(8, 12, "PERSON", "Zeus"))),
    Marked("Tyche Poliouchos left", ()),
    Marked("Head of Zeus, left", (Mention(0, 4, "OBJECT", "head"), Mention(8, 12, "PERSON", "Zeus"))),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "recogniser"
    unverified.write(TEXTS, place)
    return place


def test_a_line_is_what_stands_between_mentions_each_once_and_sorted(folder: Path) -> None:
    assert (folder / unverified.FILE).read_bytes() == b", left\nTyche Poliouchos left\nof\n"


def test_every_part_of_a_line_has_stood_unmarked(folder: Path) -> None:
    assert unverified.read(str(folder)) == {
        ",",
        "left",
        ", left",
        "of",
        "Tyche",
        "Poliouchos",
        "Tyche Poliouchos",
        "Poliouchos left",
        "Tyche Poliouchos left",
    }


def test_the_order_of_the_texts_changes_no_byte(folder: Path, tmp_path: Path) -> None:
    unverified.write(TEXTS[::-1], tmp_path / "again")
    assert (tmp_path / "again" / unverified.FILE).read_bytes() == (folder / unverified.FILE).read_bytes()


@pytest.mark.parametrize(
    ("text", "find", "is_one"),
    [
        ("Tyche seated", "Tyche", True),
        ("Tyche  Poliouchos", "Tyche  Poliouchos", True),  # blanks tell nothing apart
        ("tyche seated", "tyche", False),  # case does
        ("Zeus seated", "Zeus", False),  # it stood marked alone
        ("of Zeus", "of Zeus", False),  # a mention was among them
        ("Tyche's seat", "'s", False),
        ("Tych seated", "Tych", False),  # no part of a word
        ("Poliouchos Tyche", "Poliouchos Tyche", False),  # these words, in another order
        ("Nemesis seated", "Nemesis", False),
    ],
)
def test_a_surmise_by_its_very_words(folder: Path, text: str, find: str, is_one: bool) -> None:
    start = text.index(find)
    assert (
        unverified.is_unverified(unverified.read(str(folder)), text, Span(start, start + len(find), "PERSON"))
        is is_one
    )


def test_a_word_that_a_mention_touches_is_not_unmarked(tmp_path: Path) -> None:
    text = "Zeusowl on\tthrone's arm"
    unverified.write(
        [Marked(text, (Mention(0, 4, "PERSON", "Zeus"), Mention(11, 17, "OBJECT", "throne")))], tmp_path
    )
    assert (tmp_path / unverified.FILE).read_text() == "' s arm\non\n"


def test_six_words_are_a_surmise_and_seven_are_none(tmp_path: Path) -> None:
    text = "a b c d e f g"
    unverified.write([Marked(text, ())], tmp_path)
    shown = unverified.read(str(tmp_path))
    assert unverified.is_unverified(shown, text, Span(0, 11, "OBJECT"))
    assert unverified.is_unverified(shown, text, Span(2, 13, "OBJECT"))
    assert not unverified.is_unverified(shown, text, Span(0, 13, "OBJECT"))


def test_a_recogniser_that_came_without_has_no_surmises(tmp_path: Path) -> None:
    spans = [[Span(0, 5, "PERSON")]]
    assert unverified.read(str(tmp_path)) == frozenset()
    assert unverified.sure(tmp_path, ["Tyche left"], spans) == spans


def test_what_is_sure_stays_with_its_text(folder: Path) -> None:
    texts = ["Tyche and Nemesis", "", "Nemesis"]
    found = [[Span(0, 5, "PERSON"), Span(10, 17, "PERSON")], [], [Span(0, 7, "PERSON")]]
    assert unverified.sure(folder, texts, found) == [[Span(10, 17, "PERSON")], [], [Span(0, 7, "PERSON")]]


def test_odd_texts_are_kept_line_by_line(tmp_path: Path) -> None:
    texts = ["", " ", "Σοφία\nκαὶ\u2028Ζεύς", "\x00\x07", "\U0001d11e clef", "one\r\ntwo\x85three"]
    unverified.write([Marked(text, ()) for text in texts], tmp_path)
    assert (tmp_path / unverified.FILE).read_text(encoding="utf-8").split("\n") == [
        "\x00 \x07",
        "one two three",
        "Σοφία καὶ Ζεύς",
        "\U0001d11e clef",
        "",
    ]
    assert {"one two", "καὶ Ζεύς", "\U0001d11e", "\x07"} <= unverified.read(str(tmp_path))
