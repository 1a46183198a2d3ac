"""What `evaluate` counts of an engine's finds, with an engine whose finds are known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from coinspark.config import Config, Entities
from coinspark.entities.ner import evaluate, unverified
from coinspark.entities.ner.annotated import Marked, Span
from tests.entities import synthetic_names


def capitals(train: Sequence[Marked], language: str, folder: Path, texts: Sequence[str]) -> list[list[Span]]:
    """An engine that takes every word with a capital for a person, and knows what it was shown as none."""
    unverified.write(train, folder)
    return [
        [Span(word.start(), word.end(), "PERSON") for word in re.finditer(r"[A-Z]\w+", text)]
        for text in texts
    ]


def _config(place: Path) -> Config:
    return Config(warehouse=str(place / "warehouse"), entities=Entities(lists=str(place), languages=("en",)))


@pytest.mark.parametrize("protocol", ["published", "unseen"])
def test_a_surmise_counts_neither_as_found_nor_as_false(tmp_path: Path, protocol: str) -> None:
    synthetic_names.write_lists(tmp_path)
    texts = [
        f"{person} Enthroned, holding {thing}"
        for person in synthetic_names.PERSONS
        for thing in synthetic_names.OBJECTS
    ]
    new = [
        f"{person} {name}, holding cup"
        for person, name in (("Ares", "Tyche"), ("Hera", "Nemesis"), ("Zeus", "Nemesis"))
    ]
    config = _config(tmp_path)
    rows, false = evaluate.run(config, "spacy", protocol, {"en": [*texts, *new]}, capitals, lambda line: None)
    person = next(row for row in rows if row["category"] == "PERSON")
    assert person["found"] == person["mentions"] > 0, "no name of a list is ever a unverified"
    assert "Enthroned" not in {row[2] for row in false}, "it stands in every text to learn from"
    assert person["false"] == len(false)


def test_what_the_texts_to_learn_from_do_not_have_counts_as_false(tmp_path: Path) -> None:
    synthetic_names.write_lists(tmp_path)
    texts = [f"{person} Enthroned, {n}" for n, person in enumerate(synthetic_names.PERSONS)]
    config = _config(tmp_path)
    named = [f"{text}, Unheard{n}" for n, text in enumerate(texts)]
    rows, false = evaluate.run(config, "spacy", "published", {"en": named}, capitals, lambda line: None)
    assert [(row["mentions"], row["found"], row["false"]) for row in rows if row["category"] == "all"] == [
        (3, 3, 3)
    ]
    assert len(false) == 3 and all(row[2].startswith("Unheard") for row in false), (
        "a quarter of the twelve texts"
    )


def test_a_measurement_that_was_broken_off_goes_on_after_its_last_whole_fold(tmp_path: Path) -> None:
    synthetic_names.write_lists(tmp_path)
    texts = {"en": [f"{person} Enthroned, {n}" for n, person in enumerate(synthetic_names.PERSONS)]}
    asked: list[tuple[str, ...]] = []

    def once_broken(
        train: Sequence[Marked], language: str, folder: Path, texts: Sequence[str]
    ) -> list[list[Span]]:
        if len(asked) == 2:
            asked.append(())
            raise KeyboardInterrupt
        asked.append(tuple(texts))
        return capitals(train, language, folder, texts)

    config, said = _config(tmp_path), list[str]()
    with pytest.raises(KeyboardInterrupt):
        evaluate.run(config, "spacy", "unseen", texts, once_broken, said.append)
    resumed = evaluate.run(config, "spacy", "unseen", texts, once_broken, said.append)
    assert len({*asked} - {()}) == len(asked) - 1 == evaluate.FOLDS, (
        "each fold once, beside the one that was broken off"
    )
    assert sum("remove it to train and ask anew" in line for line in said) == 2
    elsewhere = config.model_copy(update={"warehouse": str(tmp_path / "other")})
    assert resumed == evaluate.run(elsewhere, "spacy", "unseen", texts, capitals, lambda line: None)
    changed = config.model_copy(update={"seed": config.seed + 1})
    evaluate.run(changed, "spacy", "unseen", texts, once_broken, said.append)
    assert len(asked) == 1 + 2 * evaluate.FOLDS, "another seed, other folds"
