"""`coinspark sql` by DuckDB: results, builds, and what is refused. Without Spark."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from coinspark.cli import app as cli
from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.warehouse import duckdb_sql, duckdb_tables, iceberg_client, schemas
from coinspark.warehouse.files import Location
from coinspark.warehouse.views import VIEWS
from tests.remote_storage import s3_server
from tests.warehouse.plain_warehouse import Warehouse
from tests.warehouse.test_sql import ESCAPES, WRITES

NEW = [
    {
        "layer": "mint",
        "fold": 0,
        "coin_id": str(n),
        "medium": "o",
        "mint": mint,
        "class": mint,
        "split": split,
    }
    for n, (mint, split) in enumerate([("Rome", "train"), ("Rome", "test"), ("Ostia", "train")])
]
COINS = [
    {
        "coin_id": str(n),
        "medium": "o",
        "mint": "Rome",
        "types": [f"type {n}", None],
        "obverse": {"uri": f"file:///{n}.jpg"},
        "image_id": f"i{n}",
    }
    for n in range(3)
]
LEAVING = (
    "SELECT * FROM read_csv('{secret}')",
    "SELECT * FROM read_csv_auto('{secret}')",
    "SELECT * FROM read_text('{secret}')",
    "SELECT * FROM read_blob('{secret}')",
    "SELECT * FROM read_json('{secret}')",
    "SELECT * FROM read_parquet('{secret}')",
    "SELECT * FROM read_parquet('{data}')",
    "SELECT * FROM parquet_scan('{data}')",
    "SELECT * FROM parquet_metadata('{data}')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM '{secret}'",
    "SELECT * FROM `{secret}`",
    "SELECT * FROM '{data}'",
    "SELECT (SELECT count(*) FROM read_text('{secret}'))",
    "SELECT * FROM splits WHERE mint IN (SELECT content FROM read_text('{secret}'))",
    "WITH t AS (SELECT * FROM read_text('{secret}')) SELECT * FROM t",
    "EXPLAIN SELECT * FROM read_text('{secret}')",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('splits')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM pg_catalog.pg_class",
    "SELECT * FROM sqlite_master",
    "SELECT getenv('HOME')",
    "COPY (SELECT 1) TO '{folder}/out.csv'",
    "COPY splits FROM '{secret}'",
    "ATTACH '{folder}/x.db'",
    "ATTACH '{catalog}' (TYPE sqlite)",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{folder}/x.duckdb_extension'",
    "SET enable_external_access = true",
    "PRAGMA database_list",
    "EXPORT DATABASE '{folder}/out'",
    "IMPORT DATABASE '{folder}'",
    "CREATE TABLE t AS SELECT 1",
    "CREATE SECRET (TYPE s3)",
    "PREPARE p AS SELECT 1",
    "CHECKPOINT",
    "EXPLAIN ANALYZE DELETE FROM splits",
    "DESCRIBE read_text('{secret}')",
    "DESCRIBE '{secret}'",
    "SELECT 1; COPY (SELECT 1) TO '{folder}/out.csv'",
    "SELECT * FROM NEW",
)
"""Statements that would read or write something else than the tables, or change a setting."""


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Build `old` has one split, build `new` three; the published table has two."""
    warehouse = Warehouse(tmp_path_factory.mktemp("plain") / "w")
    warehouse.put(
        {"splits": NEW[:1], "coins": COINS, "images": [{"image_id": "i0", "size": 64, "jpeg": b"123"}]}
    )
    warehouse.publish("old")
    warehouse.put({"splits": NEW})
    warehouse.publish("new")
    warehouse.put({"splits": NEW[1:]})
    return warehouse.config


def lines(config: Config, query: str, build: str | None = None, format: str = "csv") -> list[str]:
    return list(duckdb_sql.run(config, query, build, format))


def refusal(config: Config, query: str) -> str:
    """The message that refuses the query, which is one line."""
    with pytest.raises(InputError) as error:
        lines(config, query)
    assert len(str(error.value).splitlines()) == 1, error.value
    assert len(str(error.value)) < 600
    return str(error.value)


