"""The lexicon engine's core, plain Python: all forms as one automaton, whole words, longest first, one pass.

The published rules were unescaped regular expressions, one a name: `Faustina I.` rewrote Faustina II. Here a form is text.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import ahocorasick

from coinspark.entities.lexicon.folding import fold, is_word
from coinspark.entities.lexicon.lists import Form

Matcher = dict[str, Any]
"""language → automaton; its values are (length of the folded form, form)."""

Find = tuple[int, int, str, str, str, str | None, tuple[str, ...]]
"""start, end (characters of the original text), form as the text has it, canonical name, category, link, kinds."""


def compile_forms(forms: Iterable[Form]) -> Matcher:
    """One automaton a language. A form is folded as the texts will be (see fold.py)."""
    matcher: Matcher = {}
    for form in forms:
        key, _ = fold(form.form)
        matcher.setdefault(form.language, ahocorasick.Automaton()).add_word(key, (len(key), form))
    for automaton in matcher.values():
        automaton.make_automaton()
    return matcher


@lru_cache(maxsize=4)
def cached(forms: tuple[Form, ...]) -> Matcher:
    """`compile_forms`, once a process: Spark keeps its Python workers from one task to the next."""
    return compile_forms(forms)


def find(matcher: Matcher, text: str, language: str) -> list[Find]:
    """The entities of a text in order; where two overlap the earlier wins, where two start together the longer.

    A form is found as a whole word only, and a proper name only with its first capital: `Pan` is not in `pan`, while
    `Head` at the start of a sentence is `head`. A language without lists finds nothing.
    """
    automaton = matcher.get(language)
    if automaton is None or not text:
        return []
    folded, places = fold(text)
    last = len(folded) - 1
    hits: list[tuple[int, int, Form]] = []
    for end, (length, form) in automaton.iter(folded):
        start = end - length + 1
        if start and is_word(folded[start - 1]) and is_word(folded[start]):
            continue
        if end < last and is_word(folded[end + 1]) and is_word(folded[end]):
            continue
        if form.proper and not text[places[0][start] if places else start].isupper():
            continue
        hits.append((start, -end, form))
    hits.sort(key=lambda hit: hit[:2])
    found: list[Find] = []
    free = 0
    for start, end, form in hits:
        if start < free:
            continue
        free = 1 - end
        low, high = (places[0][start], places[1][-end]) if places else (start, free)
        found.append((low, high, text[low:high], form.name, form.category, form.link, form.kinds))
    return found
