"""Rows are printed as an aligned table, as CSV and as JSON lines."""

from __future__ import annotations

import itertools
import json

import pytest
from pyspark.sql import Row

from coinspark.core.formatting import escape_controls, format_lines, format_rows

COLUMNS = ["mint", "n", "share"]
ROWS = [["Rome", 3, 0.25], ["Aquileia, old", None, 1.0]]


def test_table_is_aligned_by_type() -> None:
    assert format_rows(COLUMNS, ROWS, "table") == (
        "mint           n  share\n─────────────  ─  ─────\nRome           3   0.25\nAquileia, old         1"
    )
    assert format_rows(["mint"], [], "table") == "mint\n────"


def test_csv_quotes_separators_and_leaves_nulls_empty() -> None:
    assert format_rows(COLUMNS, ROWS, "csv") == 'mint,n,share\nRome,3,0.25\n"Aquileia, old",,1.0'


def test_json_has_one_object_per_row() -> None:
    assert [json.loads(line) for line in format_rows(COLUMNS, ROWS, "json").splitlines()] == [
        {"mint": "Rome", "n": 3, "share": 0.25},
        {"mint": "Aquileia, old", "n": None, "share": 1.0},
    ]


def test_nested_values_and_bytes_are_printed_as_plain_values() -> None:
    row = [Row(uri="a.jpg", size=3), [1, None], bytearray(b"abc")]
    assert json.loads(format_rows(["photo", "list", "jpeg"], [row], "json")) == {
        "photo": {"uri": "a.jpg", "size": 3},
        "list": [1, None],
        "jpeg": "3 bytes",
    }


def test_line_breaks_do_not_break_the_table() -> None:
    assert format_rows(["mint"], [["two\nlines"]], "table").splitlines()[-1] == "two\\nlines"


HOSTILE = "a\x1b[31m\x9b2J\x07\u202eb"
"""Colour, a cleared screen (as one C1 character), the bell, and reversed text."""


def test_control_characters_do_not_reach_the_terminal() -> None:
    escaped = "a\\u001b[31m\\u009b2J\\u0007\\u202eb"
    assert format_rows([HOSTILE], [[HOSTILE]], "table").splitlines()[::2] == [escaped, escaped]
    line = format_rows(["text"], [[HOSTILE]], "json")
    assert line == f'{{"text": "{escaped}"}}'
    assert json.loads(line) == {"text": HOSTILE}
    assert escape_controls("two\nlines\ttab", keep="\n") == "two\nlines\\ttab"


def test_csv_keeps_exact_values_for_programs() -> None:
    rows = [[HOSTILE, 1 / 3], ["=1+1", -2.5e-300]]
    assert format_rows(["t", "n"], rows, "csv") == f"t,n\n{HOSTILE},0.3333333333333333\n=1+1,-2.5e-300"


def test_nan_and_infinity_are_texts_in_json() -> None:
    assert format_rows(["a", "b"], [[float("nan"), float("-inf")]], "json") == '{"a": "nan", "b": "-inf"}'


@pytest.mark.parametrize(("format", "header"), [("csv", 1), ("json", 0)])
def test_lines_are_yielded_before_the_rows_end(format: str, header: int) -> None:
    rows = ([n] for n in itertools.count())
    lines = list(itertools.islice(format_lines(["n"], rows, format), 3))
    assert len(lines) == 3
    assert next(rows) == [3 - header]
