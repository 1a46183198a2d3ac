"""Word vectors: words in the same contexts are similar; the order of the texts does not matter."""

from __future__ import annotations

import numpy as np
import pytest

from coinspark.entities.ner import word_vectors

PERSONS, OBJECTS = ("athena", "zeus", "apollo", "nike"), ("spear", "shield", "bow", "torch")
TEXTS = [
    [person, pose, "holding", item, "in", "right", "hand"]
    for person in PERSONS
    for item in OBJECTS
    for pose in ("standing", "seated", "advancing")
]


def test_words_in_the_same_contexts_are_similar() -> None:
    vectors = word_vectors.fit(TEXTS, 4, 1)
    for word in (*PERSONS, *OBJECTS):
        assert vectors[word].dtype == np.float32
        assert np.linalg.norm(vectors[word]) == pytest.approx(1, abs=1e-5)
    assert vectors["zeus"] @ vectors["nike"] > 0.9
    assert vectors["spear"] @ vectors["torch"] > 0.9
    assert vectors["zeus"] @ vectors["spear"] < 0.5


def test_vectors_do_not_depend_on_the_order_of_the_texts() -> None:
    vectors, again = word_vectors.fit(TEXTS, 4, 1), word_vectors.fit(TEXTS[::-1], 4, 1)
    assert all(np.array_equal(vectors[word], again[word]) for word in vectors)


def test_too_few_words_give_no_vectors() -> None:
    assert word_vectors.fit([["owl"]], 4, 1) == {}
    assert word_vectors.fit([], 4, 1) == {}


def test_noise_keeps_unit_length_and_stays_near() -> None:
    vector = np.full(100, 0.1, np.float32)
    moved = word_vectors.with_noise(vector, 0.5, np.random.default_rng(1))
    assert np.linalg.norm(moved) == pytest.approx(1, abs=1e-5)
    assert float(moved @ vector) == pytest.approx(1 / np.sqrt(1 + 0.5**2), abs=0.05)