def test_tables_views_and_builds_answer(warehouse: Config) -> None:
    count = "SELECT count(*) AS n FROM splits"
    assert [lines(warehouse, count, build)[1] for build in (None, "old", "new", "latest")] == [
        "2",
        "1",
        "3",
        "3",
    ]
    assert lines(warehouse, "SELECT coin_id, types FROM train", "new") == [
        "coin_id,types",
        '0,"[""type 0"", null]"',
        '2,"[""type 2"", null]"',
    ]
    assert lines(warehouse, "SELECT mint, coins, train, test FROM class_sizes ORDER BY mint DESC", "new") == [
        "mint,coins,train,test",
        "Rome,2,1,1",
        "Ostia,1,1,0",
    ]
    assert lines(warehouse, "SELECT build FROM builds", "old") == ["build", "old"]
    assert lines(warehouse, "SELECT build FROM builds ORDER BY finished") == ["build", "old", "new"]
    assert (
        lines(warehouse, "SELECT count(*) n FROM coinspark.coins.splits JOIN coins.coins USING (coin_id)")[1]
        == "2"
    )
    with pytest.raises(InputError, match="unknown build 'x'; known builds: old, new"):
        lines(warehouse, count, "x")


def test_every_table_and_view_can_be_described_and_read(warehouse: Config) -> None:
    for name, table in schemas.TABLES.items():
        described = [json.loads(line) for line in lines(warehouse, f"DESCRIBE {name}", format="json")]
        assert {row["col_name"]: row["data_type"] for row in described} == table.columns
    for view in VIEWS.values():
        assert lines(warehouse, f"SELECT * FROM {view.name} LIMIT 0") == [",".join(view.columns)]
        described = [
            json.loads(line) for line in lines(warehouse, f"DESC TABLE `{view.name}`", format="json")
        ]
        assert [row["col_name"] for row in described] == list(view.columns)


@pytest.mark.parametrize(
    ("query", "names", "values"),
    [
        (
            "SELECT MINT, s.Fold, count(*) FROM splits s GROUP BY 1, 2",
            "MINT,Fold,count(1)",
            "Rome,0,1|Ostia,0,1",
        ),
        ("SELECT Types[0], obverse.uri FROM coins WHERE coin_id = 1", "Types[0],uri", "type 1,file:///1.jpg"),
        ('SELECT mint AS `the mint` FROM splits WHERE mint = "Rome"', "the mint", "Rome"),
        ("SELECT max(`class`) FROM splits", "max(class)", "Rome"),
        ("SELECT explode(types) AS t FROM coins WHERE coin_id = '0'", "t", 'type 0|""'),
        ("SELECT i FROM (VALUES (2), (NULL), (1)) AS t(i) ORDER BY i", "i", '""|1|2'),
        ("SELECT i FROM (VALUES (2), (NULL), (1)) AS t(i) ORDER BY i DESC", "i", '2|1|""'),
        ("SELECT 1 / 0 AS a, 1.5e0 / 0 AS b, 7 % 0 AS c", "a,b,c", ",,"),
        ("SELECT jpeg FROM images", "jpeg", "3 bytes"),
        ("SELECT timestamp '2026-11-25 10:00:00' AS t;", "t", "2026-11-25 10:00:00"),
    ],
)
def test_query_has_the_meaning_of_spark_sql(warehouse: Config, query: str, names: str, values: str) -> None:
    answer = lines(warehouse, query)
    assert answer[0] == names
    assert sorted(answer[1:]) == sorted(values.split("|")) or answer[1:] == values.split("|")
    if "ORDER BY" in query:
        assert answer[1:] == values.split("|")


def test_show_lists_tables_and_views(warehouse: Config) -> None:
    tables = [line.split(",")[1] for line in lines(warehouse, "SHOW TABLES")]
    assert tables == ["tableName", *sorted(schemas.TABLES)]


