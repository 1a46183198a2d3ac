"""The keepers' word on proposals: a CSV with a line a proposal and a column `verdict`, written for them and read back.

An accepted line becomes a list entry, a refused one is not proposed again, a line without a verdict stays open.
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
from coinspark.entities.lexicon.lists import CATEGORIES, Entry

COLUMNS = ("verdict", "name", "category", "language", "texts", "canonical", "nearest", "examples")
_ACCEPT, _REFUSE = ("accept", "yes", "y", "ja"), ("refuse", "no", "n", "nein")

Key = tuple[str, str, str]
"""language, category, folded name."""


@dataclass(frozen=True)
class Verdicts:
    """What was accepted, as list entries, and what was refused."""

    entries: tuple[Entry, ...] = ()
    refused: frozenset[Key] = frozenset()


def key(language: str, category: str, name: str) -> Key:
    """What makes two proposals one."""
    return language, category, fold(name)[0]


def write(proposals: Iterable[Mapping[str, Any]]) -> str:
    """The CSV for the keepers; `verdict` is empty, `canonical` takes the name to file it under where that is another."""
    out = io.StringIO()
    lines = csv.DictWriter(out, COLUMNS, lineterminator="\n", extrasaction="ignore")
    lines.writeheader()
    for row in proposals:
        nearest = "; ".join(f"{near['name']} ({near['likeness']:.2f})" for near in row["nearest"])
        shown = " | ".join(_shown(one) for one in row["examples"])
        lines.writerow({**row, "verdict": "", "canonical": "", "nearest": nearest, "examples": shown})
    return out.getvalue()


def _shown(example: Mapping[str, Any]) -> str:
    """The text with the find in brackets."""
    text, start, end = example["text"], example["start"], example["end"]
    return f"{text[:start]}[{text[start:end]}]{text[end:]}"


def read(file: str | Path | None) -> Verdicts:
    """The verdicts of a file that `write` made and a keeper filled in. InputError names the file and the line."""
    if file is None:
        return Verdicts()
    path = Path(file)
    try:
        with path.open(encoding="utf-8-sig", newline="") as opened:
            rows = list(csv.DictReader(opened))
    except OSError as error:
        raise InputError(f"entities.verdicts: {path} cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"entities.verdicts: {path} is no CSV table in UTF-8 ({error})") from None
    entries, refused = [], set()
    for number, row in enumerate(rows, start=2):
        verdict = (row.get("verdict") or "").strip().lower()
        if not verdict:
            continue
        name, category, language = (
            (row.get(column) or "").strip() for column in ("name", "category", "language")
        )
        if (
            verdict not in _ACCEPT + _REFUSE
            or not name
            or category not in CATEGORIES.values()
            or not language
        ):
            raise InputError(
                f"entities.verdicts: {path}, line {number}: wanted are a verdict `accept` or `refuse`, a name, a "
                f"language and a category of {', '.join(CATEGORIES.values())}; the line has {verdict!r}, "
                f"{name!r}, {language!r}, {category!r}"
            )
        if verdict in _ACCEPT:
            canonical = (row.get("canonical") or "").strip() or name
            entries.append(Entry(category, canonical, None, ((language, name, "name"),)))
        else:
            refused.add(key(language, category, name))
    return Verdicts(tuple(entries), frozenset(refused))
