"""Evaluation protocols: how texts are split, and how spans are compared with mentions. Plain Python.

- `published` (Corpus Nummorum): three quarters of the texts that have a mention train, one quarter tests.
  Nearly every name of the test texts occurs in the training texts.
- `unseen`: names are held out whole, with all their forms and every text that mentions them; those texts
  test.

In both, the engine may read the test texts without annotations, as it would read a new collection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from coinspark.entities.ner.annotated import AnnotatedText, Span

PUBLISHED_TEST_SHARE = 0.25


@dataclass(frozen=True)
class TextSplit:
    """Training and test texts; `held_out` are the (category, name) that only the test texts mention."""

    train: tuple[AnnotatedText, ...]
    test: tuple[AnnotatedText, ...]
    held_out: frozenset[tuple[str, str]] = frozenset()


@dataclass
class SpanCounts:
    """True positives, false negatives and false positives per category."""

    true_positives: Counter[str] = field(default_factory=Counter)
    false_negatives: Counter[str] = field(default_factory=Counter)
    false_positives: Counter[str] = field(default_factory=Counter)

    def add(self, other: SpanCounts) -> None:
        """Add the counts of another fold."""
        self.true_positives += other.true_positives
        self.false_negatives += other.false_negatives
        self.false_positives += other.false_positives

    def recall(self, *categories: str) -> float:
        """Share of the mentions of these categories that were found; 0 if there are none."""
        return self._share_found(self.false_negatives, categories)

    def precision(self, *categories: str) -> float:
        """Share of the counted spans of these categories that are mentions; 0 if there are none."""
        return self._share_found(self.false_positives, categories)

    def f1(self, *categories: str) -> float:
        """Harmonic mean of precision and recall."""
        precision, recall = self.precision(*categories), self.recall(*categories)
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0

    def _share_found(self, errors: Counter[str], categories: Iterable[str]) -> float:
        correct, wrong = (
            sum(counter[category] for category in categories) for counter in (self.true_positives, errors)
        )
        return correct / (correct + wrong) if correct + wrong else 0.0


def published_split(texts: Sequence[AnnotatedText], seed: int) -> TextSplit:
    """The published protocol: drop texts without mentions, test on a random quarter of the others."""
    with_mentions = [text for text in texts if text.mentions]
    shuffled = sorted(with_mentions, key=lambda text: _order_key(seed, text.text))
    tested = {text.text for text in shuffled[: round(PUBLISHED_TEST_SHARE * len(with_mentions))]}
    return TextSplit(
        tuple(text for text in with_mentions if text.text not in tested),
        tuple(text for text in with_mentions if text.text in tested),
    )


def unseen_splits(texts: Sequence[AnnotatedText], folds: int, seed: int) -> Iterator[TextSplit]:
    """The unseen protocol: each fold holds out other names, with every text that mentions them."""
    names = sorted(
        {mention.entity for text in texts for mention in text.mentions},
        key=lambda name: _order_key(seed, *name),
    )
    for fold in range(folds):
        held_out = frozenset(names[fold::folds])
        train: list[AnnotatedText] = []
        test: list[AnnotatedText] = []
        for text in texts:
            mentioned = any(mention.entity in held_out for mention in text.mentions)
            (test if mentioned else train).append(text)
        yield TextSplit(tuple(train), tuple(test), held_out)


def count_spans(
    texts: Iterable[AnnotatedText],
    spans: Iterable[Iterable[Span]],
    held_out: frozenset[tuple[str, str]] | None = None,
) -> SpanCounts:
    """Compare the spans of each text with its mentions; start, end and category must be equal.

    With `held_out`, only mentions of those names count as found or missed; spans on other mentions don't
    count. A false positive is a span that is not a mention.
    """
    counts = SpanCounts()
    for text, predicted in zip(texts, map(set, spans), strict=True):
        mentions = {mention.span for mention in text.mentions}
        expected = {
            mention.span for mention in text.mentions if held_out is None or mention.entity in held_out
        }
        counts.true_positives.update(span.category for span in expected & predicted)
        counts.false_negatives.update(span.category for span in expected - predicted)
        counts.false_positives.update(span.category for span in predicted - mentions)
    return counts


def false_positives(
    texts: Iterable[AnnotatedText], spans: Iterable[Iterable[Span]]
) -> Iterator[tuple[str, Span]]:
    """The spans that `count_spans` counts as false positives, each with its text."""
    for text, predicted in zip(texts, spans, strict=True):
        mentions = {mention.span for mention in text.mentions}
        yield from ((text.text, span) for span in sorted(set(predicted) - mentions))


def _order_key(seed: int, *key: str) -> bytes:
    """A pseudorandom sort key that depends on seed and key only."""
    return sha256("\x1f".join((str(seed), *key)).encode()).digest()