def test_only_named_tables_and_columns_are_read(warehouse: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    load_from = iceberg_client.load_from

    def note(config: Config, catalog: object, name: str) -> object:
        loaded.append(name)
        return load_from(config, catalog, name)  # type: ignore[arg-type]

    monkeypatch.setattr(iceberg_client, "load_from", note)
    plan = "\n".join(lines(warehouse, "EXPLAIN SELECT image_id FROM images WHERE size = 64", format="csv"))
    assert loaded == ["images"]
    assert "image_id" in plan and "size" in plan and "jpeg" not in plan


@pytest.mark.parametrize("statement", WRITES)
def test_statements_that_do_more_than_read_are_refused(
    warehouse: Config, statement: str, tmp_path: Path
) -> None:
    message = refusal(warehouse, statement.format(folder=tmp_path, catalog="coinspark"))
    assert re.search(
        "only statements that read|use --engine spark|only tables and views can be read", message
    )
    assert lines(warehouse, "SELECT count(*) AS n FROM splits") == ["n", "2"]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("statement", [*LEAVING, *(query for query, _ in ESCAPES)])
def test_statements_that_leave_the_tables_are_refused(
    warehouse: Config, statement: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("hunter2\n")
    (data,) = iceberg_client.data_files(warehouse, iceberg_client.load(warehouse, "splits"))
    names = {
        "folder": tmp_path,
        "secret": secret,
        "data": data,
        "catalog": f"{warehouse.warehouse}/catalog.db",
    }
    assert "hunter2" not in refusal(warehouse, statement.format(**names))
    assert list(tmp_path.iterdir()) == [secret]


@pytest.mark.parametrize("statement", [item for item in LEAVING if "{" in item and "{data}" not in item])
def test_connection_itself_opens_no_other_file(warehouse: Config, statement: str, tmp_path: Path) -> None:
    """The second protection, should a statement pass the first."""
    secret = tmp_path / "secret.csv"
    secret.write_text("hunter2\n")
    catalog = iceberg_client.open_catalog(warehouse)
    text = statement.format(folder=tmp_path, secret=secret, catalog=f"{warehouse.warehouse}/catalog.db")
    with duckdb_tables.connect(warehouse, catalog, ["splits"]) as connection, pytest.raises(duckdb.Error):
        connection.execute(text.replace("`", '"')).fetchall()
    assert list(tmp_path.iterdir()) == [secret]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT coin FROM splits", 'Referenced column "coin" not found'),
        ("SELECT * FROM split_table", "unknown table or view split_table. Tables and views: coins, images"),
        ("SELEC 1", "syntax error at or near"),
        ("SELECT size(types) FROM coins", "Scalar Function with name size does not exist"),
        ("SELECT CAST('x' AS int)", "Conversion Error"),
        (
            "SELECT types[fold] FROM coins JOIN splits USING (coin_id)",
            "index of an array: Spark's begins with 0",
        ),
        ("SELECT fold ^ 2 FROM splits", "^: the result in DuckDB differs from Spark's"),
        ("SELECT 100.0 * count(*) / 3 FROM splits", "write the number as a double (100D in place of 100.0)"),
        ("SELECT CAST(2.7 AS int)", "CAST to INTEGER: DuckDB rounds where Spark truncates"),
        (r"SELECT * FROM coins WHERE mint LIKE 'a\_b'", "LIKE with a backslash"),
        ("SELECT * FROM splits VERSION AS OF 'old'", "syntax error"),
        ("SHOW CREATE TABLE splits", "--engine spark"),
        ("SELECT 1; SELECT 2", "expected one statement, found 2"),
        ("", "expected one statement, found 0"),
    ],
)
def test_errors_are_one_line_with_a_hint(warehouse: Config, query: str, message: str) -> None:
    text = refusal(warehouse, query)
    assert message in text
    if "statement, found" not in message and "Tables and views" not in message:
        assert "--engine spark" in text


