"""Questions to the tables: three formats, reading statements only, one consistent build on demand."""

from __future__ import annotations

import json

import pytest
from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.warehouse import schemas, sql, tables


def put(spark: SparkSession, config: Config, *rows: tuple[str, str, str]) -> None:
    full = [("mint", 0, coin, "original", mint, mint, split) for coin, mint, split in rows]
    frame = spark.createDataFrame(full, schemas.SPLITS.ddl)
    tables.publish(spark, config, tables.stage(spark, config, "splits", frame))


def test_render_by_hand() -> None:
    rows = [["Rome", 3, 0.25], ["Aquileia, old", None, 1.0]]
    assert sql.render(["mint", "n", "share"], rows, "table") == (
        "mint           n  share\n─────────────  ─  ─────\nRome           3   0.25\nAquileia, old         1"
    )
    assert sql.render(["mint", "n", "share"], rows, "csv") == 'mint,n,share\nRome,3,0.25\n"Aquileia, old",,1'
    assert [json.loads(line) for line in sql.render(["mint", "n", "share"], rows, "json").splitlines()] == [
        {"mint": "Rome", "n": 3, "share": 0.25},
        {"mint": "Aquileia, old", "n": None, "share": 1.0},
    ]
    assert sql.render(["mint"], [], "table") == "mint\n────"


@pytest.mark.parametrize(
    "statement", ["DROP TABLE splits", "insert into splits values (1)", "", "CALL x.y()"]
)
def test_only_reading_statements(config: Config, statement: str) -> None:
    with pytest.raises(InputError, match="only reading statements here"):
        sql.run(config, statement)


def test_a_night_stays_while_the_tables_go_on(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    tables.replace_views(spark, config)
    put(spark, config, ("1", "Rome", "train"), ("2", "Rome", "test"))
    names = [name for name in schemas.TABLES if name != "builds"]
    tables.tag(spark, config, "night_1", {name: tables.snapshot(spark, config, name) for name in names})
    put(spark, config, ("1", "Rome", "train"))
    spark.sql(f"USE {config.catalog.name}.{config.catalog.namespace}")
    assert sql.run(config, "SELECT count(*) AS n FROM splits", None, "csv") == "n\n1"
    try:
        assert sql.run(config, "SELECT coins FROM class_sizes", "night_1", "csv") == "coins\n2"
        assert sql.run(config, "SELECT count(*) AS n FROM splits", "night_1", "csv") == "n\n2"
    finally:
        for name in (*schemas.TABLES, "train", "validation", "test", "class_sizes", "suspects"):
            spark.catalog.dropTempView(name)
    with pytest.raises(InputError, match="no build 'night_9'; there are: night_1"):
        sql.run(config, "SELECT 1", "night_9")


def test_a_wrong_name_is_told_the_right_ones(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    with pytest.raises(InputError, match=r"(?s)split_table.*tables and views: coins, images"):
        sql.run(config, "SELECT * FROM split_table")


def test_an_empty_warehouse_says_what_to_do(spark: SparkSession, config: Config) -> None:
    with pytest.raises(InputError, match="run `coinspark nightly` with this configuration first"):
        sql.run(config, "SELECT 1")


def test_the_first_rows_are_printed_and_the_rest_told(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    assert (
        sql.run(config, "VALUES (1), (2), (3)", limit=2).splitlines()[-1]
        == "the first 2 rows; --limit shows more"
    )
