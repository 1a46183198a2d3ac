"""Texts in which names are put in the place of names, so that a recogniser learns to look at what stands around them.

Shown the designs as they are, it learns the names by heart. So in each pass some mentions become another name of their
category, all names alike, however often each stands in the texts, and some a word that nobody has ever seen. Plain Python.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from coinspark.entities.ner.annotated import Marked, Mention

Pool = Mapping[tuple[str, bool], tuple[tuple[str, ...], ...]]
"""(category, whether it starts with a capital) → the names, each as the forms that the texts have of it."""

_STARTS = {
    language: parts.split()
    for language, parts in {
        "en": "b c d f g h k l m n p r s t v br cr dr gr pr tr st th ph ch",
        "de": "b d f g h k l m n p r s t w z br dr gr pr tr st sch ch pf",
    }.items()
}
_VOWELS = {
    language: parts.split()
    for language, parts in {"en": "a e i o u ae ia eu", "de": "a e i o u ei ie au ä ü"}.items()
}
_ENDS = {
    language: parts.split(" ")
    for language, parts in {  # some words end without one
        "en": "s  r n x tor ment ium um os a es ne let",
        "de": " s r n en er el ung e chen heit stab",
    }.items()
}


@dataclass(frozen=True)
class Mask:
    """What may stand for a mention: known names and, to make words up, a language; `swap` and `invent` are shares."""

    pool: Pool
    language: str
    swap: float
    invent: float
    likeness: Callable[[str, str], None] = lambda invented, like: (
        None
    )  # told which known word an invented one stands for


def pool(marked: Iterable[Marked]) -> Pool:
    """The names of the texts, by category and capital."""
    forms: dict[tuple[str, bool], dict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    for one in marked:
        for mention in one.mentions:
            form = one.text[mention.start : mention.end]
            forms[mention.category, form[:1].isupper()][mention.name][form] = None
    return {
        kind: tuple(tuple(sorted(names[name])) for name in sorted(names))
        for kind, names in sorted(forms.items())
    }


def disguise(one: Marked, mask: Mask, draw: random.Random) -> Marked:
    """The text with some of its mentions replaced; the others stand where they then stand."""
    parts: list[str] = []
    mentions: list[Mention] = []
    length = at = 0
    for mention in one.mentions:
        before = one.text[at : mention.start]
        form = _other(one.text[mention.start : mention.end], mention.category, mask, draw)
        start = length + len(before)
        mentions.append(Mention(start, start + len(form), mention.category, mention.name))
        parts += [before, form]
        length, at = start + len(form), mention.end
    return Marked("".join([*parts, one.text[at:]]), tuple(mentions))


def _other(form: str, category: str, mask: Mask, draw: random.Random) -> str:
    kind = category, form[:1].isupper()
    drawn = draw.random()
    if drawn < mask.swap:
        return draw.choice(draw.choice(mask.pool[kind]))
    if drawn < mask.swap + mask.invent:
        return _invented(*kind, mask, draw)
    return form


def _invented(category: str, capital: bool, mask: Mask, draw: random.Random) -> str:
    """One made-up word, now and then two; each stands in for the last word of a known name of the category."""
    words = []
    for n in range(draw.choice((1, 1, 1, 1, 2))):
        word = "".join(
            draw.choice(_STARTS[mask.language]) + draw.choice(_VOWELS[mask.language])
            for _ in range(draw.choice((1, 2, 2, 3)))
        ) + draw.choice(_ENDS[mask.language])
        word = word.capitalize() if capital and (n == 0 or category == "PERSON") else word
        mask.likeness(word, draw.choice(draw.choice(mask.pool[category, capital])).split()[-1])
        words.append(word)
    return " ".join(words)
