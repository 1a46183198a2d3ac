"""Reading a CSV or Parquet table as text. Every error names the file, and the line where there is one."""

from __future__ import annotations

import codecs
import difflib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from coinspark.core.csv_rows import csv_rows
from coinspark.core.errors import InputError
from coinspark.core.formatting import one_line
from coinspark.ingest.photo_files import open_file, read_bytes

Row = Mapping[str, str]
_HEADER_BYTES = 1 << 16  # bytes of a CSV file that contain its header


@dataclass(frozen=True)
class TextTable:
    """A table of text: its file, its columns, and (line, column → text) for each row. Lines count from 1.

    `not_text` gives the type of each column that cannot be read as text, such as a list; it has no cells.
    """

    uri: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, Row], ...]
    not_text: Mapping[str, str] = field(default_factory=dict)


def read_table(uri: str, encoding: str = "utf-8") -> TextTable:
    """A CSV (comma, semicolon or tab) or Parquet table as text; nulls become "".

    Raises InputError if the file is missing, has another encoding, or is broken.
    """
    try:
        data = read_bytes(uri)
    except OSError as error:
        raise _unreadable(uri, error) from None
    if data[:4] == b"PAR1":
        return _parse_parquet(uri, data)
    return _parse_csv(uri, _decode(uri, data, encoding))


def read_header(uri: str, encoding: str = "utf-8") -> TextTable:
    """The columns of a table without its rows, from the start of a CSV file or the schema of a Parquet file.

    Raises InputError as `read_table` does, as far as the header tells.
    """
    try:
        with open_file(uri) as file:
            start = bytes(file.read(_HEADER_BYTES))
            if start[:4] == b"PAR1":
                file.seek(0)
                return TextTable(uri, tuple(pq.read_schema(file).names), ())
    except (pa.ArrowException, ValueError) as error:
        raise InputError(f"{uri}: not a valid Parquet file ({one_line(error)}); write it again") from None
    except OSError as error:
        raise _unreadable(uri, error) from None
    text = _decode(uri, start, encoding, final=len(start) < _HEADER_BYTES)
    _, columns = next(csv_rows(uri, text), (1, []))
    return TextTable(uri, tuple(columns), ())


def check_columns(table: TextTable, columns: Mapping[str, str], prefix: str) -> None:
    """Raise InputError if the table lacks one of the columns or cannot give it as text.

    Args:
        columns: Setting → column.
        prefix: Text before the setting in the message, such as "columns.".
    """
    for setting, column in columns.items():
        if column not in table.columns:
            near = difflib.get_close_matches(column, table.columns, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise InputError(
                f"{table.uri}: there is no column {column!r} ({prefix}{setting}); {hint}"
                f"columns: {', '.join(map(one_line, table.columns)) or 'none'}"
            )
        if column in table.not_text:
            raise InputError(
                f"{table.uri}: column {column!r} ({prefix}{setting}) has the type {table.not_text[column]}; "
                "write it as text"
            )


def _unreadable(uri: str, error: OSError) -> InputError:
    return InputError(
        f"{one_line(uri)}: cannot be read ({error.strerror or error}); set `path` to the source's table"
    )


def _decode(uri: str, data: bytes, encoding: str, final: bool = True) -> str:
    """The text of the data. `final` False: the last character may be cut off."""
    is_utf8 = encoding.lower().replace("_", "-") in ("utf-8", "utf8")
    try:
        name = "utf-8-sig" if is_utf8 else encoding
        b" ".decode(name, "ignore")  # refuses codecs that do not give text
        text = codecs.getincrementaldecoder(name)().decode(data, final)
        if not is_utf8:
            text.encode()  # some codecs give surrogates, which no table can store
        return text
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        other = "latin-1" if encoding.lower() != "latin-1" else "utf-8"
        raise InputError(
            f"{uri}, line {line}: not {encoding}; try the source's `encoding: {other}`, as spreadsheets do"
        ) from None
    except (LookupError, ValueError):
        raise InputError(
            f"{uri}: encoding {encoding!r} is unknown or no text; use utf-8 or latin-1"
        ) from None


def _parse_csv(uri: str, text: str) -> TextTable:
    rows = csv_rows(uri, text)
    _, columns = next(rows, (1, []))
    content = tuple((line, dict(zip(columns, cells, strict=True))) for line, cells in rows)
    return TextTable(uri, tuple(columns), content)


def _parse_parquet(uri: str, data: bytes) -> TextTable:
    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{uri}: not a valid Parquet file ({one_line(error)}); write it again") from None
    texts: dict[str, list[str]] = {}
    not_text: dict[str, str] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        try:
            texts[name] = _texts(column)
        except (pa.ArrowException, ValueError):  # a list or struct; bytes that are no UTF-8
            not_text[name] = str(column.type)
    lines = range(1, table.num_rows + 1)
    cells = zip(*texts.values(), strict=True) if texts else ((),) * table.num_rows
    rows = tuple((line, dict(zip(texts, row, strict=True))) for line, row in zip(lines, cells, strict=True))
    return TextTable(uri, tuple(table.column_names), rows, not_text)


def _texts(column: pa.ChunkedArray) -> list[str]:
    """A Parquet column as text. Arrow writes dates and times; Python has no year 10,000 or nanoseconds."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_duration(kind):
        raise ValueError("Arrow writes a duration as a number without its unit")
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        column = column.cast(pa.string())
    texts = [_text(value) for value in column.to_pylist()]
    if pa.types.is_timestamp(kind):
        return [
            text.removesuffix(".000000000").removesuffix(".000000").removesuffix(".000") for text in texts
        ]
    return texts


def _text(value: Any) -> str:
    """A Parquet value as text. Pandas stores integers as floats if one is missing: 7.0 becomes "7"."""
    if value is None or value != value:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
