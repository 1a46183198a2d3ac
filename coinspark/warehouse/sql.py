"""SQL queries by Spark, for `coinspark sql --engine spark`; the session of commands that read a build."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from py4j.protocol import Py4JError, Py4JJavaError
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import TimestampType

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.core.formatting import one_line
from coinspark.warehouse import builds, schemas, tables, views
from coinspark.warehouse.locations import warehouse_folder
from coinspark.warehouse.read_only import check_reads, explained_plan
from coinspark.warehouse.results import result_lines, row_limit
from coinspark.warehouse.session import start

_NO_FILES_NO_VARIABLES = {
    "spark.sql.runSQLOnFiles": "false",  # csv.`/etc/passwd` as a table
    "spark.sql.variable.substitute": "false",  # ${env:NAME} and ${spark.key} in the text of a query
}
JAVA_CALLS = ("reflect", "java_method")
"""SQL functions that run any static method of the JVM."""


def open_build(config: Config, build: str | None) -> tuple[SparkSession, str | None]:
    """A session on the warehouse, and the build that `latest` stands for.

    Raises InputError where the warehouse has no tables yet, or no build.
    """
    no_tables = InputError(
        f"{config.warehouse}: no tables; run `coinspark nightly` with this configuration first"
    )
    folder = warehouse_folder(config)
    if not config.catalog.properties and folder is not None and not folder.is_dir():
        raise no_tables  # without starting Spark, which would create the folder
    spark = start(config)
    if not tables.exists(spark, config):
        raise no_tables
    if build == "latest":
        if (newest := builds.latest(spark, config)) is None:
            raise InputError(
                f"{config.warehouse}: no build has been published; run `coinspark nightly` first"
            )
        return spark, newest
    return spark, build


def run(
    config: Config, query: str, build: str | None = None, format: str = "table", limit: int | None = None
) -> Iterator[str]:
    """Run one statement that reads, and yield its formatted result as lines.

    The rows of csv and json are streamed, one partition at a time. A note on standard error says so if rows
    were left out.

    Args:
        build: A build, `latest`, or None for the published tables.
        format: "table", "csv" or "json".
        limit: Maximum number of rows; None: all of csv and json, 1,000 of a table.

    Raises:
        InputError: The statement does not only read, or Spark rejects it or fails to run it.
    """
    spark, tag = open_build(config, build)
    most = row_limit(format, limit)
    with builds.shown_build(spark, config, tag), _guarded(spark):
        try:
            frame = _read(spark, query)
            shown = _in_utc(frame if most is None else frame.limit(most + 1))
            yield from result_lines(frame.columns, iter(shown.toLocalIterator()), format, most)
        except (PySparkException, Py4JError) as error:
            raise InputError(f"sql: {_first_line(error)}{_names(error)}") from None


def _read(spark: SparkSession, query: str) -> DataFrame:
    """The result of a statement that only reads."""
    session: Any = spark._jsparkSession
    dataset: Any = spark._jvm.org.apache.spark.sql.Dataset  # type: ignore[union-attr]
    plan = session.sessionState().sqlParser().parsePlan(query)
    check_reads(plan)
    if (explained := explained_plan(plan)) is not None:
        dataset.ofRows(session, explained)  # raise its errors, which EXPLAIN returns as rows
    return DataFrame(dataset.ofRows(session, plan), spark)


def _in_utc(frame: DataFrame) -> DataFrame:
    """The frame with its times in UTC. PySpark would return them in the zone of this machine."""
    if not any(isinstance(field.dataType, TimestampType) for field in frame.schema):
        return frame
    numbered = frame.toDF(*map(str, range(len(frame.columns))))  # two columns may have the same name
    return numbered.select(
        [
            F.col(name).cast("timestamp_ntz") if isinstance(field.dataType, TimestampType) else F.col(name)
            for name, field in zip(numbered.columns, frame.schema, strict=True)
        ]
    )


@contextmanager
def _guarded(spark: SparkSession) -> Iterator[None]:
    """Without files as tables, variables in queries, calls of Java, and stack traces in the log."""
    identifier: Any = spark._jvm.org.apache.spark.sql.catalyst.FunctionIdentifier  # type: ignore[union-attr]
    for name in JAVA_CALLS:
        spark._jsparkSession.sessionState().functionRegistry().dropFunction(identifier(name))
    before = {key: str(spark.conf.get(key, "true")) for key in _NO_FILES_NO_VARIABLES}
    spark.sparkContext.setLogLevel("OFF")
    try:
        for key, value in _NO_FILES_NO_VARIABLES.items():
            spark.conf.set(key, value)
        yield
    finally:
        for key, former in before.items():
            spark.conf.set(key, former)
        spark.sparkContext.setLogLevel("ERROR")


def _first_line(error: Exception) -> str:
    """Spark's message without its query plan and stack trace: from its error class on, if it has one."""
    text = str(error)
    if isinstance(error, Py4JJavaError):
        cause = error.java_exception
        while (deeper := cause.getCause()) is not None:
            cause = deeper
        text = cause.getMessage() or cause.toString()
    text = text.strip() or type(error).__name__
    match = re.search(r"\[[A-Z][A-Z0-9_.]+\] [^\n]*", text)
    return one_line((match[0] if match else text.split("\n")[0]).rstrip("; "))


def _names(error: Exception) -> str:
    """For an unknown name, the names that there are."""
    if not isinstance(error, AnalysisException) or "TABLE_OR_VIEW_NOT_FOUND" not in str(error):
        return ""
    return f" Tables and views: {', '.join((*schemas.TABLES, *views.VIEWS))}"
