"""How good a trained engine is, by the published protocol or on names that it has never seen (protocols.py).

Unverified entities (unmarked.py) do not count: in the texts that a recogniser has learnt from every unlisted name is one, and goes to the
keepers. So the published figure is agreement with the lists. Unseen names stand in no text to learn from and can't be unverified:
that figure tells how well proposals are found, and names in texts that come later.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from coinspark.config import Config
from coinspark.core import atomic_files
from coinspark.core.errors import InputError
from coinspark.entities.lexicon import automaton, lists
from coinspark.entities.lexicon.lists import CATEGORIES
from coinspark.entities.ner import annotated, protocols, recognisers, unverified
from coinspark.entities.ner.annotated import Marked, Span
from coinspark.entities.ner.protocols import Counts, Part
from coinspark.entities.review import verdicts
from coinspark.warehouse.locations import local_folder

FALSE = ("language", "category", "form", "text", "start", "end")
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
FOLDS = 5
_GROUPS = {
    **{name: (name,) for name in CATEGORIES.values()},
    "PERSON+OBJECT": ("PERSON", "OBJECT"),
    "all": tuple(CATEGORIES.values()),
}

Find = Callable[[Sequence[Marked], str, Path, Sequence[str]], list[list[Span]]]
"""Texts to learn from, language, a folder to be made, texts to read (and to know unmarked): the spans in each of the latter."""


def run(
    config: Config,
    engine: str,
    protocol: str,
    texts: Mapping[str, Sequence[str]],
    find: Find,
    say: Callable[[str], None],
) -> tuple[list[dict[str, Any]], list[tuple[Any, ...]]]:
    """A row a language and category (COLUMNS), and those of PERSON with OBJECT and of all categories together.

    Then the finds that counted as false (FALSE), for somebody to read: the lexicon's word is not the last one.
    What was found in each part is kept in the warehouse's `measured`: a measurement that was broken off goes on after it.
    """
    settings = config.entities
    if settings.lists is None:
        raise InputError("entities.lists: no lists are configured, so there is nothing to measure against")
    forms, _ = lists.resolve(lists.read(settings.lists) + verdicts.read(settings.verdicts).entries)
    rows: list[dict[str, Any]] = []
    false: list[tuple[Any, ...]] = []
    for language in settings.languages:
        if language not in texts:
            say(f"entities: there is no text in {language!r} to measure {engine} on")
            continue
        ready = annotated.mark(texts[language], language, automaton.cached(forms))
        total = Counts()
        for counts, wrong in _parts(config, engine, ready, language, protocol, find, say):
            total.add(counts)
            false += wrong
        rows += [_row(engine, language, protocol, name, total, group) for name, group in _GROUPS.items()]
    return rows, false


def _parts(
    config: Config,
    engine: str,
    ready: Sequence[Marked],
    language: str,
    protocol: str,
    find: Find,
    say: Callable[[str], None],
) -> Iterator[tuple[Counts, list[tuple[Any, ...]]]]:
    """Counts and false finds of the published split, or of each fold of the unseen names."""
    parts = (
        protocols.unseen(ready, FOLDS, config.seed)
        if protocol == "unseen"
        else [protocols.published(ready, config.seed)]
    )
    for number, part in enumerate(parts, start=1):
        key = recognisers.learning(config, engine, language, part.train, [one.text for one in part.test])
        kept = local_folder(config) / "measured" / f"{engine}-{language}-{key[:12]}.json"
        if kept.exists():
            say(
                f"{language}, part {number}: found before, as kept in {kept}; remove it to train and ask anew"
            )
        else:
            atomic_files.write_json(kept, _found(part, language, find))
        found = [[Span(*span) for span in spans] for spans in json.loads(kept.read_text(encoding="utf-8"))]
        counts = protocols.count(part.test, found, part.held or None)
        if part.held:
            say(
                f"{language}, fold {number} of {FOLDS}: {len(part.held)} names held out; PERSON and OBJECT: recall "
                f"{counts.recall('PERSON', 'OBJECT'):.3f}, precision {counts.precision('PERSON', 'OBJECT'):.3f}"
            )
        yield (
            counts,
            [
                (language, span.category, text[span.start : span.end], text, span.start, span.end)
                for text, span in protocols.false(part.test, found)
            ],
        )


def _found(part: Part, language: str, find: Find) -> list[list[Span]]:
    """What the engine finds in the part's test, without unverified: those are questions to the keepers, not claims."""
    with tempfile.TemporaryDirectory() as place:
        folder, texts = Path(place) / "model", [one.text for one in part.test]
        return unverified.sure(folder, texts, find(part.train, language, folder, texts))


def _row(
    engine: str, language: str, protocol: str, name: str, counts: Counts, group: tuple[str, ...]
) -> dict[str, Any]:
    found = sum(counts.found[one] for one in group)
    return {
        "engine": engine,
        "language": language,
        "protocol": protocol,
        "category": name,
        "mentions": found + sum(counts.missed[one] for one in group),
        "found": found,
        "false": sum(counts.false[one] for one in group),
        "recall": round(counts.recall(*group), 4),
        "precision": round(counts.precision(*group), 4),
        "f1": round(counts.f1(*group), 4),
    }
