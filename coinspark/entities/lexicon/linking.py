"""Linking: find the list entry that a text span names, exactly or as a misspelling.

The error rate of the fuzzy match is measured by `tests/bench/bench_linking.py`, which removes names from the
lists.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from coinspark.entities.lexicon.folding import fold
from coinspark.entities.lexicon.forms import Form

THRESHOLD = 0.87
"""Minimum similarity at which a span counts as a misspelling of a listed form."""
_MIN_LENGTH = 6  # characters; in shorter words one edit makes another word (`lion`, `Ilion`)

Index = dict[tuple[str, str], dict[str, Form]]
"""(language, category) → folded form → Form."""


class Candidate(NamedTuple):
    """A listed form and its similarity to a span: 1 minus the normalised Damerau-Levenshtein distance."""

    similarity: float
    form: Form


def build_index(forms: Iterable[Form]) -> Index:
    """Forms by language and category, in alphabetical order."""
    index: Index = defaultdict(dict)
    for form in forms:
        index[form.language, form.category].setdefault(fold(form.form)[0], form)
    return {key: dict(sorted(listed.items())) for key, listed in index.items()}


@lru_cache(maxsize=4)
def cached_index(forms: tuple[Form, ...]) -> Index:
    """`build_index`, once per process."""
    return build_index(forms)


def link(index: Index, text: str, language: str, category: str, threshold: float = THRESHOLD) -> Form | None:
    """The entry that a span names, or None.

    An equal form wins. Otherwise the nearest form must reach the threshold and have the same ruler's number,
    and no other entry may be equally near: a tie is for the curators to decide.
    """
    folded, _ = fold(text)
    listed = index.get((language, category), {})
    if folded in listed:
        return listed[folded]
    if len(folded) < _MIN_LENGTH:
        return None
    candidates = nearest(index, text, language, category, 2)
    if not candidates or candidates[0].similarity < threshold:
        return None
    if len(candidates) == 2 and candidates[1].similarity == candidates[0].similarity:
        return None
    form = candidates[0].form
    return form if _ruler_number(folded) == _ruler_number(fold(form.form)[0]) else None


def nearest(index: Index, text: str, language: str, category: str, limit: int = 3) -> list[Candidate]:
    """The most similar entries of a category, best first, each by its nearest form; ties alphabetically."""
    folded, _ = fold(text)
    listed = index.get((language, category), {})
    scored = process.extract(
        folded, list(listed), scorer=DamerauLevenshtein.normalized_similarity, limit=10 * limit
    )
    best: dict[str, Candidate] = {}
    for form, similarity, _ in scored:
        best.setdefault(listed[form].name, Candidate(similarity, listed[form]))
    return list(best.values())[:limit]


def _ruler_number(folded: str) -> str:
    """The Roman number at the end of a name (`ii`) or "": `ii` is not a misspelling of `iii`."""
    last = folded.rstrip(".").split(" ")[-1]
    return last if last and set(last) <= set("ivx") else ""
