"""Rows of a CSV text: separators, line numbers, and faults."""

from __future__ import annotations

import pytest

from coinspark.core.csv_rows import csv_rows
from coinspark.core.errors import InputError


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_separator_is_the_most_frequent_of_the_header_outside_of_quotes(
    separator: str, line_end: str
) -> None:
    lines = ['id|"a,b;c,d;e,f;g"|mint', "1|x,y;z|Rome"]
    text = line_end.join(line.replace("|", separator) for line in lines)
    header, *rows = csv_rows("coins.csv", text.replace("x,y;z", '"x,y;z"'))
    assert header == (1, ["id", "a,b;c,d;e,f;g", "mint"])
    assert rows == [(2, ["1", "x,y;z", "Rome"])]


def test_single_column_needs_no_separator() -> None:
    assert list(csv_rows("a.csv", "id\n1\n")) == [(1, ["id"]), (2, ["1"])]


def test_line_of_a_row_is_that_of_its_beginning() -> None:
    text = '\nid;text\n1;"two\nlines"\n\n;\n ; \n2;x\n'
    assert list(csv_rows("a.csv", text)) == [(2, ["id", "text"]), (3, ["1", "two\nlines"]), (8, ["2", "x"])]


@pytest.mark.parametrize("hint", ["sep=;", "SEP=; ", "sep=;\r"])
def test_hint_of_excel_gives_the_separator(hint: str) -> None:
    """Without it the header would be split at its commas."""
    rows = list(csv_rows("a.csv", f"{hint}\na,b,c;d\n1;2\n"))
    assert rows == [(2, ["a,b,c", "d"]), (3, ["1", "2"])]
    assert list(csv_rows("a.csv", "sep=\t\na,b\tc\n")) == [(2, ["a,b", "c"])]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n1,2,3\n", "a.csv, line 3: expected 2 fields, found 3; fix the line"),
        ('a,b\n"1\n",2\n1\n', "a.csv, line 4: expected 2 fields, found 1; fix the line"),
        ("sep=,\na,b\n1\n", "a.csv, line 3: expected 2 fields, found 1; fix the line"),
        ('a,b\n"1\n2,3\n', "a.csv, line 2: not CSV (unexpected end of data); fix the quotes there"),
        ('a,b\n1,"2"3\n', "a.csv, line 2: not CSV (',' expected after '\"'); fix the quotes there"),
    ],
)
def test_fault_is_named_with_the_line_where_the_row_begins(text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        list(csv_rows("a.csv", text))
    assert str(error.value) == message


def test_header_is_parsed_without_the_other_rows() -> None:
    assert next(csv_rows("a.csv", 'a,b\n"not closed')) == (1, ["a", "b"])


def test_cell_of_a_megabyte_is_read() -> None:
    assert [len(cells[0]) for _, cells in csv_rows("a.csv", f"text\n{'x' * 1_000_000}\n")] == [4, 1_000_000]
    assert list(csv_rows("a.csv", "")) == list(csv_rows("a.csv", "\n;;\n")) == []
