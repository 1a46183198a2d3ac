"""A table of text: CSV in any encoding, or Parquet; every error names file and line."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq
from pyarrow import ArrowInvalid

from coinspark.core.errors import InputError
from coinspark.ingest.photo_files import read_bytes

csv.field_size_limit(1 << 30)  # a description may be longer than Python's 128 KB

Row = Mapping[str, str]


@dataclass(frozen=True)
class Rows:
    """A table of text: where it came from, its columns, its rows; `line` counts from 1."""

    uri: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, Row], ...]  # (line, column → text)


def read_rows(uri: str, encoding: str = "utf-8") -> Rows:
    """A CSV (comma, semicolon or tab) or Parquet table as text, Parquet's nulls as "". InputError when it cannot be read."""
    try:
        data = read_bytes(uri)
    except OSError as error:
        raise InputError(
            f"{uri}: cannot be read ({error.strerror or error}); set `path` to the source's table"
        ) from None
    if data[:4] == b"PAR1":
        return _parquet(uri, data)
    return _csv(uri, _decode(uri, data, encoding))


def _decode(uri: str, data: bytes, encoding: str) -> str:
    try:
        return data.decode(
            "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
        )
    except LookupError:
        raise InputError(
            f"{uri}: encoding {encoding!r} is unknown; utf-8 and latin-1 are known, for example"
        ) from None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        hint = "latin-1" if encoding.lower() != "latin-1" else "utf-8"
        raise InputError(
            f"{uri}: line {line} is not {encoding}; if it was saved by a spreadsheet, set the source's "
            f"`encoding: {hint}`"
        ) from None


def _csv(uri: str, text: str) -> Rows:
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True)
    rows: list[tuple[int, Row]] = []
    try:
        columns = tuple(next(reader, ()))
        start = reader.line_num + 1
        for cells in reader:
            if cells:
                if len(cells) != len(columns):
                    raise InputError(
                        f"{uri}: line {start} has {len(cells)} fields, the header has {len(columns)}; "
                        "mend the line"
                    )
                rows.append((start, dict(zip(columns, cells, strict=True))))
            start = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{uri}: line {reader.line_num} is not CSV ({error}); mend the quotes there"
        ) from None
    return Rows(uri, columns, tuple(rows))


def _parquet(uri: str, data: bytes) -> Rows:
    try:
        table = pq.read_table(io.BytesIO(data))
    except (ArrowInvalid, OSError) as error:
        raise InputError(f"{uri}: is not whole Parquet ({error})") from None
    rows = tuple(
        (number, {key: _text(value) for key, value in row.items()})
        for number, row in enumerate(table.to_pylist(), start=1)
    )
    return Rows(uri, tuple(table.column_names), rows)


def _text(value: Any) -> str:
    """A whole number that pandas made a float because of a missing one reads as the number it was."""
    if value is None or value != value:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def check_named(table: Rows, named: Mapping[str, str], what: str) -> None:
    """InputError when the table has not every column named; `named` is setting → column."""
    for setting, column in named.items():
        if column not in table.columns:
            near = difflib.get_close_matches(column, table.columns, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise InputError(
                f"{table.uri}: there is no column {column!r} ({what}{setting}); {hint}"
                f"there are: {', '.join(table.columns) or 'none'}"
            )
