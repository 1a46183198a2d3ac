"""Finding: the longest name, whole words, capitals where they are due, and offsets in the text as it came."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from coinspark.entities.lexicon import automaton, lists
from coinspark.entities.lexicon.lists import Form


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


def found(text: str, language: str = "en") -> list[tuple[str, str]]:
    return [(text[start:end], name) for start, end, _, name, *_ in automaton.find(MATCHER, text, language)]


@pytest.mark.parametrize(
    ("text", "wanted"),
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
def test_what_is_found(text: str, wanted: list[tuple[str, str]]) -> None:
    assert found(text) == wanted


def test_a_language_has_its_own_forms_and_an_unknown_one_none() -> None:
    assert found("Büste mit head", "de") == [("Büste", "Büste")]
    assert found("head", "fr") == []


def test_offsets_forms_and_facts_come_back() -> None:
    assert automaton.find(MATCHER, "The Head", "en") == [(4, 8, "Head", "head", "OBJECT", None, ())]


def test_a_megabyte_in_mixed_scripts_is_searched_whole() -> None:
    text = "Κεφαλή head голова 頭 \U0001f3db " * 50_000
    hits = automaton.find(MATCHER, text, "en")
    assert len(text) > 1_000_000 and len(hits) == 50_000
    assert all(text[start:end] == "head" for start, end, *_ in hits[::997])


def test_one_matcher_a_process() -> None:
    forms = (form("owl"),)
    assert automaton.cached(forms) is automaton.cached((form("owl"),))


@pytest.mark.realdata
def test_the_same_as_an_escaped_alternation_on_real_designs(real_data: Path) -> None:
    """Another library's answer: Python's re, longest first, on the English designs whose case and blanks need no folding."""
    import csv

    forms = [one for one in lists.resolve(lists.read(real_data / "designs"))[0] if one.language == "en"]
    matcher = automaton.compile_forms(forms)
    parts = [
        re.escape(one.form) if one.proper else f"(?i:{re.escape(one.form)})"
        for one in sorted(forms, key=lambda one: -len(one.form))
        if not re.search(r"[-_]|\W$", one.form)
    ]
    pattern = re.compile(r"\b(?:" + "|".join(parts) + r")\b")
    with (real_data / "designs" / "designs.csv").open(encoding="utf-8", newline="") as lines:
        texts = [row["text_en"] for row in csv.DictReader(lines)][::60]
    simple = [text for text in texts if text.isascii() and not re.search(r"-|  |[A-Z][a-z]+ [IVX]+\b", text)]
    differing = [
        text
        for text in simple
        if [m.span() for m in pattern.finditer(text)]
        != [hit[:2] for hit in automaton.find(matcher, text, "en")]
    ]
    assert len(simple) > 100 and len(differing) <= len(simple) // 100
