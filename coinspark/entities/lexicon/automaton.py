"""Search for all forms in one pass over a text (Aho-Corasick): whole words, longest match first.

Forms are plain text, not regular expressions: in the published rules, `Faustina I.` also matched Faustina II.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

import ahocorasick

from coinspark.entities.lexicon.folding import Offsets, fold, is_word
from coinspark.entities.lexicon.forms import Form

Matcher = dict[str, Any]
"""Language → automaton over folded forms; its values are (length of the folded form, Form)."""


_POSITION = itemgetter(0, 1)


class Match(NamedTuple):
    """An occurrence of a form; `start` and `end` count characters of the original text."""

    start: int
    end: int
    text: str
    name: str
    category: str
    link: str | None
    kinds: tuple[str, ...]


def compile_forms(forms: Iterable[Form]) -> Matcher:
    """One automaton per language."""
    matcher: Matcher = {}
    for form in forms:
        key, _ = fold(form.form)
        matcher.setdefault(form.language, ahocorasick.Automaton()).add_word(key, (len(key), form))
    for automaton in matcher.values():
        automaton.make_automaton()
    return matcher


@lru_cache(maxsize=4)
def cached_matcher(forms: tuple[Form, ...]) -> Matcher:
    """`compile_forms`, once per process; Spark reuses its Python workers."""
    return compile_forms(forms)


def find(matcher: Matcher, text: str, language: str) -> list[Match]:
    """Non-overlapping matches in order of position; the earlier match wins, then the longer one.

    A form matches whole words only, and a proper form only with its initial capital: `pan` does not match
    `Pan`, but `Head` at the start of a sentence matches `head`. A language without lists has no matches.
    """
    automaton = matcher.get(language)
    if automaton is None or not text:
        return []
    folded, offsets = fold(text)
    hits = _whole_words(automaton, folded, text, offsets)
    hits.sort(key=_POSITION)
    matches: list[Match] = []
    free = 0  # first folded character after the last match
    for start, negative_end, form in hits:
        if start < free:
            continue
        end = free = -negative_end
        low, high = (offsets[0][start], offsets[1][end - 1]) if offsets else (start, end)
        matches.append(Match(low, high, text[low:high], form.name, form.category, form.link, form.kinds))
    return matches


def _whole_words(
    automaton: Any, folded: str, text: str, offsets: Offsets | None
) -> list[tuple[int, int, Form]]:
    """(start, -end, form) of the matches in the folded text that are whole words, with a capital if needed.

    The first two sort matches by position, longer ones first.
    """
    hits: list[tuple[int, int, Form]] = []
    for last, (length, form) in automaton.iter(folded):
        start, end = last - length + 1, last + 1
        if start and is_word(folded[start - 1]) and is_word(folded[start]):
            continue
        if end < len(folded) and is_word(folded[end]) and is_word(folded[last]):
            continue
        if form.proper and not text[offsets[0][start] if offsets else start].isupper():
            continue
        hits.append((start, -end, form))
    return hits
