"""Unverified entities: spans whose exact words occur without annotation in the training texts.

The recogniser learnt that these words are no name, yet it reports one: either the lists lack the name, or the
recogniser is wrong. Curators decide, so an unverified entity is proposed (`review/proposals.py`) but feeds no
class layer (`entities/frames.py`). The recogniser's folder lists the unannotated phrases, one line for each
run of words between two mentions. Plain Python.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby

from coinspark.core.errors import InputError
from coinspark.entities.ner.annotated import AnnotatedText, Span
from coinspark.warehouse.files import Location

FILE = "unverified.txt"
OLD_FILE = "unmarked.txt"
MAX_WORDS = 6
"""Longest phrase that is compared; a longer span is never unverified."""
_WORD = re.compile(r"\w+|[^\w\s]")


def normalise(text: str) -> str:
    """Words and punctuation marks separated by single blanks; case is kept."""
    return " ".join(_WORD.findall(text))


def write_phrases(texts: Iterable[AnnotatedText], folder: Location) -> None:
    """Write the unannotated runs of words of the training texts to a model folder: sorted, one per line."""
    lines = sorted({" ".join(run) for text in texts for run in _unannotated_runs(text)})
    (folder / FILE).write_text("".join(f"{line}\n" for line in lines))


@lru_cache(maxsize=8)
def read_phrases(folder: Location) -> frozenset[str]:
    """Unannotated phrases of up to `MAX_WORDS` words, cached per process; empty if the folder has no list.

    Raises InputError where the folder has the list under the name of an earlier version.
    """
    file, old = folder / FILE, folder / OLD_FILE
    if old.exists() and not file.exists():
        raise InputError(
            f"{old}: this list is now called {FILE}; rename it, and update the model's `sha256`, which "
            "covers file names"
        )
    if not file.exists():
        return frozenset()
    # `splitlines` would also split at U+2028 and the like; words contain no line ends, so "\n" is enough.
    lines = file.read_text().split("\n")
    return frozenset(phrase for line in lines for phrase in _phrases(line.split()))


def is_unverified(phrases: frozenset[str], text: str, span: Span) -> bool:
    """Whether the words of a span are one of the unannotated phrases."""
    return normalise(text[span.start : span.end]) in phrases


def drop_unverified(
    folder: Location, texts: Sequence[str], spans: Sequence[Sequence[Span]]
) -> list[list[Span]]:
    """The spans that the recogniser of this folder found in each text, without the unverified ones."""
    phrases = read_phrases(folder)
    return [
        [span for span in spans_of_text if not is_unverified(phrases, text, span)]
        for text, spans_of_text in zip(texts, spans, strict=True)
    ]


def _unannotated_runs(text: AnnotatedText) -> Iterator[list[str]]:
    """Maximal runs of words that no mention touches."""
    annotated = bytearray(len(text.text))
    for mention in text.mentions:
        annotated[mention.start : mention.end] = b"\1" * (mention.end - mention.start)
    words = [
        (match.group(), any(annotated[match.start() : match.end()])) for match in _WORD.finditer(text.text)
    ]
    for is_annotated, run in groupby(words, key=lambda word: word[1]):
        if not is_annotated:
            yield [word for word, _ in run]


def _phrases(run: Sequence[str]) -> Iterator[str]:
    """Contiguous parts of a run, up to `MAX_WORDS` words long."""
    for start in range(len(run)):
        for end in range(start + 1, min(start + MAX_WORDS, len(run)) + 1):
            yield " ".join(run[start:end])
