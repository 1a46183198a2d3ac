"""Evaluation of a trained engine by a protocol (`ner/protocols.py`).

Unverified entities (`ner/unverified.py`) count neither as found nor as false, because curators decide on
them. The `published` figures therefore measure agreement with the lists. Held-out names of the `unseen`
protocol occur in no training text and cannot be unverified: those figures estimate how well unlisted names
are found in new texts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.core.progress import progress
from coinspark.entities.engines.engine import TrainedEngine, TrainingData
from coinspark.entities.lexicon import automaton, forms, lists
from coinspark.entities.lexicon.lists import CATEGORIES
from coinspark.entities.ner import annotated, protocols, recognisers, unverified
from coinspark.entities.ner.annotated import AnnotatedText, Span
from coinspark.entities.ner.protocols import SpanCounts, TextSplit
from coinspark.entities.review import verdicts
from coinspark.warehouse.locations import warehouse_location

COLUMNS = (
    "engine",
    "language",
    "protocol",
    "category",
    "mentions",
    "found",
    "false",
    "recall",
    "precision",
    "f1",
)
FALSE_COLUMNS = ("language", "category", "form", "text", "start", "end")
FOLDS = 5
"""Folds of the `unseen` protocol."""
_GROUPS = {
    **{name: (name,) for name in CATEGORIES.values()},
    "PERSON+OBJECT": ("PERSON", "OBJECT"),
    "all": tuple(CATEGORIES.values()),
}


@dataclass(frozen=True)
class Evaluation:
    """An evaluation of an engine.

    Attributes:
        config: Lists, verdicts, languages and recogniser settings.
        name: Name of the engine.
        engine: The engine.
        protocol: "published" or "unseen".
        say: Shows a line that stays.
    """

    config: Config
    name: str
    engine: TrainedEngine
    protocol: str
    say: Callable[[str], None]

    def run(self, texts: Mapping[str, Sequence[str]]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """Rows of `COLUMNS` per language and category group, and of `FALSE_COLUMNS` per false positive.

        The spans found in each fold are stored below the warehouse, so that an interrupted evaluation
        continues.

        Args:
            texts: Language → distinct texts, which the lists annotate.

        Raises:
            InputError: No lists are configured.
        """
        settings = self.config.entities
        if settings.lists is None:
            raise InputError("entities.lists: not set; an evaluation needs the lists as reference")
        listed, _ = forms.resolve(lists.read(settings.lists) + verdicts.read(settings.verdicts).entries)
        rows: list[tuple[Any, ...]] = []
        false: list[tuple[Any, ...]] = []
        for language in settings.languages:
            if language not in texts:
                self.say(f"entities: no texts in {language!r}; {self.name} is not evaluated on it")
                continue
            ready = annotated.annotate_texts(texts[language], language, automaton.cached_matcher(listed))
            total = SpanCounts()
            for counts, false_of_fold in self._folds(ready, language):
                total.add(counts)
                false += false_of_fold
            rows += [self._row(language, group, total) for group in _GROUPS]
        return rows, false

    def _folds(
        self, texts: Sequence[AnnotatedText], language: str
    ) -> Iterator[tuple[SpanCounts, list[tuple[Any, ...]]]]:
        """Counts and false positives of the published split, or of each fold of unseen names."""
        seed = self.config.seed
        splits = (
            protocols.unseen_splits(texts, FOLDS, seed)
            if self.protocol == "unseen"
            else [protocols.published_split(texts, seed)]
        )
        for number, split in enumerate(splits, start=1):
            spans = self._stored_spans(split, language, number)
            counts = protocols.count_spans(split.test, spans, split.held_out or None)
            if split.held_out:
                self.say(
                    f"{language}, fold {number} of {FOLDS}: {len(split.held_out)} names held out; "
                    f"PERSON and OBJECT: recall {counts.recall('PERSON', 'OBJECT'):.3f}, "
                    f"precision {counts.precision('PERSON', 'OBJECT'):.3f}"
                )
            false = [
                (language, span.category, text[span.start : span.end], text, span.start, span.end)
                for text, span in protocols.false_positives(split.test, spans)
            ]
            yield counts, false

    def _stored_spans(self, split: TextSplit, language: str, number: int) -> list[list[Span]]:
        """Spans found in the test texts: from an earlier run with the same input, or by training now."""
        tests = [text.text for text in split.test]
        settings = self.config.entities.recogniser
        data = TrainingData(split.train, language, settings, self.config.seed, tests)
        key = recognisers.training_key(self.name, data)
        name = recognisers.file_name(self.name, language, key)
        file = warehouse_location(self.config) / "evaluations" / f"{name}.json"
        if file.exists():
            self.say(f"{language}, fold {number}: read from {file}; remove the file to train again")
        else:
            file.write_json(self._find(data, name))
        return [[Span(*span) for span in spans] for spans in json.loads(file.read_text())]

    def _find(self, data: TrainingData, name: str) -> list[list[Span]]:
        """Train, and return the spans in the unannotated texts, without unverified ones."""
        folder = warehouse_location(self.config) / "scratch" / "evaluations" / name
        folder.remove()  # left by an interrupted evaluation
        try:
            self.engine.train(data, folder, progress)
            spans = self.engine.find(folder, data.unannotated)
            return unverified.drop_unverified(folder, data.unannotated, spans)
        finally:
            folder.remove()

    def _row(self, language: str, group: str, counts: SpanCounts) -> tuple[Any, ...]:
        """A row of `COLUMNS`."""
        categories = _GROUPS[group]
        found, missed, false = (
            sum(counter[category] for category in categories)
            for counter in (counts.true_positives, counts.false_negatives, counts.false_positives)
        )
        scores = counts.recall(*categories), counts.precision(*categories), counts.f1(*categories)
        return (
            *(self.name, language, self.protocol, group),
            *(found + missed, found, false),
            *(round(score, 4) for score in scores),
        )
