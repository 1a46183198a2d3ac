"""SQL queries: statements that read, on the published tables or on one build."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.warehouse import schemas, sql, tables


def put(spark: SparkSession, config: Config, *rows: tuple[str, str, str]) -> None:
    full = [("mint", 0, coin, "original", mint, mint, split, coin) for coin, mint, split in rows]
    frame = spark.createDataFrame(full, schemas.SPLITS.ddl)
    tables.publish(spark, config, tables.stage(spark, config, "splits", frame))


@pytest.mark.parametrize(
    "statement", ["DROP TABLE splits", "insert into splits values (1)", "", "CALL x.y()"]
)
def test_run_refuses_statements_that_write(config: Config, statement: str) -> None:
    with pytest.raises(InputError, match="expected a statement that reads"):
        sql.run(config, statement)


def test_a_build_stays_while_the_tables_go_on(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    tables.replace_views(spark, config)
    put(spark, config, ("1", "Rome", "train"), ("2", "Rome", "test"))
    names = [name for name in schemas.TABLES if name != "builds"]
    tables.tag(spark, config, "build_1", {name: tables.snapshot(spark, config, name) for name in names})
    put(spark, config, ("1", "Rome", "train"))
    spark.sql(f"USE {config.catalog.name}.{config.catalog.namespace}")
    assert sql.run(config, "SELECT count(*) AS n FROM splits", None, "csv") == "n\n1"
    try:
        assert sql.run(config, "SELECT coins FROM class_sizes", "build_1", "csv") == "coins\n2"
        assert sql.run(config, "SELECT count(*) AS n FROM splits", "build_1", "csv") == "n\n2"
    finally:
        for name in (*schemas.TABLES, "train", "validation", "test", "class_sizes", "suspects"):
            spark.catalog.dropTempView(name)
    with pytest.raises(InputError, match="unknown build 'build_9'; known builds: build_1"):
        sql.run(config, "SELECT 1", "build_9")


def test_run_names_tables_and_views_for_an_unknown_name(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    with pytest.raises(InputError, match=r"(?s)split_table.*tables and views: coins, images"):
        sql.run(config, "SELECT * FROM split_table")


def test_run_on_an_empty_warehouse_says_what_to_do(spark: SparkSession, config: Config) -> None:
    with pytest.raises(InputError, match="no tables; run `coinspark nightly` with this configuration first"):
        sql.run(config, "SELECT 1")


def test_run_prints_at_most_limit_rows(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    assert (
        sql.run(config, "VALUES (1), (2), (3)", limit=2).splitlines()[-1]
        == "first 2 rows; use --limit to see more"
    )
