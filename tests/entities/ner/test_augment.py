"""Entity replacement: mentions stay aligned, names are drawn uniformly, invented words fit their category."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from coinspark.entities.ner import augment
from coinspark.entities.ner.annotated import AnnotatedText, Mention
from coinspark.entities.ner.augment import Replacement

HEAD = AnnotatedText(
    "Head of Athena, and of Athena's owl.",
    (
        Mention(8, 14, "PERSON", "Athena"),
        Mention(23, 29, "PERSON", "Athena"),
        Mention(32, 35, "ANIMAL", "owl"),
    ),
)
RARE = AnnotatedText(
    "Zeus with eagles", (Mention(0, 4, "PERSON", "Zeus"), Mention(10, 16, "ANIMAL", "eagle"))
)
POOL = augment.name_pool([HEAD, RARE])


def test_pool_has_every_name_once_with_its_forms() -> None:
    assert POOL == {("ANIMAL", False): (("eagles",), ("owl",)), ("PERSON", True): (("Athena",), ("Zeus",))}


@pytest.mark.parametrize("seed", range(20))
def test_mentions_are_aligned_after_replacement(seed: int) -> None:
    invented: list[tuple[str, str]] = []
    replacement = Replacement(POOL, "en", 0.4, 0.4, lambda word, known: invented.append((word, known)))
    text = augment.replace_mentions(HEAD, replacement, random.Random(seed))
    forms = [text.surface(mention) for mention in text.mentions]
    assert text.text == f"Head of {forms[0]}, and of {forms[1]}'s {forms[2]}."
    assert [mention.category for mention in text.mentions] == ["PERSON", "PERSON", "ANIMAL"]
    assert all(form[0].isupper() for form in forms[:2])
    assert forms[2][0].islower()
    assert {known for _, known in invented} <= {"Athena", "Zeus", "owl", "eagles"}
    assert all(any(word in form for form in forms) for word, _ in invented)


def test_shares_are_met_and_names_are_drawn_uniformly() -> None:
    rng, replacement = random.Random(1), Replacement(POOL, "de", 0.5, 0.25)
    texts = (augment.replace_mentions(HEAD, replacement, rng).text for _ in range(4000))
    counts = Counter(text.split()[2].rstrip(",") for text in texts)
    assert counts["Zeus"] == pytest.approx(1000, abs=100), (
        "half of the replacements, although Athena is more frequent in the texts"
    )
    assert counts["Athena"] == pytest.approx(2000, abs=120), "a quarter unchanged, half of the replacements"


def test_text_is_unchanged_with_shares_of_zero() -> None:
    assert augment.replace_mentions(HEAD, Replacement(POOL, "en", 0, 0), random.Random(1)) == HEAD
