"""Text folding: spellings are equal if they differ only in case, blanks, hyphens or Unicode composition."""

from __future__ import annotations

import unicodedata

# A hyphen folds to a blank: `serpent-staff` equals `serpent staff`. Each key is one character.
_BLANKS = {
    ord(mark): " " for mark in "\t\n\r\f\v-\u00a0\u2000\u2001\u2002\u2003\u2007\u2009\u200a\u2010\u2011\u202f"
}

# A no-break space in UTF-8 that was decoded as Latin-1; the Corpus Nummorum descriptions contain 764 of them.
_BROKEN_BLANK = "\u00c2\u00a0"

Offsets = tuple[list[int], list[int]]
"""Start and end, in the original text, of the source of each folded character."""


def fold(text: str) -> tuple[str, Offsets | None]:
    """The folded text and the offsets of its characters; None if no position changed (the usual case)."""
    lowered = text.replace(_BROKEN_BLANK, "  ").lower().translate(_BLANKS)
    if (
        len(lowered) == len(text)
        and "  " not in lowered
        and (text.isascii() or unicodedata.is_normalized("NFC", text))
    ):
        return lowered, None
    return _fold_by_cluster(text.replace(_BROKEN_BLANK, "  "))


def _fold_by_cluster(text: str) -> tuple[str, Offsets]:
    """Fold a letter with its combining accents at a time; merge runs of blanks. Lower case may be longer."""
    folded: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    start = 0
    while start < len(text):
        end = start + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        for letter in unicodedata.normalize("NFC", text[start:end]).lower().translate(_BLANKS):
            if letter == " " and folded and folded[-1] == " ":
                ends[-1] = end
                continue
            folded.append(letter)
            starts.append(start)
            ends.append(end)
        start = end
    return "".join(folded), (starts, ends)


def is_word(letter: str) -> bool:
    """Whether a character is part of a word: a letter, a digit, the underscore or a combining accent."""
    return letter.isalnum() or letter == "_" or unicodedata.combining(letter) != 0
