"""Curators' verdicts on proposals: a CSV with one proposal per row, written for the curators and read back.

An accepted proposal becomes a list entry. A refused one is not proposed again. One without a verdict stays
open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from coinspark.config.entities import Language
from coinspark.core import spreadsheet
from coinspark.core.errors import InputError
from coinspark.entities.lexicon.folding import fold
from coinspark.entities.lexicon.lists import CATEGORIES, Entry, Spelling

COLUMNS = ("verdict", "name", "category", "language", "texts", "canonical", "nearest", "examples")
_REQUIRED = ("verdict", "name", "category", "language", "canonical")
_FOR_READING = ("texts", "nearest", "examples")
_ACCEPT, _REFUSE = ("accept", "yes", "y", "ja"), ("refuse", "no", "n", "nein")

ProposalKey = tuple[str, str, str]
"""Language, category, folded name."""


@dataclass(frozen=True)
class Verdicts:
    """Accepted proposals as list entries, keys of refused ones, and the number of those without a verdict."""

    entries: tuple[Entry, ...] = ()
    refused: frozenset[ProposalKey] = frozenset()
    open: int = 0

    def summary(self) -> str:
        """How many proposals were accepted, refused and left open."""
        return f"{len(self.entries):,} accepted, {len(self.refused):,} refused, {self.open:,} left open"


def proposal_key(language: str, category: str, name: str) -> ProposalKey:
    """Identity of a proposal; spellings that fold to the same text are equal."""
    return language, category, fold(name)[0]


def csv_rows(proposals: Iterable[Mapping[str, Any]]) -> list[list[Any]]:
    """Rows of PROPOSALS as rows of the CSV, most frequent first, without verdicts.

    Curators fill in `verdict`, and `canonical` if the entry's canonical name differs from the proposed one.
    """
    ranked = sorted(proposals, key=lambda row: (-row["texts"], row["language"], row["category"], row["name"]))
    rows = []
    for row in ranked:
        nearest = "; ".join(f"{entry['name']} ({entry['likeness']:.2f})" for entry in row["nearest"])
        examples = " | ".join(_bracketed(example) for example in row["examples"])
        cells = {**row, "verdict": "", "canonical": "", "nearest": nearest, "examples": examples}
        rows.append([cells[column] for column in COLUMNS])
    return rows


def _bracketed(example: Mapping[str, Any]) -> str:
    """The example's text with the name in brackets."""
    text, start, end = example["text"], example["start"], example["end"]
    return f"{text[:start]}[{text[start:end]}]{text[end:]}"


def read(file: str | Path | None) -> Verdicts:
    """Verdicts of a CSV that curators filled in; none without a file.

    Raises:
        InputError: Names the file, and the line or the columns.
    """
    if file is None:
        return Verdicts()
    sheet = spreadsheet.read(Path(file), _REQUIRED, _FOR_READING, "entities.verdicts")
    entries: list[Entry] = []
    refused: set[ProposalKey] = set()
    lines: dict[ProposalKey, tuple[int, bool]] = {}
    undecided = 0
    for line, row in sheet.rows:
        if not row["verdict"]:
            undecided += 1
            continue
        key, entry = _decide(f"entities.verdicts: {file}, line {line}", row)
        earlier, accepted = lines.setdefault(key, (line, entry is not None))
        if accepted != (entry is not None):
            raise InputError(
                f"entities.verdicts: {file}, line {line}: {row['name']!r} has the opposite verdict in line "
                f"{earlier}; clear one of them"
            )
        if entry is None:
            refused.add(key)
        else:
            entries.append(entry)
    return Verdicts(tuple(entries), frozenset(refused), undecided)


def _decide(where: str, row: Mapping[str, str]) -> tuple[ProposalKey, Entry | None]:
    """Key and list entry of a row with a verdict; None if it is refused."""
    verdict, name = row["verdict"].lower(), row["name"]
    category, language = row["category"].upper(), row["language"].lower()
    allowed = {
        "verdict": (verdict, ("accept", "refuse"), _ACCEPT + _REFUSE),
        "category": (category, CATEGORIES.values(), CATEGORIES.values()),
        "language": (language, get_args(Language), get_args(Language)),
    }
    for column, (value, expected, values) in allowed.items():
        if value not in values:
            raise InputError(
                f"{where}: {column}: expected {' or '.join(expected)}, found {row[column]!r}; "
                "fix the line or clear its verdict"
            )
    if not name:
        raise InputError(f"{where}: no name; fix the line or clear its verdict")
    entry = Entry(category, row["canonical"] or name, None, (Spelling(language, name, "name"),))
    return proposal_key(language, category, name), entry if verdict in _ACCEPT else None
