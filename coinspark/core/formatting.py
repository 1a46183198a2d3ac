"""Rows as text: an aligned table, CSV, or one JSON object per line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any


def format_rows(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], format: str, more: bool = False
) -> str:
    """Format rows with a header.

    Args:
        columns: Column names.
        rows: Values in the order of `columns`; tuples, lists or Spark rows.
        format: "table", "csv" or "json".
        more: Whether rows were cut off; a table then ends with a hint.
    """
    if format == "json":
        return "\n".join(
            json.dumps(dict(zip(columns, map(to_plain, row), strict=True)), ensure_ascii=False)
            for row in rows
        )
    cells = [[_cell(value) for value in row] for row in rows]
    if format == "csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([list(columns), *cells])
        return text.getvalue().rstrip("\n")
    hint = f"\nfirst {len(rows):,} rows; use --limit to see more" if more else ""
    return _align(columns, cells, _numeric_columns(columns, rows)) + hint


def one_line(value: object, length: int = 300) -> str:
    """The value as one line of at most `length` characters, for messages; control characters are escaped."""
    text = str(value)
    text = text if len(text) <= length else f"{text[: length - 1]}…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


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
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _numeric_columns(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[bool]:
    return [any(isinstance(row[index], int | float) for row in rows) for index in range(len(columns))]


def _align(columns: Sequence[str], cells: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    """Columns padded to equal width; those marked in `right` are right-aligned."""
    lines = [[cell.replace("\n", "\\n") for cell in line] for line in cells]
    widths = [max(len(cell) for cell in column) for column in zip(columns, *lines, strict=True)]
    table = [[*columns], ["─" * width for width in widths], *lines]
    return "\n".join(
        "  ".join(_pad(*cell) for cell in zip(line, widths, right, strict=True)).rstrip() for line in table
    )


def _pad(cell: str, width: int, right: bool) -> str:
    return cell.rjust(width) if right else cell.ljust(width)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    plain = to_plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)
