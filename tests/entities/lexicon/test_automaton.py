"""Search for forms: longest match, whole words, capitals, and offsets in the original text."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from coinspark.entities.lexicon import automaton, forms, lists
from coinspark.entities.lexicon.forms import Form


def form(text: str, name: str = "", proper: bool = False, language: str = "en") -> Form:
    return Form(language, text, proper, name or text, "OBJECT", None)


MATCHER = automaton.compile_forms(
    (
        form("head"),
        form("heads", "head"),
        form("serpent staff"),
        form("serpent"),
        form("staff"),
        form("bow"),
        form("Büste", language="de"),
        form("Faustina I", "Faustina Maior", True),
        form("Faustina I.", "Faustina Maior", True),
        form("Faustina II", "Faustina Minor", True),
        form("Pan", proper=True),
        form("İzmir", proper=True),
        form("C++"),
        form("ägis"),
        form("ear"),
    )
)


def names(text: str, language: str = "en") -> list[tuple[str, str]]:
    """Characters and canonical name of each match."""
    return [(text[match.start : match.end], match.name) for match in automaton.find(MATCHER, text, language)]


@pytest.mark.fault(16)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bust of Faustina II, right.", [("Faustina II", "Faustina Minor")]),
        (
            "Bust of Faustina I. right, Faustina I",
            [("Faustina I.", "Faustina Maior"), ("Faustina I", "Faustina Maior")],
        ),
        ("Head of a snake, two heads", [("Head", "head"), ("heads", "head")]),
        ("bearded, fear, earring, pear", []),
        ("an ear. Ear, ear", [("ear", "ear"), ("Ear", "ear"), ("ear", "ear")]),
        ("Pan in a pan; PANTHER", [("Pan", "Pan")]),
        (
            "serpent-staff and serpent  staff and serpent\u00a0staff",
            [
                ("serpent-staff", "serpent staff"),
                ("serpent  staff", "serpent staff"),
                ("serpent\u00a0staff", "serpent staff"),
            ],
        ),
        ("bow-case", [("bow", "bow")]),
        ("C++ and C+", [("C++", "C++")]),
        ("ÄGIS, a\u0308gis", [("ÄGIS", "ägis"), ("a\u0308gis", "ägis")]),
        ("İzmir, bow", [("İzmir", "İzmir"), ("bow", "bow")]),
        ("İİİ head", [("head", "head")]),
        ("head\u0301", []),
        ("headÂ\u00a0of", [("head", "head")]),
        ("", []),
    ],
)
def test_find_matches_whole_words_longest_first(text: str, expected: list[tuple[str, str]]) -> None:
    assert names(text) == expected


def test_each_language_has_its_own_forms_and_an_unknown_one_none() -> None:
    assert names("Büste mit head", "de") == [("Büste", "Büste")]
    assert names("head", "fr") == []


def test_match_has_offsets_text_and_entry() -> None:
    assert automaton.find(MATCHER, "The Head", "en") == [(4, 8, "Head", "head", "OBJECT", None, ())]


@pytest.mark.fault(16)
def test_megabyte_of_mixed_scripts_is_searched_to_its_end() -> None:
    text = "Κεφαλή head голова 頭 \U0001f3db " * 50_000
    matches = automaton.find(MATCHER, text, "en")
    assert len(text) > 1_000_000
    assert len(matches) == 50_000
    assert all(text[match.start : match.end] == "head" for match in matches[::997])


def test_matcher_is_compiled_once_per_process() -> None:
    assert automaton.cached_matcher((form("owl"),)) is automaton.cached_matcher((form("owl"),))


@pytest.mark.realdata
def test_matches_equal_those_of_an_escaped_alternation_on_real_designs(real_data: Path) -> None:
    """Compare with Python's re on the English designs that need no folding of case, blanks or hyphens."""
    listed = [
        entry for entry in forms.resolve(lists.read(real_data / "designs"))[0] if entry.language == "en"
    ]
    matcher = automaton.compile_forms(listed)
    parts = [
        re.escape(entry.form) if entry.proper else f"(?i:{re.escape(entry.form)})"
        for entry in sorted(listed, key=lambda entry: -len(entry.form))
        if not re.search(r"[-_]|\W$", entry.form)
    ]
    pattern = re.compile(r"\b(?:" + "|".join(parts) + r")\b")
    with (real_data / "designs" / "designs.csv").open(encoding="utf-8", newline="") as lines:
        texts = [row["text_en"] for row in csv.DictReader(lines)][::60]
    simple = [text for text in texts if text.isascii() and not re.search(r"-|  |[A-Z][a-z]+ [IVX]+\b", text)]
    different = [
        text
        for text in simple
        if [match.span() for match in pattern.finditer(text)]
        != [match[:2] for match in automaton.find(matcher, text, "en")]
    ]
    assert len(simple) > 100
    assert len(different) <= len(simple) // 100
