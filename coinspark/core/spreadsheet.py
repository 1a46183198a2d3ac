"""CSV files for people: written so that Excel opens them rightly, read back as any spreadsheet saves them."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coinspark.core import atomic_files
from coinspark.core.csv_rows import csv_rows
from coinspark.core.errors import InputError

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs a cell that starts so as a formula
_NUMBER = re.compile(r"[+-]\d+([.,]\d+)?")
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
# Bytes above ASCII that are the same letter in Windows-1252 and Latin-1, blanks, dashes and quotation marks.
# The umlauts of Mac and DOS code pages are none of them.
_WINDOWS_1252 = frozenset({*range(0x91, 0x98), 0xA0, 0xAB, 0xBB, *range(0xC0, 0x100)})

Row = dict[str, str]


@dataclass(frozen=True)
class Sheet:
    """The columns of a CSV file, and (line, column → stripped cell) of each row that is not empty."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, Row], ...]


def guard_cell(value: Any) -> Any:
    """The value, with an apostrophe before a text that a spreadsheet would run as a formula.

    Numbers stay numbers, also as text: `-12,5` is not a formula.
    """
    is_formula = isinstance(value, str) and value.startswith(_FORMULA) and not _NUMBER.fullmatch(value)
    return f"'{value}" if is_formula else value


def unguard_cell(text: str) -> str:
    """The text without the apostrophe of `guard_cell`."""
    return text[1:] if text.startswith("'") and guard_cell(text[1:]) == text else text


def to_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]], separator: str = ",") -> str:
    """CSV text with a header; cells are guarded (`guard_cell`)."""
    text = io.StringIO()
    lines = csv.writer(text, delimiter=separator, lineterminator="\n")
    lines.writerows([guard_cell(value) for value in row] for row in (columns, *rows))
    return text.getvalue()


def write(file: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]], separator: str = ",") -> None:
    """Write a CSV file in UTF-8 with a byte order mark, without which Excel assumes Windows-1252."""
    atomic_files.write_text(file, "\ufeff" + to_csv(columns, rows, separator))


def read(file: Path, required: Sequence[str], optional: Sequence[str], key: str) -> Sheet:
    """Read a CSV file with comma, semicolon or tab, in UTF-8, UTF-16 or (western letters only) Windows-1252.

    Columns may be in any order. A column without a name must be empty.

    Args:
        file: The file.
        required: Columns that the file must have.
        optional: Columns that it may have.
        key: The configuration key of the file, for error messages.

    Raises:
        InputError: Names key and file, and the line or the columns.
    """
    where = f"{key}: {file}"
    try:
        text = _decode(where, file.read_bytes())
    except OSError as error:
        raise InputError(f"{where} cannot be read ({error.strerror})") from None
    rows = ((line, [cell.strip() for cell in cells]) for line, cells in csv_rows(where, text))
    _, header = next(rows, (1, []))
    columns = [column.lower() for column in header]
    _check_columns(where, columns, required, (*required, *optional))
    return Sheet(tuple(columns), tuple(_content(where, columns, line, cells) for line, cells in rows))


def _decode(where: str, data: bytes) -> str:
    encoding = _encoding(data)
    if encoding == "cp1252":
        for number, line in enumerate(data.split(b"\n"), start=1):
            if unclear := [byte for byte in line if byte >= 0x80 and byte not in _WINDOWS_1252]:
                raise InputError(
                    f"{where}, line {number}: neither UTF-8 nor plain Windows-1252 "
                    f"(byte 0x{unclear[0]:02X}); save the file as CSV in UTF-8"
                )
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: not {encoding} ({error.reason}); save the file as CSV in UTF-8") from None


def _encoding(data: bytes) -> str:
    """The encoding by the byte order mark; without one, a header in UTF-16 has zeros in every second byte."""
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return encoding
    if data[1:2] == b"\0":
        return "utf-16-le"
    if data[:1] == b"\0":
        return "utf-16-be"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _check_columns(where: str, columns: list[str], required: Sequence[str], known: Sequence[str]) -> None:
    """Raise InputError for missing, unknown and repeated columns."""
    named = [column for column in columns if column]
    problems = {
        "no column": [column for column in required if column not in named],
        "unknown column": [column for column in named if column not in known],
        "repeated column": sorted({column for column in named if named.count(column) > 1}),
    }
    if faults := [f"{what} {', '.join(map(repr, names))}" for what, names in problems.items() if names]:
        raise InputError(f"{where}: {'; '.join(faults)}; the columns are {', '.join(known)}")


def _content(where: str, columns: list[str], line: int, cells: list[str]) -> tuple[int, Row]:
    """The line of a row, and its cells by column. Raises InputError."""
    if any("\0" in cell for cell in cells):
        raise InputError(f"{where}, line {line}: a cell contains a NUL character; remove it")
    if unnamed := [cell for column, cell in zip(columns, cells, strict=True) if cell and not column]:
        raise InputError(f"{where}, line {line}: {unnamed[0]!r} is in a column without a name")
    return line, {column: unguard_cell(cell) for column, cell in zip(columns, cells, strict=True) if column}
