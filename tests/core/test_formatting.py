"""Rows are printed as an aligned table, as CSV and as JSON lines."""

from __future__ import annotations

import json

from pyspark.sql import Row

from coinspark.core.formatting import format_rows

COLUMNS = ["mint", "n", "share"]
ROWS = [["Rome", 3, 0.25], ["Aquileia, old", None, 1.0]]


def test_table_is_aligned_by_type() -> None:
    assert format_rows(COLUMNS, ROWS, "table") == (
        "mint           n  share\n─────────────  ─  ─────\nRome           3   0.25\nAquileia, old         1"
    )
    assert format_rows(["mint"], [], "table") == "mint\n────"


def test_csv_quotes_separators_and_leaves_nulls_empty() -> None:
    assert format_rows(COLUMNS, ROWS, "csv") == 'mint,n,share\nRome,3,0.25\n"Aquileia, old",,1'


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


def test_table_says_when_rows_were_cut_off() -> None:
    assert (
        format_rows(["n"], [[1], [2]], "table", more=True).splitlines()[-1]
        == "first 2 rows; use --limit to see more"
    )


def test_line_breaks_do_not_break_the_table() -> None:
    assert format_rows(["mint"], [["two\nlines"]], "table").splitlines()[-1] == "two\\nlines"
