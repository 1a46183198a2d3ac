"""Texts with the names in them marked: what a recogniser learns from, and what it is measured against. Plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from coinspark.entities.lexicon import automaton
from coinspark.entities.lexicon.automaton import Matcher


class Mention(NamedTuple):
    """Where a text names something: characters start to end, the category, the canonical name."""

    start: int
    end: int
    category: str
    name: str

    @property
    def entity(self) -> tuple[str, str]:
        """Category and canonical name: what is mentioned."""
        return self.category, self.name

    @property
    def span(self) -> Span:
        """Where it stands and its category: what a recogniser should say."""
        return Span(self.start, self.end, self.category)


class Span(NamedTuple):
    """Where a recogniser says that a text names something of a category."""

    start: int
    end: int
    category: str


@dataclass(frozen=True)
class Marked:
    """A text and its mentions, in order, none overlapping another."""

    text: str
    mentions: tuple[Mention, ...]


def mark(texts: Iterable[str], language: str, matcher: Matcher) -> tuple[Marked, ...]:
    """Each distinct text once, in order, marked by the lexicon."""
    return tuple(
        Marked(
            text,
            tuple(
                Mention(found[0], found[1], found[4], found[3])
                for found in automaton.find(matcher, text, language)
            ),
        )
        for text in dict.fromkeys(texts)
    )


def by_heart(texts: Iterable[Marked]) -> dict[str, str]:
    """Every form that a name has in the texts → its category; one that stands for two categories is left to be learnt."""
    forms: dict[str, set[str]] = defaultdict(set)
    for one in texts:
        for mention in one.mentions:
            forms[one.text[mention.start : mention.end]].add(mention.category)
    return {form: category for form, (category, *others) in sorted(forms.items()) if not others}
