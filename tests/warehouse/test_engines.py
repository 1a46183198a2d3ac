"""The same answers from DuckDB and Spark: all tables and views, builds, types, formats, functions, names."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest
from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.warehouse import builds, duckdb_dialect, duckdb_sql, schemas, sql, tables
from coinspark.warehouse.local_frame import local_frame
from coinspark.warehouse.views import VIEWS
from tests.warehouse.shared_functions import AGGREGATES, OTHERS, ROWS, SCALARS, WINDOWS

TEXT = "Ü 'q\" , ;\n\x1b[31m\\ ` \u202e 漢😀"
VALUES: dict[str, list[Any]] = {
    "string": [TEXT, ""],
    "int": [-(2**31), 7],
    "bigint": [2**63 - 1, -1],
    "double": [0.1, float("nan")],
    "float": [0.1, 1e-30],
    "boolean": [True, False],
    "binary": [bytearray(b"\x00\xff"), bytearray()],
    "timestamp": [
        datetime(2026, 7, 1, 23, 59, 59, 500_000, tzinfo=UTC),
        datetime(1900, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
    ],
}
FUNCTIONS = {"scalars": SCALARS, "windows": WINDOWS, "others": {"": OTHERS}, "aggregates": AGGREGATES}


def value(kind: str, n: int) -> Any:
    """The nth value of a type: arrays have two values and a null; a third row is null."""
    if n == 2:
        return None
    if kind.startswith("array<"):
        return [value(kind[6:-1], 0), None, value(kind[6:-1], 1)] if n == 0 else []
    if kind.startswith("struct<"):
        return tuple(value(field.partition(":")[2], n) for field in kind[7:-1].split(","))
    return VALUES[kind][n]


def rows(table: schemas.Table) -> list[tuple[Any, ...]]:
    """Three rows with all values of the table's types; in the third one all but the key is null."""
    return [
        tuple(
            value(kind, n % 2 if name in table.key else n)
            if name not in table.key[:1]
            else f"{n}{TEXT}"
            if kind == "string"
            else value(kind, n)
            for name, kind in table.columns.items()
        )
        for n in range(3)
    ]


@pytest.fixture(scope="module")
def filled(base_config: Config, spark: SparkSession) -> Iterator[Config]:
    """Rows in every table, a build of them, and then other splits. The machine's time zone is not UTC."""
    catalog = base_config.catalog.model_copy(update={"namespace": "engines"})
    config = base_config.model_copy(update={"catalog": catalog})
    tables.create(spark, config)
    tables.replace_views(spark, config)
    for name, table in schemas.TABLES.items():
        if name not in ("builds", *VIEWED):
            content = rows(table)
            local_frame(spark, content, table.ddl).coalesce(1).writeTo(
                f"{tables.full_name(config, name)}"
            ).append()
    for name, content in VIEWED.items():
        local_frame(spark, content, schemas.TABLES[name].ddl).writeTo(tables.full_name(config, name)).append()
    builds.publish(spark, config)
    local_frame(spark, [split_row("3", "Ostia", "test")], schemas.SPLITS.ddl).writeTo(
        tables.full_name(config, "splits")
    ).append()
    zone = os.environ.get("TZ")
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()
    spark.sql(f"USE {config.catalog.name}.engines")
    yield config
    os.environ.pop("TZ") if zone is None else os.environ.update(TZ=zone)
    time.tzset()


def split_row(coin: str, mint: str, side: str) -> tuple[Any, ...]:
    """A row of `splits`."""
    return ("mint", 0, coin, "o", mint, f"{mint}/1", side, coin)


VIEWED: dict[str, list[tuple[Any, ...]]] = {
    "splits": [
        split_row("1", "Rome", "train"),
        split_row("2", TEXT, "validation"),
        split_row("1", "Ostia", "test"),
    ],
    "coins": [
        (
            "1",
            "o",
            "Rome",
            ["a", None],
            "s",
            "l",
            ("u1", 1, 2),
            None,
            None,
            [("obverse", "de", TEXT, "t")],
            "i",
            [],
        ),
        ("2", "o", TEXT, None, None, None, None, ("u2", None, 2), None, [], None, ["p"]),
    ],
    "runs": [("r", "mint", 0, "vgg16", "network", ["Rome"], *[TEXT] * 7)],
    "predictions": [
        ("r", "mint", "1", "o", 1, "Ostia", "Ostia", 0.9),
        ("r", "mint", "2", "o", 1, "Ostia", "Ostia", 0.8999),
    ],
}


def answers(config: Config, query: str, build: str | None = None, format: str = "json") -> list[list[str]]:
    """The lines of both engines, sorted unless the query orders them: DuckDB, Spark."""
    both = [list(engine.run(config, query, build, format)) for engine in (duckdb_sql, sql)]
    return both if "ORDER BY" in query else [sorted(lines) for lines in both]


