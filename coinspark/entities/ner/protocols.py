"""How a recogniser is measured: the published protocol, and the one that asks for names it has never seen. Plain Python.

Published (Corpus Nummorum): texts that name something, three quarters to learn and a quarter to test; nearly every name in
the test has been seen. Unseen: names are held out whole, with all their forms and every text that has them; what is counted
is what the recogniser makes of those texts. It may have read them before, unmarked, as it will have read a museum's own texts
with the names in them that nobody has listed. DESIGN.md, section 4, "Entities".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from coinspark.entities.ner.annotated import Marked, Span

PUBLISHED_TEST = 0.25  # of the texts that name something


@dataclass(frozen=True)
class Part:
    """Texts to learn from and texts to test on; `held` are the (category, name) that only the latter know."""

    train: tuple[Marked, ...]
    test: tuple[Marked, ...]
    held: frozenset[tuple[str, str]] = frozenset()


@dataclass
class Counts:
    """Of each category: mentions found, mentions missed, and spans that are no mention."""

    found: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)

    def add(self, other: Counts) -> None:
        """Take in another's counts, as of another fold."""
        self.found += other.found
        self.missed += other.missed
        self.false += other.false

    def recall(self, *categories: str) -> float:
        """Mentions found of all mentions of these categories; 0 where there are none."""
        found, missed = (sum(counter[one] for one in categories) for counter in (self.found, self.missed))
        return found / (found + missed) if found + missed else 0.0

    def precision(self, *categories: str) -> float:
        """Spans that are a mention, of all spans counted in these categories; 0 where there are none."""
        found, false = (sum(counter[one] for one in categories) for counter in (self.found, self.false))
        return found / (found + false) if found + false else 0.0

    def f1(self, *categories: str) -> float:
        """Harmonic mean of the two."""
        precision, recall = self.precision(*categories), self.recall(*categories)
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def published(marked: Sequence[Marked], seed: int) -> Part:
    """The published split: texts that name nothing are left out, a quarter of the rest is the test."""
    naming = [one for one in marked if one.mentions]
    tested = {one.text for one in _drawn(naming, seed)[: round(PUBLISHED_TEST * len(naming))]}
    return Part(
        tuple(one for one in naming if one.text not in tested),
        tuple(one for one in naming if one.text in tested),
    )


def unseen(marked: Sequence[Marked], folds: int, seed: int) -> Iterator[Part]:
    """`folds` parts, in each of which another share of the names is held out with every text that has them."""
    names = sorted(
        {mention.entity for one in marked for mention in one.mentions}, key=lambda name: _draw(seed, *name)
    )
    for fold in range(folds):
        held = frozenset(names[fold::folds])
        has = [any(mention.entity in held for mention in one.mentions) for one in marked]
        yield Part(
            tuple(one for one, is_held in zip(marked, has, strict=True) if not is_held),
            tuple(one for one, is_held in zip(marked, has, strict=True) if is_held),
            held,
        )


def count(
    tests: Iterable[Marked], found: Iterable[Iterable[Span]], held: frozenset[tuple[str, str]] | None = None
) -> Counts:
    """Mentions against spans: a span counts where start, end and category are a mention's.

    With `held`, mentions of those names alone are found or missed; spans on other mentions count neither way, and false is
    what the whole lexicon does not have at that very place.
    """
    counts = Counts()
    for one, spans in zip(tests, found, strict=True):
        truth, said = {mention.span for mention in one.mentions}, set(spans)
        wanted = {mention.span for mention in one.mentions if held is None or mention.entity in held}
        counts.found.update(span.category for span in wanted & said)
        counts.missed.update(span.category for span in wanted - said)
        counts.false.update(span.category for span in said - truth)
    return counts


def false(tests: Iterable[Marked], found: Iterable[Iterable[Span]]) -> Iterator[tuple[str, Span]]:
    """The spans that `count` takes for false, each with its text."""
    for one, spans in zip(tests, found, strict=True):
        truth = {mention.span for mention in one.mentions}
        yield from ((one.text, span) for span in sorted(set(spans) - truth))


def _drawn(marked: Sequence[Marked], seed: int) -> list[Marked]:
    return sorted(marked, key=lambda one: _draw(seed, one.text))


def _draw(seed: int, *key: str) -> bytes:
    """An order that depends on the seed and the key alone."""
    return sha256("\x1f".join((str(seed), *key)).encode()).digest()
