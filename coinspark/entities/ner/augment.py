"""Entity-replacement augmentation for NER training. Plain Python.

A recogniser trained on the texts as they are memorises their names. Each epoch therefore replaces some
mentions by another name of their category, drawn uniformly over names, and some by an invented word, so that
the context decides.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from coinspark.entities.ner.annotated import AnnotatedText, Mention

NamePool = Mapping[tuple[str, bool], tuple[tuple[str, ...], ...]]
"""(category, whether the form starts with a capital) → for each name, its forms in the texts."""

_ONSETS = {
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
_ENDINGS = {
    language: parts.split(" ")  # the empty ending is one of them
    for language, parts in {
        "en": "s  r n x tor ment ium um os a es ne let",
        "de": " s r n en er el ung e chen heit stab",
    }.items()
}


@dataclass(frozen=True)
class Replacement:
    """How mentions are replaced.

    Attributes:
        pool: Known names, from `name_pool`.
        language: "en" or "de"; selects the syllables of invented words.
        replace_share: Share of mentions replaced by another name of their category.
        invent_share: Share of mentions replaced by an invented word.
        on_invented: Called with each invented word and a known word of the category whose vector it can
            borrow.
    """

    pool: NamePool
    language: str
    replace_share: float
    invent_share: float
    on_invented: Callable[[str, str], None] = lambda invented, known: None


def name_pool(texts: Iterable[AnnotatedText]) -> NamePool:
    """Names of the texts by category and capitalisation, sorted."""
    forms: dict[tuple[str, bool], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for text in texts:
        for mention in text.mentions:
            form = text.surface(mention)
            forms[mention.category, form[:1].isupper()][mention.name].add(form)
    return {
        key: tuple(tuple(sorted(names[name])) for name in sorted(names))
        for key, names in sorted(forms.items())
    }


def replace_mentions(text: AnnotatedText, replacement: Replacement, rng: random.Random) -> AnnotatedText:
    """A copy of the text with some mentions replaced; positions of all mentions are adjusted."""
    parts: list[str] = []
    mentions: list[Mention] = []
    length = 0  # of the new text so far
    position = 0  # in the old text
    for mention in text.mentions:
        before = text.text[position : mention.start]
        form = _replace(text.surface(mention), mention.category, replacement, rng)
        start = length + len(before)
        mentions.append(Mention(start, start + len(form), mention.category, mention.name))
        parts += [before, form]
        length, position = start + len(form), mention.end
    return AnnotatedText("".join([*parts, text.text[position:]]), tuple(mentions))


def _replace(form: str, category: str, replacement: Replacement, rng: random.Random) -> str:
    """Another name, an invented one, or the form itself."""
    names = replacement.pool[category, form[:1].isupper()]
    number = rng.random()
    if number < replacement.replace_share:
        return _draw_form(names, rng)
    if number < replacement.replace_share + replacement.invent_share:
        return _invent_name(form, category, replacement, rng)
    return form


def _draw_form(names: tuple[tuple[str, ...], ...], rng: random.Random) -> str:
    """A form of a name; every name has the same probability, however frequent it is in the texts."""
    return rng.choice(rng.choice(names))


def _invent_name(form: str, category: str, replacement: Replacement, rng: random.Random) -> str:
    """One invented word, in one of five cases two; capitalised like `form`."""
    capital = form[:1].isupper()
    words = []
    for number in range(rng.choice((1, 1, 1, 1, 2))):
        word = _invent_word(replacement.language, rng)
        if capital and (number == 0 or category == "PERSON"):
            word = word.capitalize()
        known = _draw_form(replacement.pool[category, capital], rng)
        replacement.on_invented(word, known.split()[-1])
        words.append(word)
    return " ".join(words)


def _invent_word(language: str, rng: random.Random) -> str:
    """One to three syllables and an ending."""
    syllables = [
        rng.choice(_ONSETS[language]) + rng.choice(_VOWELS[language]) for _ in range(rng.choice((1, 2, 2, 3)))
    ]
    return "".join(syllables) + rng.choice(_ENDINGS[language])
