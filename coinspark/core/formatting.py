"""Rows as text: an aligned table, CSV, or one JSON object per line."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def format_rows(columns: Sequence[str], rows: Iterable[Sequence[Any]], format: str) -> str:
    """The lines of `format_lines` as text."""
    return "\n".join(format_lines(columns, rows, format))


def format_lines(columns: Sequence[str], rows: Iterable[Sequence[Any]], format: str) -> Iterator[str]:
    """Rows as lines. CSV and JSON lines are yielded as the rows come, and have exact values.

    Args:
        columns: Column names; a table and CSV begin with them.
        rows: Values in the order of `columns`; tuples, lists or Spark rows.
        format: "table": aligned, floats with four digits, control characters escaped; "csv"; or "json": one
            object per line.
    """
    if format == "json":
        for row in rows:
            values = dict(zip(columns, map(to_plain, row), strict=True))
            yield escape_controls(json.dumps(values, ensure_ascii=False))
    elif format == "csv":
        yield _csv_line(columns)
        for row in rows:
            yield _csv_line([_cell(value, exact=True) for value in row])
    else:
        lines = list(rows)
        cells = [[escape_controls(_cell(value)) for value in line] for line in lines]
        names = [escape_controls(name) for name in columns]
        yield from _align(names, cells, _numeric_columns(columns, lines))


def one_line(value: object, length: int = 300) -> str:
    """The value as one line of at most `length` characters, for messages; control characters are escaped."""
    text = str(value)
    return escape_controls(text if len(text) <= length else f"{text[: length - 1]}…")


def escape_controls(text: str, keep: str = "") -> str:
    """The text with control characters as `\\n` or `\\u001b`, except those to keep.

    A terminal would execute them: move the cursor, hide or recolour text. Marks that change the direction of
    the text are escaped too.
    """
    return _CONTROLS.sub(lambda match: match[0] if match[0] in keep else _escape(match[0]), text)


def to_plain(value: Any) -> Any:
    """The value as JSON has it: Spark rows as objects, bytes as their length, other types as text."""
    if hasattr(value, "asDict"):
        return to_plain(value.asDict())
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [to_plain(item) for item in value]
    if isinstance(value, bytearray | bytes):
        return f"{len(value)} bytes"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has neither NaN nor infinity
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _escape(character: str) -> str:
    return _SHORT.get(character, f"\\u{ord(character):04x}")


def _csv_line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def _numeric_columns(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[bool]:
    return [any(isinstance(row[index], int | float) for row in rows) for index in range(len(columns))]


def _align(columns: Sequence[str], cells: Sequence[Sequence[str]], right: Sequence[bool]) -> Iterator[str]:
    """Columns padded to equal width; those marked in `right` are right-aligned."""
    widths = [max(len(cell) for cell in column) for column in zip(columns, *cells, strict=True)]
    for line in [[*columns], ["─" * width for width in widths], *cells]:
        yield "  ".join(_pad(*cell) for cell in zip(line, widths, right, strict=True)).rstrip()


def _pad(cell: str, width: int, right: bool) -> str:
    return cell.rjust(width) if right else cell.ljust(width)


def _cell(value: Any, exact: bool = False) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and not exact:
        return f"{value:.4g}"
    plain = to_plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)