def test_cut_tables_say_so_and_csv_and_json_are_complete(
    warehouse: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    query = "SELECT id FROM range(2500)"
    assert len(lines(warehouse, query)) == 2501
    assert len(lines(warehouse, query, format="json")) == 2500
    assert capsys.readouterr().err == ""
    assert len(lines(warehouse, query, format="table")) == 1002
    assert "first 1,000 rows; there are more, use --limit to get them" in capsys.readouterr().err
    assert len(list(duckdb_sql.run(warehouse, query, None, "csv", 2500))) == 2501
    assert capsys.readouterr().err == ""


def test_scratch_files_of_a_large_sort_are_in_the_temporary_folder(
    warehouse: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, scratch = tmp_path / "here", tmp_path / "scratch"
    here.mkdir()
    scratch.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    for name, value in (("memory_limit", "60MB"), ("threads", 1)):
        monkeypatch.setitem(duckdb_tables._SETTINGS, name, value)
    query = "SELECT s FROM (SELECT repeat('x', 100) || id AS s FROM range(900000)) ORDER BY s DESC"
    rows = duckdb_sql.run(warehouse, query, None, "csv")
    assert [next(rows), next(rows)] == ["s", f"{'x' * 100}99999"]
    assert list(scratch.rglob("*.tmp")) and not list(here.iterdir())
    rows.close()  # type: ignore[attr-defined]
    assert not list(scratch.rglob("*.tmp"))


def test_control_characters_are_escaped_in_tables_and_json(warehouse: Config) -> None:
    query = r"SELECT 'a\u001b[31mb' AS x"
    assert lines(warehouse, query, format="table")[-1] == r"a\u001b[31mb"
    assert json.loads(lines(warehouse, query, format="json")[0]) == {"x": "a\x1b[31mb"}
    assert lines(warehouse, query) == ["x", "a\x1b[31mb"]


def test_warehouse_in_s3_is_read_with_the_keys_of_spark(tmp_path: Path) -> None:
    with s3_server() as location:
        warehouse = Warehouse(tmp_path / "w", Location.of("s3a://coins/w", location.access))
        warehouse.put({"splits": NEW, "coins": COINS})
        warehouse.publish("new")
        assert (
            lines(warehouse.config, "SELECT count(*) AS n FROM train JOIN coins USING (coin_id)", "new")[1]
            == "2"
        )
        assert "only tables and views" in refusal(
            warehouse.config, "SELECT * FROM read_text('s3a://coins/w/x')"
        )


def test_warehouse_on_a_read_only_mount_is_read(warehouse: Config) -> None:
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
        pytest.skip("unshare --mount is not permitted here")
    script = (
        'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && ! touch "$1/x" 2>/dev/null && '
        'exec "$2" -m coinspark.cli sql "SELECT count(*) AS n FROM splits" --format csv --set "warehouse=$1"'
    )
    command = ["unshare", "--mount", "bash", "-c", script, "bash", warehouse.warehouse, sys.executable]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout == "n\n2\n", done.stderr


def test_catalog_of_another_kind_names_the_other_engine() -> None:
    properties = "catalog.properties={type: glue, warehouse: 's3://coins'}"
    result = CliRunner().invoke(cli.app, ["sql", "SELECT 1", "--set", properties])
    assert "cannot be opened without Spark" in str(result.exception)
    assert "use --engine spark" in str(result.exception)


def test_command_answers_without_spark_within_two_seconds_of_processor_time(warehouse: Config) -> None:
    program = (
        "import sys; from coinspark.cli.app import app; app(sys.argv[1:], standalone_mode=False); "
        "slow = ('pyspark', 'pandas', 'pyarrow', 'sqlalchemy', 'cv2', 'tensorflow', 'scipy'); "
        "print([name for name in slow if name in sys.modules])"
    )
    conf = Path(__file__).parents[2] / "conf" / "demo.yaml"
    query = [
        "sql",
        "SELECT class, count(*) FROM train GROUP BY 1",
        "--build",
        "latest",
        "--config",
        str(conf),
    ]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", program, *query, "--set", f"warehouse={warehouse.warehouse}"],
        capture_output=True,
        text=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2