@pytest.mark.parametrize("name", [*schemas.TABLES, *VIEWS])
def test_table_or_view_has_the_same_rows(filled: Config, name: str) -> None:
    ours, sparks = answers(filled, f"SELECT * FROM {name}")
    assert ours == sparks
    assert ours


@pytest.mark.parametrize(("name", "rows"), [("splits", 3), ("test", 1), ("suspects", 1), ("builds", 1)])
def test_build_has_the_same_rows(filled: Config, name: str, rows: int) -> None:
    ours, sparks = answers(filled, f"SELECT * FROM {name}", "latest")
    assert ours == sparks
    assert len(ours) == rows


@pytest.mark.parametrize("format", ["table", "csv"])
@pytest.mark.parametrize("table", ["coins", "stages", "images", "features", "metrics"])
def test_formats_are_the_same(filled: Config, table: str, format: str) -> None:
    key = ", ".join(schemas.TABLES[table].key)
    ours, sparks = answers(filled, f"SELECT * FROM {table} ORDER BY {key}", None, format)
    assert ours == sparks


def test_times_are_in_utc_whatever_the_zone_of_the_machine(filled: Config) -> None:
    query = (
        "SELECT finished, CAST(finished AS string) AS text, finished AS again FROM stages ORDER BY finished"
    )
    ours, sparks = answers(filled, query, None, "csv")
    assert ours == sparks
    assert "2026-07-01 23:59:59.500000,2026-07-01 23:59:59.5,2026-07-01 23:59:59.500000" in ours


@pytest.mark.parametrize(
    "query",
    [
        "SHOW TABLES",
        "SHOW VIEWS",
        *(f"DESCRIBE {name}" for name in ("coins", "proposals", "features", "images", "stages")),
        "SELECT MINT, s.Fold, count(*), COUNT(Class) FROM splits s GROUP BY 1, 2",
        "SELECT Types[0], obverse.uri, c.obverse.URI AS `the uri` FROM coins c",
        "SELECT coin_id, coin_id FROM coins",
        "SELECT * FROM splits JOIN coins USING (coin_id, medium)",
        "SELECT coins.* FROM coins JOIN splits USING (coin_id)",
        "SELECT mint FROM splits UNION SELECT mint FROM coins",
        "SELECT explode(types) FROM coins",
        "SELECT * FROM range(3)",
        "SELECT `end`, max(start) FROM entities GROUP BY ALL",
        "WITH a AS (SELECT mint m, count(*) n FROM splits GROUP BY 1) SELECT * FROM a ORDER BY m DESC",
        "SELECT mint, sum(fold) OVER (PARTITION BY mint) AS s FROM splits WHERE mint LIKE 'R%'",
        "VALUES (1, 'a'), (2, NULL)",
        "FROM splits SELECT coin_id",
        "TABLE runs",
    ],
)
def test_statements_have_the_same_answer_and_column_names(filled: Config, query: str) -> None:
    ours, sparks = ([json.loads(line) for line in lines] for lines in answers(filled, query))
    for row in (*ours, *sparks):
        row.pop("comment", None)  # DESCRIBE: null or empty
    assert ours == sparks
    ours_csv, sparks_csv = answers(filled, query, None, "csv")
    assert len(ours_csv) == len(sparks_csv)


@pytest.mark.parametrize("group", FUNCTIONS)
def test_shared_functions_have_the_same_result(spark: SparkSession, filled: Config, group: str) -> None:
    expressions = [item for items in FUNCTIONS[group].values() for item in items]
    columns = ", ".join(f"{text} AS c{n}" for n, text in enumerate(expressions))
    order = "" if group == "aggregates" else " ORDER BY i"
    query = f"SELECT {columns} FROM {ROWS}{order}"
    ours, sparks = ([json.loads(line) for line in lines] for lines in answers(filled, query))
    for ours_row, sparks_row in zip(ours, sparks, strict=True):
        for n, text in enumerate(expressions):
            assert is_same(ours_row[f"c{n}"], sparks_row[f"c{n}"]), text


def is_same(one: Any, other: Any) -> bool:
    """Equal values of one type; doubles may differ in their last digit."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-14)
    return type(one) is type(other) and one == other


def test_every_shared_function_is_compared_or_refused(spark: SparkSession) -> None:
    names = duckdb.sql("SELECT DISTINCT function_name FROM duckdb_functions()").fetchall()
    shared = {row[0] for row in spark.sql("SHOW FUNCTIONS").collect()} & {name.lower() for (name,) in names}
    compared = {name for group in (SCALARS, AGGREGATES, WINDOWS) for name, items in group.items() if items}
    elsewhere = {
        "<=>",  # translated; in OTHERS
        "range",  # a table function
        "trunc",  # of a date in Spark, of a number in DuckDB: each refuses the other
    }
    assert shared - compared - duckdb_dialect.DIFFERENT - elsewhere == set()
    assert compared & duckdb_dialect.DIFFERENT == set()
    assert shared >= duckdb_dialect.DIFFERENT
