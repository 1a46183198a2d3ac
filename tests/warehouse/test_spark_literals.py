"""Quotes, literals and comments of Spark SQL in the form of DuckDB."""

from __future__ import annotations

import duckdb
import pytest

from coinspark.core.errors import InputError
from coinspark.warehouse.spark_literals import translate


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (r"'a'", "a"),
        (r'"a"', "a"),
        (r"'O\'Brien'", "O'Brien"),
        (r"'it''s'", "its"),  # two texts that follow each other
        ("'a' -- 'x'\n 'b'", "ab"),
        (r'"it\'s 1\" \\ "', "it's 1\" \\ "),
        (r"'tab\tline\n\u00fc\U0001F600\101'", "tab\tline\nü😀A"),
        (r"'100\%_\_\q'", r"100\%_\_q"),
        (r"r'a\n'", r"a\n"),
        ("'/* no comment */ -- `x` ; $$'", "/* no comment */ -- `x` ; $$"),
    ],
)
def test_texts_have_the_value_that_spark_documents(literal: str, value: str) -> None:
    assert duckdb.sql(f"SELECT {translate(literal)}").fetchall() == [(value,)]


@pytest.mark.parametrize(
    ("literal", "kind", "value"),
    [
        ("1.5D", "DOUBLE", "1.5"),
        ("1e-05D", "DOUBLE", "1e-05"),
        ("2f", "FLOAT", "2.0"),
        ("100L", "BIGINT", "100"),
        ("7S", "SMALLINT", "7"),
        ("7y", "TINYINT", "7"),
        ("1.50BD", "DECIMAL(3,2)", "1.50"),
        (".5", "DECIMAL(1,1)", ".5"),
        ("X'4a4B'", "BLOB", "JK"),
    ],
)
def test_numbers_have_the_type_of_their_suffix(literal: str, kind: str, value: str) -> None:
    query = f"SELECT typeof(v), v::varchar FROM (SELECT {translate(literal)} AS v)"
    assert duckdb.sql(query).fetchall() == [(kind, value)]


def test_names_in_backticks_and_names_like_numbers_stay_names() -> None:
    query = "SELECT `a``b \"c`, x1D, r, x, `end` FROM t /* `x` ' */ WHERE r <=> x"
    assert translate(query) == (
        'SELECT "a`b ""c", x1D, r, x, "end" FROM t   WHERE r  IS NOT DISTINCT FROM  x'
    )


@pytest.mark.parametrize("query", ["SELECT 'a", 'SELECT "a', "SELECT `a", "SELECT 1 /* a", r"SELECT 'a\'"])
def test_quote_or_comment_without_an_end_is_refused(query: str) -> None:
    with pytest.raises(InputError, match="without an end"):
        translate(query)
