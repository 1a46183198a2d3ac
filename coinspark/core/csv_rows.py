"""Rows of a CSV text whose separator is comma, semicolon or tab."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from coinspark.core.errors import InputError

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
"""Name → separator. Excel splits a CSV at the list separator of the region settings, in Germany `;`."""

csv.field_size_limit(1 << 30)  # a description may be longer than Python's limit of 128 KB


def csv_rows(where: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of each row, the header first; `line` is that of the row's beginning, counted from 1.

    Rows without content are left out, as is the line `sep=;` that Excel reads before the header. Without it
    the separator is the most frequent one in the header.

    Args:
        where: Names the file in error messages.

    Raises:
        InputError: A quote is misplaced, or a row has another number of fields than the header.
    """
    first, _, rest = text.partition("\n")
    hint = first.strip(" \r").lower()
    skipped = int(hint.startswith("sep=") and hint[4:] in SEPARATORS.values())
    lines = rest if skipped else text
    separator = hint[4:] if skipped else _separator(lines)
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=separator, strict=True)
    line, fields = 1 + skipped, 0
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                fields = fields or len(cells)
                if len(cells) != fields:
                    raise InputError(
                        f"{where}, line {line}: expected {fields} fields, found {len(cells)}; fix the line"
                    )
                yield line, cells
            line = reader.line_num + 1 + skipped
    except csv.Error as error:
        raise InputError(f"{where}, line {line}: not CSV ({error}); fix the quotes there") from None


def _separator(text: str) -> str:
    """The separator that is most frequent in the first line, outside of quotes; comma if there is none."""
    header = re.sub(r'"[^"]*"', "", re.split(r"[\r\n]", text.lstrip("\r\n"), maxsplit=1)[0])
    return max(SEPARATORS.values(), key=header.count)
