"""What `evaluate` counts of an engine's finds, with an engine whose finds are known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from coinspark.config import Config
from coinspark.entities import evaluate, unmarked
from coinspark.entities.marked import Marked, Span
from coinspark.settings import Entities
from tests.entities import made_up


def capitals(train: Sequence[Marked], language: str, folder: Path, texts: Sequence[str]) -> list[list[Span]]:
    """An engine that takes every word with a capital for a person, and knows what it was shown as none."""
    unmarked.write(train, folder)
    return [[Span(word.start(), word.end(), "PERSON") for word in re.finditer(r"[A-Z]\w+", text)] for text in texts]


@pytest.mark.parametrize("protocol", ["published", "unseen"])
def test_a_surmise_counts_neither_as_found_nor_as_false(tmp_path: Path, protocol: str) -> None:
    made_up.write_lists(tmp_path)
    texts = [f"{person} Enthroned, holding {thing}" for person in made_up.PERSONS for thing in made_up.OBJECTS]
    new = [f"{person} {name}, holding cup" for person, name in (("Ares", "Tyche"), ("Hera", "Nemesis"), ("Zeus", "Nemesis"))]
    config = Config(entities=Entities(lists=str(tmp_path), languages=("en",)))
    rows, false = evaluate.run(config, "capitals", protocol, {"en": [*texts, *new]}, capitals, lambda line: None)
    person = next(row for row in rows if row["category"] == "PERSON")
    assert person["found"] == person["mentions"] > 0, "no name of a list is ever a surmise"
    assert "Enthroned" not in {row[2] for row in false}, "it stands in every text to learn from"
    assert person["false"] == len(false)


def test_what_the_texts_to_learn_from_do_not_have_counts_as_false(tmp_path: Path) -> None:
    made_up.write_lists(tmp_path)
    texts = [f"{person} Enthroned, {n}" for n, person in enumerate(made_up.PERSONS)]
    config = Config(entities=Entities(lists=str(tmp_path), languages=("en",)))
    named = [f"{text}, Unheard{n}" for n, text in enumerate(texts)]
    rows, false = evaluate.run(config, "capitals", "published", {"en": named}, capitals, lambda line: None)
    assert [(row["mentions"], row["found"], row["false"]) for row in rows if row["category"] == "all"] == [(3, 3, 3)]
    assert len(false) == 3 and all(row[2].startswith("Unheard") for row in false), "a quarter of the twelve texts"
