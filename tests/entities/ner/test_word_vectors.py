"""Word vectors: words that stand in the same places are alike; made by the texts alone, in any order."""

from __future__ import annotations

import numpy as np
import pytest

from coinspark.entities.ner import word_vectors

PERSONS, OBJECTS = ("athena", "zeus", "apollo", "nike"), ("spear", "shield", "bow", "torch")
TEXTS = [
    [person, side, "holding", thing, "in", "right", "hand"]
    for person in PERSONS
    for thing in OBJECTS
    for side in ("standing", "seated", "advancing")
]


def test_what_stands_in_the_same_places_is_alike() -> None:
    made = word_vectors.make(TEXTS, 4, 1)
    assert all(
        made[word].dtype == np.float32 and np.linalg.norm(made[word]) == pytest.approx(1, abs=1e-5)
        for word in (*PERSONS, *OBJECTS)
    )
    assert made["zeus"] @ made["nike"] > 0.9
    assert made["spear"] @ made["torch"] > 0.9
    assert made["zeus"] @ made["spear"] < 0.5


def test_the_order_of_the_texts_tells_nothing() -> None:
    one, other = word_vectors.make(TEXTS, 4, 1), word_vectors.make(TEXTS[::-1], 4, 1)
    assert all(np.array_equal(one[word], other[word]) for word in one)


def test_too_few_words_give_none() -> None:
    assert word_vectors.make([["owl"]], 4, 1) == {}
    assert word_vectors.make([], 4, 1) == {}
