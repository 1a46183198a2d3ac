"""Correct and wrong links by threshold of the fuzzy match: `python -m tests.bench.bench_linking`.

The lists are those of COINSPARK_REAL_DATA. Two experiments:

- Misspellings: the typos are removed from the lists, and each is linked to the remaining forms.
- Unlisted names: each entry is removed with all its forms, and each form of six or more characters that no
  other entry has is linked to the remaining forms. Every such link is wrong.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from coinspark.entities.lexicon import forms, linking, lists
from coinspark.entities.lexicon.folding import fold
from coinspark.entities.lexicon.lists import Entry
from tests.bench import REAL

THRESHOLDS = (0.75, 0.80, 0.84, linking.THRESHOLD, 0.90, 0.95)


class Case(NamedTuple):
    """A form of an entry, and the index that it is linked with."""

    index: linking.Index
    text: str
    language: str
    entry: Entry


def misspellings(entries: tuple[Entry, ...]) -> Iterator[Case]:
    """The typos of the lists, without those that equal a remaining form."""
    without_typos = tuple(
        replace(entry, spellings=tuple(spelling for spelling in entry.spellings if spelling.origin != "typo"))
        for entry in entries
    )
    index = linking.build_index(forms.resolve(without_typos)[0])
    for entry in entries:
        for language, text, origin in entry.spellings:
            if origin == "typo" and fold(text)[0] not in index.get((language, entry.category), {}):
                yield Case(index, text, language, entry)


def unlisted_names(entries: tuple[Entry, ...]) -> Iterator[Case]:
    """The forms of each entry, with an index of all other entries."""
    full_index = linking.build_index(forms.resolve(entries)[0])
    for entry in entries:
        index = {
            key: {folded: form for folded, form in listed.items() if form.name != entry.name}
            for key, listed in full_index.items()
        }
        for language, text, origin in entry.spellings:
            folded = fold(text)[0]
            is_listed = folded in index.get((language, entry.category), {})
            if origin != "typo" and len(folded) >= 6 and not is_listed:
                yield Case(index, text, language, entry)


def count_links(cases: Iterable[Case]) -> dict[float, Counter[str]]:
    """Threshold → number of cases linked to their own entry (`right`), to another (`wrong`) or to `none`."""
    counts: dict[float, Counter[str]] = {threshold: Counter() for threshold in THRESHOLDS}
    for index, text, language, entry in cases:
        for threshold, counter in counts.items():
            form = linking.link(index, text, language, entry.category, threshold)
            counter["none" if form is None else "right" if form.name == entry.name else "wrong"] += 1
    return counts


def main() -> None:
    """Print one line per threshold."""
    folder = REAL / "designs"
    if not folder.is_dir():
        print(f"linking: skipped; no lists in {folder}; set COINSPARK_REAL_DATA")
        sys.exit(0)
    entries = lists.read(folder)
    typos, others = count_links(misspellings(entries)), count_links(unlisted_names(entries))
    for threshold in THRESHOLDS:
        total = max(1, typos[threshold].total())
        shares = ", ".join(
            f"{typos[threshold][name] / total:.1%} {name}" for name in ("right", "wrong", "none")
        )
        false = others[threshold]["wrong"] / max(1, others[threshold].total())
        print(f"  threshold {threshold:.2f}: misspellings {shares}; unlisted names {false:.2%} linked")
    typo, other = typos[linking.THRESHOLD], others[linking.THRESHOLD]
    print(
        f"linking, {len(entries)} entries, threshold {linking.THRESHOLD}: of {typo.total()} misspellings "
        f"{typo['right']} right, {typo['wrong']} wrong; "
        f"of {other.total()} unlisted names {other['wrong']} linked"
    )


if __name__ == "__main__":
    main()
