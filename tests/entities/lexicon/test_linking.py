"""Linking: exact forms first, then one near entry; never across rulers' numbers or for short words."""

from __future__ import annotations

import pytest

from coinspark.entities.lexicon import linking
from coinspark.entities.lexicon.forms import Form


def form(text: str, name: str, category: str = "PERSON") -> Form:
    return Form("en", text, True, name, category, None)


INDEX = linking.build_index(
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
    ("text", "name"),
    [
        ("Philetairos", "Philetairos"),
        ("PHILETAIROS", "Philetairos"),
        ("Philetairus", "Philetairos"),  # one edit from two forms of one entry
        ("Asklepois", "Asclepius"),  # two letters swapped: a similarity of 8/9
        ("Asclepius", None),  # two edits from Asklepios: 7/9
        ("Faustina IIII", None),  # not a misspelling of III
        ("Demetrics", None),  # one edit from two entries
        ("Hygieia", None),
        ("lions", None),
    ],
)
def test_link_finds_the_entry_of_exact_and_misspelt_names(text: str, name: str | None) -> None:
    entry = linking.link(INDEX, text, "en", "PERSON")
    assert (entry.name if entry else None) == name


def test_short_word_is_linked_only_if_equal() -> None:
    assert linking.link(INDEX, "lion", "en", "ANIMAL") is not None
    assert linking.link(INDEX, "lioni", "en", "ANIMAL") is None
    assert linking.link(INDEX, "lion", "en", "OBJECT") is None
    assert linking.link(INDEX, "lion", "de", "ANIMAL") is None


def test_nearest_returns_each_entry_once_best_first() -> None:
    candidates = linking.nearest(INDEX, "Faustina", "en", "PERSON", 2)
    assert [candidate.form.name for candidate in candidates] == ["Faustina II", "Faustina III"]
    assert candidates[0].similarity == pytest.approx(1 - 3 / 11)  # three of eleven characters are missing
    (best,) = linking.nearest(INDEX, "Philetairus", "en", "PERSON", 1)
    assert best.form.form == "Philetaerus"
    candidates = linking.nearest(INDEX, "Philetairus", "en", "PERSON", 5)
    assert len({candidate.form.name for candidate in candidates}) == 5
    assert linking.nearest(INDEX, "owl", "en", "PLANT") == []
