"""Evaluation of an engine whose output is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame

from coinspark.config import Config, Entities
from coinspark.entities.engines.engine import TrainedEngine, TrainingData
from coinspark.entities.ner import unverified
from coinspark.entities.ner.annotated import Span
from coinspark.entities.ner.evaluate import COLUMNS, FOLDS, Evaluation
from coinspark.warehouse.files import Location
from tests.entities import synthetic_names


def annotate(texts: DataFrame, *others: object) -> DataFrame:
    raise AssertionError("an evaluation does not annotate tables")


def train(data: TrainingData, folder: Location, say: Callable[[str], None]) -> None:
    unverified.write_phrases(data.texts, folder)


def find(folder: Location, texts: Sequence[str]) -> list[list[Span]]:
    """Every capitalised word is a person."""
    return [
        [Span(word.start(), word.end(), "PERSON") for word in re.finditer(r"[A-Z]\w+", text)]
        for text in texts
    ]


CAPITALS = TrainedEngine(annotate, train, find)
Rows = list[dict[str, Any]]


def evaluate(
    config: Config,
    protocol: str,
    texts: Sequence[str],
    engine: TrainedEngine = CAPITALS,
    say: Callable[[str], None] = lambda line: None,
) -> tuple[Rows, list[tuple[Any, ...]]]:
    rows, false = Evaluation(config, "spacy", engine, protocol, say).run({"en": texts})
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows], false


def config_of(folder: Path) -> Config:
    """A configuration with the synthetic lists."""
    synthetic_names.write_lists(folder)
    entities = Entities(lists=str(folder), languages=("en",))
    return Config(warehouse=str(folder / "warehouse"), entities=entities)


@pytest.mark.parametrize("protocol", ["published", "unseen"])
def test_unverified_entity_counts_neither_as_found_nor_as_false(tmp_path: Path, protocol: str) -> None:
    texts = [
        f"{person} Enthroned, holding {item}"
        for person in synthetic_names.PERSONS
        for item in synthetic_names.OBJECTS
    ]
    unlisted = [
        f"{person} {name}, holding cup"
        for person, name in (("Ares", "Tyche"), ("Hera", "Nemesis"), ("Zeus", "Nemesis"))
    ]
    rows, false = evaluate(config_of(tmp_path), protocol, [*texts, *unlisted])
    person = next(row for row in rows if row["category"] == "PERSON")
    assert person["found"] == person["mentions"] > 0, "a listed name is never unverified"
    assert "Enthroned" not in {row[2] for row in false}, "every training text contains it"
    assert person["false"] == len(false)


def test_word_that_no_training_text_contains_counts_as_false(tmp_path: Path) -> None:
    texts = [
        f"{person} Enthroned, {number}, Unheard{number}"
        for number, person in enumerate(synthetic_names.PERSONS)
    ]
    rows, false = evaluate(config_of(tmp_path), "published", texts)
    assert [(row["mentions"], row["found"], row["false"]) for row in rows if row["category"] == "all"] == [
        (3, 3, 3)
    ], "a quarter of the twelve texts"
    assert len(false) == 3
    assert all(row[2].startswith("Unheard") for row in false)


def test_interrupted_evaluation_continues_after_the_last_finished_fold(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    texts = [f"{person} Enthroned, {number}" for number, person in enumerate(synthetic_names.PERSONS)]
    calls: list[tuple[str, ...]] = []

    def find_or_interrupt(folder: Path, texts: Sequence[str]) -> list[list[Span]]:
        if len(calls) == 2:
            calls.append(())
            raise KeyboardInterrupt
        calls.append(tuple(texts))
        return find(folder, texts)

    engine, messages = TrainedEngine(annotate, train, find_or_interrupt), list[str]()
    with pytest.raises(KeyboardInterrupt):
        evaluate(config, "unseen", texts, engine, messages.append)
    resumed = evaluate(config, "unseen", texts, engine, messages.append)
    assert len({*calls} - {()}) == len(calls) - 1 == FOLDS, "each fold once, and the interrupted call"
    assert sum("remove the file to train again" in line for line in messages) == 2
    elsewhere = config.model_copy(update={"warehouse": str(tmp_path / "other")})
    assert resumed == evaluate(elsewhere, "unseen", texts)
    changed = config.model_copy(update={"seed": config.seed + 1})
    evaluate(changed, "unseen", texts, engine, messages.append)
    assert len(calls) == 1 + 2 * FOLDS, "another seed has other folds"
