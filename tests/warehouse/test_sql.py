"""SQL queries: statements that read, on the published tables or on one build."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.warehouse import builds, catalog, schemas, sql, tables
from coinspark.warehouse.local_frame import local_frame

WRITES = (
    "INSERT INTO splits SELECT * FROM splits",
    "INSERT OVERWRITE splits SELECT * FROM splits",
    "INSERT OVERWRITE DIRECTORY '{folder}/out' USING csv SELECT 1",
    "DELETE FROM splits",
    "WITH gone AS (SELECT 'x' AS id) DELETE FROM splits WHERE coin_id IN (SELECT id FROM gone)",
    "WITH a AS (SELECT 1) INSERT INTO splits SELECT * FROM splits",
    "UPDATE splits SET mint = 'x'",
    "MERGE INTO splits s USING splits t ON s.coin_id = t.coin_id WHEN MATCHED THEN DELETE",
    "EXPLAIN DELETE FROM splits",
    "EXPLAIN EXTENDED INSERT INTO splits SELECT * FROM splits",
    "EXPLAIN EXPLAIN DROP TABLE splits",
    "  /* SELECT */ -- SELECT\n DROP TABLE splits",
    "TRUNCATE TABLE splits",
    "ALTER TABLE splits ADD COLUMNS (x int)",
    "ALTER TABLE splits DROP TAG build_1",
    "CREATE TABLE t AS SELECT 1 AS x",
    "CREATE TEMPORARY VIEW t AS SELECT 1 AS x",
    "CREATE TEMPORARY FUNCTION f AS 'x.Y' USING JAR '/tmp/x.jar'",
    "CACHE TABLE t AS SELECT 1",
    "CACHE TABLE splits",
    "CALL {catalog}.system.expire_snapshots('splits')",
    "SET",
    "SET spark.sql.runSQLOnFiles=true",
    "RESET",
    "ADD JAR '/tmp/x.jar'",
    "LIST JARS",
    "USE other",
    "REFRESH TABLE splits",
    "ANALYZE TABLE splits COMPUTE STATISTICS",
    "SELECT TRANSFORM(coin_id) USING 'tee {folder}/out' AS x FROM splits",
    "SELECT * FROM (SELECT TRANSFORM(coin_id) USING 'tee {folder}/out' AS x FROM splits)",
    "WITH t AS (SELECT TRANSFORM(coin_id) USING 'tee {folder}/out' AS x FROM splits) SELECT * FROM t",
    "SELECT * FROM splits WHERE mint IN (SELECT TRANSFORM(mint) USING 'tee {folder}/out' AS x FROM splits)",
    "SELECT (SELECT max(x) FROM (SELECT TRANSFORM(mint) USING 'tee {folder}/out' AS x FROM splits))",
    "SELECT * FROM IDENTIFIER('splits')",
)
"""Statements that Spark parses and that do more than read."""
ESCAPES = (
    ("SELECT reflect('java.lang.System', 'getProperty', 'java.home')", "reflect"),
    ("SELECT java_method('java.lang.System', 'getenv', 'HOME')", "java_method"),
    ("SELECT max(x) OVER w FROM VALUES (1) AS t(x) WINDOW w AS (ORDER BY reflect('a', 'b'))", "reflect"),
    ("EXPLAIN SELECT reflect('java.lang.System', 'exit', 1)", "reflect"),
    ("SELECT * FROM csv.`{folder}/secret.csv`", "secret.csv"),
    ("SELECT * FROM text.`{folder}/secret.csv`", "secret.csv"),
    ("SELECT * FROM parquet.`{folder}/secret.csv`", "secret.csv"),
    ("SELECT (SELECT count(*) FROM binaryFile.`{folder}/secret.csv`)", "secret.csv"),
    ("SELECT * FROM iceberg.`{folder}/secret.csv`", "secret.csv"),
    ("DESCRIBE csv.`{folder}/secret.csv`", "secret.csv"),
    ("SELECT * FROM read_files('{folder}/secret.csv')", "table-valued functions"),
)
"""Queries that would leave the tables, and what the refusal names."""


def put(spark: SparkSession, config: Config, *rows: tuple[str, str, str]) -> None:
    full = [("mint", 0, coin, "original", mint, mint, split, coin) for coin, mint, split in rows]
    frame = local_frame(spark, full, schemas.SPLITS.ddl)
    tables.publish(spark, config, tables.stage(spark, config, "splits", frame))


@pytest.fixture(scope="module")
def two_coins(base_config: Config, spark: SparkSession) -> Config:
    """A namespace with two rows in `splits`, which no test changes."""
    catalog = base_config.catalog.model_copy(update={"namespace": "two_coins"})
    config = base_config.model_copy(update={"catalog": catalog})
    tables.create(spark, config)
    put(spark, config, ("1", "Rome", "train"), ("2", "Rome", "test"))
    return config


def refusal(config: Config, query: str) -> str:
    """The message that refuses the query, which is one line."""
    with pytest.raises(InputError) as error:
        list(sql.run(config, query, None, "csv"))
    assert len(str(error.value).splitlines()) == 1, error.value
    assert len(str(error.value)) < 500
    return str(error.value)


@pytest.mark.parametrize("statement", WRITES)
def test_run_refuses_what_does_more_than_read(
    spark: SparkSession, two_coins: Config, statement: str, tmp_path: Path
) -> None:
    spark.sql(f"USE {two_coins.catalog.name}.{two_coins.catalog.namespace}")
    before = tables.snapshot(spark, two_coins, "splits"), spark.catalog.listTables()
    query = statement.format(folder=tmp_path, catalog=two_coins.catalog.name)
    assert "only statements that read are allowed" in refusal(two_coins, query)
    assert (tables.snapshot(spark, two_coins, "splits"), spark.catalog.listTables()) == before
    assert not list(tmp_path.iterdir())


def test_run_refuses_several_statements_and_none(two_coins: Config) -> None:
    assert "extra input 'DELETE'" in refusal(two_coins, "SELECT 1; DELETE FROM splits")
    assert "end of input" in refusal(two_coins, "")


@pytest.mark.parametrize(("query", "named"), ESCAPES)
def test_run_refuses_java_calls_and_files(two_coins: Config, query: str, named: str, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("hunter2\n")
    message = refusal(two_coins, query.format(folder=tmp_path))
    assert named in message and "hunter2" not in message


def test_run_does_not_substitute_variables(two_coins: Config) -> None:
    query = "SELECT '${env:HOME}' AS a, '${spark.app.name}' AS b"
    assert list(sql.run(two_coins, query, None, "csv")) == ["a,b", "${env:HOME},${spark.app.name}"]


@pytest.mark.parametrize(
    "query",
    [
        "WITH a AS (SELECT coin_id c FROM splits) SELECT count(*) AS n FROM a WHERE c IN (SELECT * FROM a)",
        "SELECT count(n) AS n FROM (SELECT n FROM VALUES (1), (2) AS t(n) UNION SELECT id FROM range(2, 2))",
        "SELECT n FROM (SELECT /*+ COALESCE(1) */ count(*) OVER w AS n FROM splits WINDOW w AS ()) LIMIT 1",
        "SELECT max(v) AS n FROM (SELECT 1 AS a, 2 AS b) UNPIVOT (v FOR name IN (a, b))",
        "SELECT sum(x) - 1 AS n FROM (SELECT array(1, 2) AS xs) LATERAL VIEW explode(xs) t AS x",
        "SELECT count(*) AS n FROM splits TABLESAMPLE (100 PERCENT) HAVING n > 0 ORDER BY 1",
        "SELECT count(*) AS n FROM splits VERSION AS OF '{snapshot}'",
        "SELECT count(*) + 1 AS n FROM {table}.snapshots WHERE operation = 'overwrite'",
        "FROM splits SELECT count(DISTINCT coin_id) AS n",
    ],
)
def test_run_answers_queries_of_many_forms(spark: SparkSession, two_coins: Config, query: str) -> None:
    spark.sql(f"USE {two_coins.catalog.name}.{two_coins.catalog.namespace}")
    table = catalog.full_name(two_coins, "splits")
    text = query.format(snapshot=tables.snapshot(spark, two_coins, "splits"), table=table)
    assert list(sql.run(two_coins, text, None, "csv")) == ["n", "2"]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SHOW TABLES", "splits"),
        ("SHOW VIEWS", "namespace"),
        ("SHOW NAMESPACES", "two_coins"),
        ("SHOW CREATE TABLE splits", "USING iceberg"),
        ("SHOW TBLPROPERTIES splits", "format"),
        ("DESCRIBE splits", "mint"),
        ("DESC TABLE EXTENDED splits", "Location"),
        ("DESCRIBE splits coin_id", "coin_id"),
        ("DESCRIBE FUNCTION abs", "abs"),
        ("DESCRIBE QUERY SELECT 1 AS x", "x"),
        ("EXPLAIN SELECT count(*) FROM splits", "Physical Plan"),
    ],
)
def test_run_answers_statements_that_inspect(
    spark: SparkSession, two_coins: Config, statement: str, expected: str
) -> None:
    spark.sql(f"USE {two_coins.catalog.name}.{two_coins.catalog.namespace}")
    assert expected in "\n".join(sql.run(two_coins, statement))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT 1 / (id - id) FROM range(3)", "[DIVIDE_BY_ZERO] Division by zero."),
        ("SELECT int(string(id) || 'x') FROM range(3)", "[CAST_INVALID_INPUT] The value '0x'"),
        ("SELECT raise_error('two\nlines') FROM range(1)", "two"),
        (
            "SELECT coin FROM splits",
            "[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column or function parameter with",
        ),
        ("SELECT * FROM split_table", "Tables and views: coins, images"),
        ("SELEC 1", "[PARSE_SYNTAX_ERROR]"),
    ],
)
def test_errors_of_spark_are_one_line(
    spark: SparkSession, two_coins: Config, query: str, message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    spark.sql(f"USE {two_coins.catalog.name}.{two_coins.catalog.namespace}")
    spark.conf.set("spark.sql.ansi.enabled", "true")
    try:
        assert message in refusal(two_coins, query)
    finally:
        spark.conf.unset("spark.sql.ansi.enabled")
    assert "Exception" not in capfd.readouterr().err


def test_a_build_stays_while_the_tables_go_on(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    tables.replace_views(spark, config)
    put(spark, config, ("1", "Rome", "train"), ("2", "Rome", "test"))
    build = builds.publish(spark, config)
    put(spark, config, ("1", "Rome", "train"))
    spark.sql(f"USE {config.catalog.name}.{config.catalog.namespace}")
    assert list(sql.run(config, "SELECT count(*) AS n FROM splits", None, "csv")) == ["n", "1"]
    assert list(sql.run(config, "SELECT coins FROM class_sizes", build, "csv")) == ["coins", "2"]
    assert list(sql.run(config, "SELECT count(*) AS n FROM splits", build, "csv")) == ["n", "2"]
    after = list(sql.run(config, "SELECT count(*) AS n FROM splits", None, "csv"))
    assert after == ["n", "1"], "the build is shown to its own query only"
    with pytest.raises(InputError, match=f"unknown build 'build_9'; known builds: {build}"):
        list(sql.run(config, "SELECT 1", "build_9"))


def test_run_on_an_empty_warehouse_says_what_to_do(spark: SparkSession, config: Config) -> None:
    with pytest.raises(InputError, match="no tables; run `coinspark nightly` with this configuration first"):
        list(sql.run(config, "SELECT 1"))


def test_csv_and_json_are_complete_and_cut_tables_say_so(
    two_coins: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    query = "SELECT id FROM range(0, 2500, 1, 3)"
    assert list(sql.run(two_coins, query, None, "csv")) == ["id", *map(str, range(2500))]
    lines = [json.loads(line)["id"] for line in sql.run(two_coins, query, None, "json")]
    assert lines == list(range(2500))
    assert capsys.readouterr().err == ""
    assert len(list(sql.run(two_coins, query))) == 1002
    assert "first 1,000 rows; there are more, use --limit" in capsys.readouterr().err
    assert list(sql.run(two_coins, query, None, "csv", limit=2)) == ["id", "0", "1"]
    assert "first 2 rows" in capsys.readouterr().err
    assert len(list(sql.run(two_coins, query, limit=2500))) == 2502
    assert capsys.readouterr().err == ""
