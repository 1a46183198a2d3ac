"""Curators' verdicts on proposals: a CSV with one proposal per row, written for the curators and read back.

An accepted proposal becomes a list entry. A refused one is not proposed again. One without a verdict stays
open.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coinspark.core.errors import InputError
from coinspark.entities.lexicon.folding import fold
from coinspark.entities.lexicon.lists import CATEGORIES, Entry, Spelling

COLUMNS = ("verdict", "name", "category", "language", "texts", "canonical", "nearest", "examples")
_ACCEPT, _REFUSE = ("accept", "yes", "y", "ja"), ("refuse", "no", "n", "nein")

ProposalKey = tuple[str, str, str]
"""Language, category, folded name."""


@dataclass(frozen=True)
class Verdicts:
    """Accepted proposals as list entries, and the keys of refused ones."""

    entries: tuple[Entry, ...] = ()
    refused: frozenset[ProposalKey] = frozenset()


def proposal_key(language: str, category: str, name: str) -> ProposalKey:
    """Identity of a proposal; spellings that fold to the same text are equal."""
    return language, category, fold(name)[0]


def to_csv(proposals: Iterable[Mapping[str, Any]]) -> str:
    """CSV of PROPOSALS rows, most frequent first.

    Curators fill in `verdict`, and `canonical` if the entry's canonical name differs from the proposed one.
    """
    ranked = sorted(proposals, key=lambda row: (-row["texts"], row["language"], row["category"], row["name"]))
    text = io.StringIO()
    lines = csv.DictWriter(text, COLUMNS, lineterminator="\n", extrasaction="ignore")
    lines.writeheader()
    for row in ranked:
        nearest = "; ".join(f"{entry['name']} ({entry['likeness']:.2f})" for entry in row["nearest"])
        examples = " | ".join(_bracketed(example) for example in row["examples"])
        lines.writerow({**row, "verdict": "", "canonical": "", "nearest": nearest, "examples": examples})
    return text.getvalue()


def _bracketed(example: Mapping[str, Any]) -> str:
    """The example's text with the name in brackets."""
    text, start, end = example["text"], example["start"], example["end"]
    return f"{text[:start]}[{text[start:end]}]{text[end:]}"


def read(file: str | Path | None) -> Verdicts:
    """Verdicts of a CSV that curators filled in; none without a file.

    Raises:
        InputError: Names the file and the line.
    """
    if file is None:
        return Verdicts()
    entries: list[Entry] = []
    refused: set[ProposalKey] = set()
    for number, row in enumerate(_read_csv(Path(file)), start=2):
        verdict = row["verdict"].lower()
        if not verdict:
            continue
        name, category, language = row["name"], row["category"], row["language"]
        is_known = verdict in _ACCEPT + _REFUSE and category in CATEGORIES.values()
        if not is_known or not name or not language:
            raise InputError(
                f"entities.verdicts: {file}, line {number}: expected verdict `accept` or `refuse`, a name, a "
                f"language and a category of {', '.join(CATEGORIES.values())}; found {verdict!r}, {name!r}, "
                f"{language!r}, {category!r}; fix the line or clear its verdict"
            )
        if verdict in _ACCEPT:
            spelling = Spelling(language, name, "name")
            entries.append(Entry(category, row["canonical"] or name, None, (spelling,)))
        else:
            refused.add(proposal_key(language, category, name))
    return Verdicts(tuple(entries), frozenset(refused))


def _read_csv(path: Path) -> list[dict[str, str]]:
    """Rows with all columns that `read` needs, without surrounding blanks."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return [
                {column: (row.get(column) or "").strip() for column in COLUMNS}
                for row in csv.DictReader(lines)
            ]
    except OSError as error:
        raise InputError(f"entities.verdicts: {path} cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"entities.verdicts: {path} is not a CSV table in UTF-8 ({error}); save it as such"
        ) from None
