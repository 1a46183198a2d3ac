"""SQL queries on the tables and views, for `coinspark sql` and the commands that read a build."""

from __future__ import annotations

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.core.formatting import format_rows
from coinspark.warehouse import schemas, tables, views
from coinspark.warehouse.session import start

_READ_STATEMENTS = ("select", "with", "show", "describe", "desc", "explain", "values", "table")


def open_build(config: Config, build: str | None) -> tuple[SparkSession, str | None]:
    """A session on the warehouse, and the build that `latest` stands for.

    Raises InputError where the warehouse has no tables yet, or no build.
    """
    spark = start(config)
    if not tables.exists(spark, config):
        raise InputError(
            f"{config.warehouse}: no tables; run `coinspark nightly` with this configuration first"
        )
    if build == "latest":
        if (newest := tables.latest_build(spark, config)) is None:
            raise InputError(
                f"{config.warehouse}: no build has been published; run `coinspark nightly` first"
            )
        return spark, newest
    return spark, build


def run(
    config: Config, query: str, build: str | None = None, format: str = "table", limit: int = 1000
) -> str:
    """Run one statement that reads, and format at most `limit` rows of its result.

    Raises InputError for a statement that writes (only stages change tables) and, with Spark's message, for
    one that Spark rejects.
    """
    first_word = query.lstrip(" (\n\t").split(None, 1)[0].lower() if query.strip() else ""
    if first_word not in _READ_STATEMENTS:
        raise InputError(
            f"sql: expected a statement that reads ({', '.join(_READ_STATEMENTS).upper()}), found "
            f"{first_word.upper() or 'nothing'!r}"
        )
    spark, tag = open_build(config, build)
    if tag is not None:
        tables.show_build(spark, config, tag)
    try:
        frame = spark.sql(query)
        rows = frame.limit(limit + 1).collect()
    except (AnalysisException, ParseException) as error:
        names = ", ".join((*schemas.TABLES, *views.VIEWS))
        raise InputError(f"sql: {_first_lines(error)}\ntables and views: {names}") from None
    return format_rows(frame.columns, rows[:limit], format, more=len(rows) > limit)


def _first_lines(error: Exception) -> str:
    return str(error).split("\n\n")[0].split(";\n")[0].strip()
