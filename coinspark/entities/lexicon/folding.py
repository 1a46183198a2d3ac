"""What two spellings have in common: case, kinds of blank and hyphen, composed or combining accents tell nothing apart."""

from __future__ import annotations

import unicodedata

# A name's blank and hyphen are one (`serpent staff`, `serpent-staff`); each of these is one character long, as its blank is.
_BLANKS = {
    ord(mark): " " for mark in "\t\n\r\f\v-\u00a0\u2000\u2001\u2002\u2003\u2007\u2009\u200a\u2010\u2011\u202f"
}

# A no-break space that was read as Latin-1 on its way here: 764 of them stand in the Corpus's descriptions.
_BROKEN_BLANK = "\u00c2\u00a0"

Places = tuple[list[int], list[int]]


def fold(text: str) -> tuple[str, Places | None]:
    """The text folded for comparison, and for each folded character the start and end of what it came from.

    Places are None where folding changed no position, which is nearly always.
    """
    lowered = text.replace(_BROKEN_BLANK, "  ").lower().translate(_BLANKS)
    if (
        len(lowered) == len(text)
        and "  " not in lowered
        and (text.isascii() or unicodedata.is_normalized("NFC", text))
    ):
        return lowered, None
    return _fold_by_cluster(text.replace(_BROKEN_BLANK, "  "))


def _fold_by_cluster(text: str) -> tuple[str, Places]:
    """As `fold`, character by character: accents join their letter, runs of blanks become one, lower case may be longer."""
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
    """Whether a character belongs to a word: letters, digits, the underscore, and accents that stand alone."""
    return letter.isalnum() or letter == "_" or unicodedata.combining(letter) != 0
