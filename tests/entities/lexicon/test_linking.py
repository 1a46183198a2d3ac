"""Linking: the same letters first, then one near entry and no other; rulers' numbers and short words are never stretched."""

from __future__ import annotations

import pytest

from coinspark.entities.lexicon import linking
from coinspark.entities.lexicon.lists import Form


def form(text: str, name: str, category: str = "PERSON") -> Form:
    return Form("en", text, True, name, category, None)


LISTED = linking.index(
    [
        form("Philetairos", "Philetairos"),
        form("Philetaerus", "Philetairos"),
        form("Faustina II", "Faustina II"),
        form("Faustina III", "Faustina III"),
        form("Asklepios", "Asclepius"),
        form("lion", "lion", "ANIMAL"),
        form("Demetrios", "Demetrios of Pergamon"),
        form("Demetrius", "Demetrius Poliorcetes"),
    ]
)


@pytest.mark.parametrize(
    ("found", "entry"),
    [
        ("Philetairos", "Philetairos"),
        ("PHILETAIROS", "Philetairos"),
        ("Philetairus", "Philetairos"),  # one letter from two forms of one entry
        ("Asklepois", "Asclepius"),  # two letters in each other's place
        ("Faustina IIII", None),  # no misspelling of III
        ("Demetrics", None),  # one letter from two entries: a question
        ("Hygieia", None),
        ("lions", None),
    ],
)
def test_what_a_find_names(found: str, entry: str | None) -> None:
    linked = linking.link(LISTED, found, "en", "PERSON")
    assert (linked.name if linked else None) == entry


def test_a_short_word_is_itself_or_nothing() -> None:
    assert linking.link(LISTED, "lion", "en", "ANIMAL") is not None
    assert linking.link(LISTED, "lioni", "en", "ANIMAL") is None
    assert linking.link(LISTED, "lion", "en", "OBJECT") is None
    assert linking.link(LISTED, "lion", "de", "ANIMAL") is None


def test_the_nearest_come_best_first() -> None:
    near = linking.nearest(LISTED, "Faustina", "en", "PERSON", 2)
    assert [one.form.name for one in near] == ["Faustina II", "Faustina III"]
    assert near[0].likeness == pytest.approx(1 - 3 / 11)  # three letters to add, of eleven
    assert [one.form.form for one in linking.nearest(LISTED, "Philetairus", "en", "PERSON", 1)] == [
        "Philetaerus"
    ]
    assert len({one.form.name for one in linking.nearest(LISTED, "Philetairus", "en", "PERSON", 5)}) == 5, (
        "an entry once"
    )
    assert linking.nearest(LISTED, "owl", "en", "PLANT") == []
