"""Unverified entities: finds whose very words stand, as no name, in a text that the recogniser has learnt from. Plain Python.

Such a text has shown it these words as no name, and it calls them one: a name that the keepers have not listed, or a slip. It
is for them to say which, so a unverified is proposed (proposals.py) and counts neither as an entity nor for a class layer
(union.py). The words are kept beside the recogniser, in its folder, as plain lines: what stands between two mentions, once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from coinspark.entities.ner.annotated import Marked, Span

FILE = "unmarked.txt"
MOST = 6  # words of a unverified; a longer find is none
_WORD = re.compile(r"\w+|[^\w\s]")


def words(text: str) -> str:
    """The words and marks of a text, case kept, with a blank between each two: what makes two finds the same."""
    return " ".join(_WORD.findall(text))


def write(marked: Iterable[Marked], folder: Path) -> None:
    """Keep in a recogniser's folder what stands unmarked in the texts that it learns from: sorted, a line each."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = sorted({" ".join(run) for one in marked for run in _runs(one)})
    (folder / FILE).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


@lru_cache(maxsize=8)
def read(folder: str) -> frozenset[str]:
    """Every sequence of at most MOST words that stood unmarked, once a process; none where the recogniser came without."""
    file = Path(folder) / FILE
    if not file.exists():
        return frozenset()
    # No word holds a line's end: every character that ends a line is a blank.
    return frozenset(
        part for line in file.read_text(encoding="utf-8").split("\n") for part in _parts(line.split())
    )


def is_unverified(unmarked: frozenset[str], text: str, span: Span) -> bool:
    """Whether the words of this span are among those that stood unmarked."""
    return words(text[span.start : span.end]) in unmarked


def sure(folder: Path, texts: Sequence[str], found: Sequence[Sequence[Span]]) -> list[list[Span]]:
    """Of the spans that this folder's recogniser found in each text, those that are no unverified."""
    unmarked = read(str(folder))
    return [
        [span for span in spans if not is_unverified(unmarked, text, span)]
        for text, spans in zip(texts, found, strict=True)
    ]


def _runs(one: Marked) -> Iterator[list[str]]:
    """The words between mentions, as long as they stand together; a word that a mention touches is not among them."""
    taken = bytearray(len(one.text))
    for mention in one.mentions:
        taken[mention.start : mention.end] = b"\1" * (mention.end - mention.start)
    found = [(word.group(), any(taken[word.start() : word.end()])) for word in _WORD.finditer(one.text)]
    for touched, run in groupby(found, key=lambda word: word[1]):
        if not touched:
            yield [word for word, _ in run]


def _parts(run: Sequence[str]) -> Iterator[str]:
    for start in range(len(run)):
        for end in range(start + 1, min(start + MOST, len(run)) + 1):
            yield " ".join(run[start:end])
