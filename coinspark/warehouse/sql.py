"""Questions to the tables: one SELECT, printed as a table, CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import Row, SparkSession

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.warehouse import schemas, tables, views
from coinspark.warehouse.session import start

_READING = ("select", "with", "show", "describe", "desc", "explain", "values", "table")


def open_build(config: Config, build: str | None) -> tuple[SparkSession, str | None]:
    """A session on the warehouse, and the build that `latest` stands for; InputError when there is no warehouse yet."""
    spark = start(config)
    if not tables.exists(spark, config):
        raise InputError(
            f"{config.warehouse}: no tables here yet; run `coinspark nightly` with this configuration first"
        )
    if build == "latest":
        if (newest := tables.latest_build(spark, config)) is None:
            raise InputError(
                f"{config.warehouse}: no build has been published yet; run `coinspark nightly` first"
            )
        return spark, newest
    return spark, build


def run(
    config: Config, query: str, build: str | None = None, format: str = "table", limit: int = 1000
) -> str:
    """The rows of the query as text; InputError with Spark's own line when it can't be understood.

    Only statements that read are taken: what changes a table goes through a stage.
    """
    first = query.lstrip(" (\n\t").split(None, 1)[0].lower() if query.strip() else ""
    if first not in _READING:
        raise InputError(
            f"only reading statements here ({', '.join(_READING).upper()}), not {first.upper() or 'nothing'!r}"
        )
    spark, at = open_build(config, build)
    if at is not None:
        tables.show_build(spark, config, at)
    try:
        frame = spark.sql(query)
        rows = frame.limit(limit + 1).collect()
    except (AnalysisException, ParseException) as error:
        known = ", ".join((*schemas.TABLES, *views.VIEWS))
        raise InputError(f"{_first_lines(error)}\ntables and views: {known}") from None
    return render(frame.columns, rows[:limit], format, more=len(rows) > limit)


def render(
    columns: Sequence[str], rows: Sequence[Row] | Sequence[Sequence[Any]], format: str, more: bool = False
) -> str:
    """Rows as an aligned table, as CSV with a header, or as one JSON object a line."""
    if format == "json":
        return "\n".join(
            json.dumps(dict(zip(columns, map(_plain, row), strict=True)), ensure_ascii=False) for row in rows
        )
    cells = [[_cell(value) for value in row] for row in rows]
    if format == "csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([list(columns), *cells])
        return text.getvalue().rstrip("\n")
    return _table(columns, cells, rows) + (
        f"\nthe first {len(rows):,} rows; --limit shows more" if more else ""
    )


def _table(columns: Sequence[str], cells: Sequence[Sequence[str]], rows: Sequence[Sequence[Any]]) -> str:
    shown = [[cell.replace("\n", "\\n") for cell in line] for line in cells]
    widths = [
        max(len(name), *(len(line[i]) for line in shown)) if shown else len(name)
        for i, name in enumerate(columns)
    ]
    right = [any(isinstance(row[i], int | float) for row in rows) for i in range(len(columns))]
    lines = [[*columns], ["─" * width for width in widths], *shown]
    return "\n".join(
        "  ".join(
            c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Row):
        return {key: _plain(item) for key, item in value.asDict().items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bytearray | bytes):
        return f"{len(value)} bytes"
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    plain = _plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _first_lines(error: Exception) -> str:
    return str(error).split("\n\n")[0].split(";\n")[0].strip()
