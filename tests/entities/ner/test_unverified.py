"""Unverified entities: words that a training text contains without annotation, checked by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from coinspark.core.errors import InputError
from coinspark.entities.ner import unverified
from coinspark.entities.ner.annotated import AnnotatedText, Mention, Span
from coinspark.warehouse.files import Location

HEAD = AnnotatedText(
    "Head of Zeus, left", (Mention(0, 4, "OBJECT", "head"), Mention(8, 12, "PERSON", "Zeus"))
)
TEXTS = (HEAD, AnnotatedText("Tyche Poliouchos left", ()), HEAD)


@pytest.fixture
def folder(tmp_path: Path) -> Location:
    folder = Location.of(tmp_path / "recogniser")
    unverified.write_phrases(TEXTS, folder)
    return folder


def test_file_lists_the_words_between_mentions_once_and_sorted(folder: Location) -> None:
    assert (folder / unverified.FILE).read_bytes() == b", left\nTyche Poliouchos left\nof\n"


def test_phrases_are_all_parts_of_a_line(folder: Location) -> None:
    assert unverified.read_phrases(folder) == {
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


def test_file_does_not_depend_on_the_order_of_the_texts(folder: Location, tmp_path: Path) -> None:
    unverified.write_phrases(TEXTS[::-1], Location.of(tmp_path / "again"))
    assert (tmp_path / "again" / unverified.FILE).read_bytes() == (folder / unverified.FILE).read_bytes()


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("Tyche seated", "Tyche", True),
        ("Tyche  Poliouchos", "Tyche  Poliouchos", True),  # the number of blanks does not matter
        ("tyche seated", "tyche", False),  # case does
        ("Zeus seated", "Zeus", False),  # always annotated
        ("of Zeus", "of Zeus", False),  # contains a mention
        ("Tyche's seat", "'s", False),
        ("Tych seated", "Tych", False),  # part of a word
        ("Poliouchos Tyche", "Poliouchos Tyche", False),  # another order
        ("Nemesis seated", "Nemesis", False),
    ],
)
def test_entity_is_unverified_by_its_exact_words(
    folder: Location, text: str, form: str, expected: bool
) -> None:
    start = text.index(form)
    span = Span(start, start + len(form), "PERSON")
    assert unverified.is_unverified(unverified.read_phrases(folder), text, span) is expected


def test_word_that_a_mention_touches_is_not_listed(tmp_path: Path) -> None:
    mentions = (Mention(0, 4, "PERSON", "Zeus"), Mention(11, 17, "OBJECT", "throne"))
    unverified.write_phrases([AnnotatedText("Zeusowl on\tthrone's arm", mentions)], Location.of(tmp_path))
    assert (tmp_path / unverified.FILE).read_text() == "' s arm\non\n"


def test_phrases_have_at_most_six_words(tmp_path: Path) -> None:
    text = "a b c d e f g"
    unverified.write_phrases([AnnotatedText(text, ())], Location.of(tmp_path))
    phrases = unverified.read_phrases(Location.of(tmp_path))
    assert unverified.is_unverified(phrases, text, Span(0, 11, "OBJECT"))
    assert unverified.is_unverified(phrases, text, Span(2, 13, "OBJECT"))
    assert not unverified.is_unverified(phrases, text, Span(0, 13, "OBJECT"))


def test_model_without_phrases_has_no_unverified_entities(tmp_path: Path) -> None:
    spans = [[Span(0, 5, "PERSON")]]
    assert unverified.read_phrases(Location.of(tmp_path)) == frozenset()
    assert unverified.drop_unverified(Location.of(tmp_path), ["Tyche left"], spans) == spans


def test_verified_spans_stay_with_their_texts(folder: Location) -> None:
    texts = ["Tyche and Nemesis", "", "Nemesis"]
    spans = [[Span(0, 5, "PERSON"), Span(10, 17, "PERSON")], [], [Span(0, 7, "PERSON")]]
    assert unverified.drop_unverified(folder, texts, spans) == [
        [Span(10, 17, "PERSON")],
        [],
        [Span(0, 7, "PERSON")],
    ]


def test_unusual_texts_take_one_line_each(tmp_path: Path) -> None:
    texts = ["", " ", "Σοφία\nκαὶ\u2028Ζεύς", "\x00\x07", "\U0001d11e clef", "one\r\ntwo\x85three"]
    unverified.write_phrases([AnnotatedText(text, ()) for text in texts], Location.of(tmp_path))
    assert (tmp_path / unverified.FILE).read_text(encoding="utf-8").split("\n") == [
        "\x00 \x07",
        "one two three",
        "Σοφία καὶ Ζεύς",
        "\U0001d11e clef",
        "",
    ]
    assert {"one two", "καὶ Ζεύς", "\U0001d11e", "\x07"} <= unverified.read_phrases(Location.of(tmp_path))


def test_list_under_its_earlier_name_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "unmarked.txt").write_text("Tyche\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"unmarked\.txt: this list is now called unverified\.txt"):
        unverified.read_phrases(Location.of(tmp_path))
