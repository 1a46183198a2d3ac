"""Annotated texts: training and test data of the recognisers. Plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from coinspark.entities.lexicon import automaton
from coinspark.entities.lexicon.automaton import Matcher


class Span(NamedTuple):
    """Characters `start` to `end` of a text, and the category of what they name."""

    start: int
    end: int
    category: str


class Mention(NamedTuple):
    """An annotated span: characters `start` to `end`, category, canonical name."""

    start: int
    end: int
    category: str
    name: str

    @property
    def entity(self) -> tuple[str, str]:
        """Category and canonical name."""
        return self.category, self.name

    @property
    def span(self) -> Span:
        """Position and category: the expected output of a recogniser."""
        return Span(self.start, self.end, self.category)


@dataclass(frozen=True)
class AnnotatedText:
    """A text and its mentions, in order and without overlaps."""

    text: str
    mentions: tuple[Mention, ...]

    def surface(self, mention: Mention) -> str:
        """The characters of a mention."""
        return self.text[mention.start : mention.end]


def annotate_texts(texts: Iterable[str], language: str, matcher: Matcher) -> tuple[AnnotatedText, ...]:
    """Annotate each distinct text with the matches of the lexicon; order is kept."""
    return tuple(
        AnnotatedText(
            text,
            tuple(
                Mention(match.start, match.end, match.category, match.name)
                for match in automaton.find(matcher, text, language)
            ),
        )
        for text in dict.fromkeys(texts)
    )


def unambiguous_forms(texts: Iterable[AnnotatedText]) -> dict[str, str]:
    """Form → category, for every form that is annotated with one category only; sorted by form."""
    categories: dict[str, set[str]] = defaultdict(set)
    for text in texts:
        for mention in text.mentions:
            categories[text.surface(mention)].add(mention.category)
    return {form: category for form, (category, *others) in sorted(categories.items()) if not others}
