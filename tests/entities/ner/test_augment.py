"""Disguised texts: marks that still fit, names drawn evenly, made-up words that look like their kind."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from coinspark.entities.ner import augment
from coinspark.entities.ner.annotated import Marked, Mention
from coinspark.entities.ner.augment import Mask

HEAD = Marked(
    "Head of Athena, and of Athena's owl.",
    (
        Mention(8, 14, "PERSON", "Athena"),
        Mention(23, 29, "PERSON", "Athena"),
        Mention(32, 35, "ANIMAL", "owl"),
    ),
)
RARE = Marked("Zeus with eagles", (Mention(0, 4, "PERSON", "Zeus"), Mention(10, 16, "ANIMAL", "eagle")))
POOL = augment.pool([HEAD, RARE])


def test_the_pool_has_every_name_once_with_the_forms_that_stand_in_texts() -> None:
    assert POOL == {("ANIMAL", False): (("eagles",), ("owl",)), ("PERSON", True): (("Athena",), ("Zeus",))}


@pytest.mark.parametrize("seed", range(20))
def test_every_mark_still_fits_its_word(seed: int) -> None:
    told: list[tuple[str, str]] = []
    mask = Mask(POOL, "en", 0.4, 0.4, lambda word, like: told.append((word, like)))
    made = augment.disguise(HEAD, mask, random.Random(seed))
    forms = [made.text[one.start : one.end] for one in made.mentions]
    assert made.text == f"Head of {forms[0]}, and of {forms[1]}'s {forms[2]}."
    assert [one.category for one in made.mentions] == ["PERSON", "PERSON", "ANIMAL"]
    assert all(form[0].isupper() for form in forms[:2])
    assert forms[2][0].islower()
    assert {like for _, like in told} <= {"Athena", "Zeus", "owl", "eagles"}
    assert all(any(word in form for form in forms) for word, _ in told)


def test_shares_and_even_names() -> None:
    draw, mask = random.Random(1), Mask(POOL, "de", 0.5, 0.25)
    found = Counter(augment.disguise(HEAD, mask, draw).text.split()[2].rstrip(",") for _ in range(4000))
    assert found["Zeus"] == pytest.approx(1000, abs=100), (
        "half of the swaps, though the texts have Athena twice as often"
    )
    assert found["Athena"] == pytest.approx(2000, abs=120), "a quarter left alone, and half of the swaps"


def test_nothing_changes_where_nothing_is_asked_for() -> None:
    assert augment.disguise(HEAD, Mask(POOL, "en", 0, 0), random.Random(1)) == HEAD
