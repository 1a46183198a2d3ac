"""A found span → the list entry that it names, or none: as the lists write it, else by a careful fuzzy match.

What names no entry is a proposal (proposals.py). The fuzzy match has one threshold; its error is measured by leaving names out
of the lists (tests/bench/bench_linking.py) and stated in the README.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from coinspark.entities.lexicon.folding import fold
from coinspark.entities.lexicon.lists import Form

THRESHOLD = 0.87  # likeness from which on a form is taken for a misspelling of a listed one
_SHORTEST = 6  # letters; in shorter words one letter more or less makes another word (`lion`, `Ilion`)


class Near(NamedTuple):
    """A listed form that is like a found one: its likeness (1: the same letters) and the form."""

    likeness: float
    form: Form


Index = dict[tuple[str, str], dict[str, Form]]
"""(language, category) → folded form → form."""


def index(forms: Iterable[Form]) -> Index:
    """The listed forms, ready to be asked, in the order of the letters."""
    found: Index = defaultdict(dict)
    for form in forms:
        found[form.language, form.category].setdefault(fold(form.form)[0], form)
    return {kind: dict(sorted(listed.items())) for kind, listed in found.items()}


@lru_cache(maxsize=4)
def cached(forms: tuple[Form, ...]) -> Index:
    """`index`, once a process."""
    return index(forms)


def link(asked: Index, text: str, language: str, category: str, threshold: float = THRESHOLD) -> Form | None:
    """The entry that a span names, or None: the same letters first, then the nearest form from the threshold on.

    The nearest must be alone: two entries equally near are a question for the keepers, not for us.
    """
    folded, _ = fold(text)
    listed = asked.get((language, category), {})
    if folded in listed:
        return listed[folded]
    if len(folded) < _SHORTEST:
        return None
    near = nearest(asked, text, language, category, 2)
    if not near or near[0].likeness < threshold or (len(near) == 2 and near[1].likeness == near[0].likeness):
        return None
    return near[0].form if _number(folded) == _number(fold(near[0].form.form)[0]) else None


def nearest(asked: Index, text: str, language: str, category: str, most: int = 3) -> list[Near]:
    """The entries of a category that are most like a text, each by its nearest form; of equals in the order of the letters."""
    folded, _ = fold(text)
    listed = asked.get((language, category), {})
    found = process.extract(
        folded, list(listed), scorer=DamerauLevenshtein.normalized_similarity, limit=10 * most
    )
    best: dict[str, Near] = {}
    for form, likeness, _ in found:
        best.setdefault(listed[form].name, Near(likeness, listed[form]))
    return list(best.values())[:most]


def _number(folded: str) -> str:
    """The number of a ruler (`ii`), which is no misspelling of another (`iii`)."""
    last = folded.rstrip(".").split(" ")[-1]
    return last if last and set(last) <= set("ivx") else ""
