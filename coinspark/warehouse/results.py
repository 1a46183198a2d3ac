"""Results of queries as lines, with a note if rows were left out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from coinspark.core.formatting import format_lines
from coinspark.core.progress import say

_TABLE_ROWS = 1000  # of an aligned table, which must be in memory as a whole


def row_limit(format: str, limit: int | None) -> int | None:
    """Maximum number of rows to show; by default 1,000 of a table and all of csv and json (None)."""
    return _TABLE_ROWS if limit is None and format == "table" else limit


def result_lines(
    columns: Sequence[str], rows: Iterator[Sequence[Any]], format: str, most: int | None
) -> Iterator[str]:
    """The first `most` rows as lines of this format. A note on standard error says so if there are more."""
    yield from format_lines(columns, itertools.islice(rows, most), format)
    if most is not None and next(rows, None) is not None:
        say(f"sql: first {most:,} rows; there are more, use --limit to get them")
