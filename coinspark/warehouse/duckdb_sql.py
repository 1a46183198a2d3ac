"""`coinspark sql` without Spark: one statement that reads, by DuckDB, on the tables and views."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import duckdb

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.core.formatting import one_line
from coinspark.warehouse import duckdb_tables, iceberg_client, schemas
from coinspark.warehouse.duckdb_dialect import USE_SPARK, Node, column_names, parse, relations, text_of
from coinspark.warehouse.duckdb_tables import quoted
from coinspark.warehouse.iceberg_client import Loader
from coinspark.warehouse.results import result_lines, row_limit
from coinspark.warehouse.spark_literals import translate
from coinspark.warehouse.views import VIEWS

_LISTING = re.compile(r"\s*SHOW\s+(?:TABLES|(?P<views>VIEWS))\s*;?\s*", re.IGNORECASE)
_INSPECTION = re.compile(
    r"\s*(?:DESC(?:RIBE)?\s+(?:TABLE\s+)?(?P<described>(?:\"[^\"]+\"|[\w.])+)|EXPLAIN\s+(?P<explained>.*?))\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)
_NAIVE = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMP"}
"""Times are shown in UTC and without a zone, as in Spark."""
_SPARK_TYPES = {"VARCHAR": "string", "INTEGER": "int", "BLOB": "binary", "HUGEINT": "decimal(38,0)"}
_BATCH = 1000  # rows


def run(
    config: Config, query: str, build: str | None = None, format: str = "table", limit: int | None = None
) -> Iterator[str]:
    """Run one statement that reads, and yield its formatted result as lines, as `sql.run` does with Spark.

    Args:
        build: A build, `latest`, or None for the published tables.
        format: "table", "csv" or "json".
        limit: Maximum number of rows; None: all of csv and json, 1,000 of a table.

    Raises:
        ConfigError: The catalog can be opened by Spark only.
        InputError: The statement does not only read, or DuckDB rejects it or fails to run it.
    """
    catalog = iceberg_client.open_catalog(config)
    tag = _latest(config, catalog) if build == "latest" else build
    most = row_limit(format, limit)
    text = translate(query)
    if listing := _LISTING.fullmatch(text):
        columns, rows = _list(config, catalog, bool(listing["views"]))
        yield from result_lines(columns, iter(rows), format, most)
        return
    inspection = _INSPECTION.fullmatch(text)
    described = inspection["described"] if inspection else None
    tree = parse(f"FROM {described}" if described else inspection["explained"] if inspection else text)
    names = relations(config, tree)
    prefix = "DESCRIBE " if described else "EXPLAIN " if inspection else ""
    with _open(config, catalog, names, tag) as connection:
        try:
            result = connection.execute(prefix + text_of(tree))
            columns, values = _shown(prefix, tree, result)
            yield from result_lines(columns, values, format, most)
        except duckdb.IOException as error:
            raise duckdb_tables.unreadable_file(config, ", ".join(sorted(names)), error) from error
        except duckdb.Error as error:
            raise InputError(
                f"sql: {_first_line(error)}. If Spark knows this expression, {USE_SPARK}"
            ) from None


def _shown(
    prefix: str, tree: Node, result: duckdb.DuckDBPyConnection
) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """Names of the columns, and the rows, as Spark shows them."""
    rows = _rows(result)
    if prefix == "EXPLAIN ":
        return ["plan"], ((row[1],) for row in rows)
    if prefix:
        return ["col_name", "data_type", "comment"], ((row[0], _spark_type(row[1]), None) for row in rows)
    return column_names(tree, [item[0] for item in result.description or ()]), rows


def _latest(config: Config, catalog: Mapping[str, Loader]) -> str:
    known = duckdb_tables.builds(config, catalog)
    if not known:
        raise InputError(f"{config.warehouse}: no build has been published; run `coinspark nightly` first")
    return known[-1].name


def _open(
    config: Config, catalog: Mapping[str, Loader], names: set[str], build: str | None
) -> duckdb.DuckDBPyConnection:
    """A connection with these tables and views, and the tables that the views read."""
    known = {name.lower() for name in catalog} | set(VIEWS)
    if unknown := sorted(names - known):
        raise InputError(
            f"sql: unknown table or view {', '.join(unknown)}. Tables and views: "
            f"{', '.join((*schemas.TABLES, *VIEWS))}"
        )
    selects = {name: _view(config, name) for name in names & set(VIEWS)}
    needed = names - set(VIEWS)
    for select in selects.values():
        needed |= relations(config, parse(select))
    connection = duckdb_tables.connect(config, catalog, sorted(needed), build, _NAIVE)
    for name, select in selects.items():
        columns = ", ".join(map(quoted, VIEWS[name].columns))
        connection.execute(f"CREATE TEMP VIEW {quoted(name)} ({columns}) AS {text_of(parse(select))}")
    return connection


def _view(config: Config, name: str) -> str:
    select = VIEWS[name].select(lambda table: f"`{table}`", config.evaluation.suspect_threshold)
    return translate(select)


def _list(config: Config, catalog: Mapping[str, Loader], views: bool) -> tuple[list[str], list[Any]]:
    """The answer to SHOW TABLES or SHOW VIEWS."""
    names = sorted(name for name in catalog if (name in VIEWS) == views)
    name = "viewName" if views else "tableName"
    return ["namespace", name, "isTemporary"], [(config.catalog.namespace, item, False) for item in names]


def _rows(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := result.fetchmany(_BATCH):
        for row in rows:
            yield tuple(_without_zone(value) for value in row)


def _without_zone(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def _spark_type(kind: str) -> str:
    """The name of a type in Spark."""
    if kind.endswith("[]"):
        return f"array<{_spark_type(kind[:-2])}>"
    if kind.startswith("STRUCT("):
        fields = re.findall(r'"?(\w+)"? ((?:[^,()]|\([^)]*\))+)', kind[7:-1])
        return f"struct<{','.join(f'{name}:{_spark_type(item)}' for name, item in fields)}>"
    return _SPARK_TYPES.get(kind, kind.lower())


def _first_line(error: duckdb.Error) -> str:
    return one_line(str(error).strip().split("\n")[0].rstrip(". "))
