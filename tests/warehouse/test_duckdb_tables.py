"""Tables and builds without Spark: rows, builds, snapshots, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.core.errors import ConfigError, InputError
from coinspark.warehouse import builds, catalog, duckdb_tables, iceberg_client, schemas, session, tables
from coinspark.warehouse.local_files import local_path
from coinspark.warehouse.local_frame import local_frame

COINS = [
    (
        "1",
        "original",
        "Rome",
        ["1a", None],
        None,
        None,
        ("u", 1, 2),
        None,
        None,
        [("o", "de", "x", "t")],
        "i",
        [],
    ),
    ("2", "cast", None, None, "s", "l", None, None, None, [], None, ["p"]),
]


def put(spark: SparkSession, config: Config, coins: int) -> None:
    rows = [("mint", 0, str(n), "original", "Rome", "Rome", "train", str(n)) for n in range(coins)]
    frame = local_frame(spark, rows, schemas.SPLITS.ddl)
    tables.publish(spark, config, tables.stage(spark, config, "splits", frame))


@pytest.fixture(scope="module")
def warehouse(base_config: Config, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A warehouse below a path with special characters: build 1 has three splits, build 2 has two, now one.

    Then a tag of a build that was killed.
    """
    folder = tmp_path_factory.mktemp("client") / "Münzen [a*] #1 'x' %20"
    config = base_config.model_copy(
        update={
            "warehouse": str(folder),
            "catalog": base_config.catalog.model_copy(update={"name": "client"}),
        }
    )
    session._create_folder(config)
    for key, value in session._catalog_settings(config).items():
        if key.startswith("spark.sql.catalog."):
            spark.conf.set(key, value)
    tables.create(spark, config)
    tables.replace_views(spark, config)
    frame = local_frame(spark, COINS, schemas.COINS.ddl)
    tables.publish(spark, config, tables.stage(spark, config, "coins", frame))
    for coins in (3, 2):
        put(spark, config, coins)
        builds.publish(spark, config)
    put(spark, config, 1)
    tables.tag(spark, config, "build_killed", {"splits": tables.snapshot(spark, config, "splits")})
    return config


def test_published_rows_and_builds_are_read(warehouse: Config) -> None:
    first, second = duckdb_tables.builds(warehouse)
    assert second.name == f"{first.name}_2"
    assert first.finished < second.finished < datetime.now(UTC)
    assert set(first.snapshots) == set(schemas.TABLES) - {"builds"}
    counts = [
        duckdb_tables.read(warehouse, "splits", build).num_rows for build in (None, first.name, second.name)
    ]
    assert counts == [1, 3, 2]


def test_tag_without_a_row_in_builds_is_no_build(warehouse: Config) -> None:
    assert "build_killed" in iceberg_client.load(warehouse, "splits").refs()
    with pytest.raises(InputError, match=r"unknown build 'build_killed'; known builds: build_\d+, build_"):
        duckdb_tables.read(warehouse, "splits", "build_killed")


def test_values_are_those_that_were_written(warehouse: Config) -> None:
    rows = duckdb_tables.read(warehouse, "coins")
    assert rows.column_names == list(schemas.COINS.columns)
    photo = {"uri": "u", "size": 1, "modified": 2}
    description = {"side": "o", "language": "de", "text": "x", "text_id": "t"}
    values = sorted(map(tuple, (row.values() for row in rows.to_pylist())))
    assert values == [
        ("1", "original", "Rome", ["1a", None], None, None, photo, None, None, [description], "i", []),
        ("2", "cast", None, None, "s", "l", None, None, None, [], None, ["p"]),
    ]
    columns = ["image_id", "coin_id"]
    assert duckdb_tables.read(warehouse, "coins", columns=columns).column_names == columns


def test_every_table_has_its_columns_even_without_rows(spark: SparkSession, warehouse: Config) -> None:
    for name, table in schemas.TABLES.items():
        arrow = duckdb_tables.read(warehouse, name).schema
        expected = spark.read.table(catalog.full_name(warehouse, name)).schema
        assert arrow.names == list(table.columns)
        assert [str(field.type).startswith("list") for field in arrow] == [
            field.dataType.typeName() == "array" for field in expected
        ]


def test_snapshots_have_their_summary_and_branches(spark: SparkSession, warehouse: Config) -> None:
    table = iceberg_client.load(warehouse, "splits")
    published = iceberg_client.published_snapshot(table)
    assert published == tables.snapshot(spark, warehouse, "splits") == table.refs()["main"].snapshot_id
    summaries = [iceberg_client.summary(snapshot) for snapshot in table.snapshots()]
    totals = [(summary["operation"], summary["total-records"]) for summary in summaries]
    assert totals == [("append", "0"), ("overwrite", "3"), ("overwrite", "2"), ("overwrite", "1")]


def test_column_that_a_file_lacks_is_null_and_renamed_columns_keep_their_values(
    spark: SparkSession, warehouse: Config
) -> None:
    name = catalog.full_name(warehouse, "clusters")
    rows = [("layer", "i", "Rome", "vgg16", 3, 0.5)]
    frame = local_frame(spark, rows, schemas.CLUSTERS.ddl)
    tables.publish(spark, warehouse, tables.stage(spark, warehouse, "clusters", frame))
    spark.sql(f"ALTER TABLE {name} ADD COLUMNS (extra struct<a: array<int>>)")
    spark.sql(f"ALTER TABLE {name} RENAME COLUMN model TO network")
    (row,) = duckdb_tables.read(warehouse, "clusters").to_pylist()
    assert (row["network"], row["cluster"], row["extra"]) == ("vgg16", 3, None)


def test_rows_deleted_by_another_program_are_not_read(spark: SparkSession, warehouse: Config) -> None:
    name = catalog.full_name(warehouse, "classes")
    rows = [("mint", str(n), "original", "Rome", "Rome", None) for n in range(2)]
    local_frame(spark, rows, schemas.CLASSES.ddl).coalesce(1).writeTo(name).append()
    spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ('write.delete.mode'='merge-on-read')")
    spark.sql(f"DELETE FROM {name} WHERE coin_id = '1'")
    with pytest.raises(InputError, match=r"table classes has delete files.*use --engine spark"):
        duckdb_tables.read(warehouse, "classes")


def test_reading_changes_no_file_and_loads_no_spark(warehouse: Config, tmp_path: Path) -> None:
    folder = Path(warehouse.warehouse)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    program = (
        "import sys; from coinspark.config import Config; config = Config.model_validate_json(sys.argv[1]); "
        "[sys.modules.pop(name) for name in list(sys.modules) if name.startswith(('pyspark', 'py4j'))]; "
        "from coinspark.warehouse import duckdb_tables; print(len(duckdb_tables.builds(config))); "
        "print([name for name in ('pyspark', 'py4j', 'tensorflow', 'pandas') if name in sys.modules])"
    )
    text = warehouse.model_dump_json(include={"warehouse", "catalog"})
    done = subprocess.run([sys.executable, "-c", program, text], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.splitlines() == ["2", "[]"], done.stderr
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_warehouse_without_tables_is_not_created(tmp_path: Path) -> None:
    config = Config(warehouse=str(tmp_path / "none"))
    with pytest.raises(InputError, match="no tables; run `coinspark nightly`"):
        duckdb_tables.builds(config)
    assert not list(tmp_path.iterdir())


def test_copied_warehouse_is_refused(warehouse: Config, tmp_path: Path) -> None:
    original = Path(warehouse.warehouse) / "catalog.db"
    (tmp_path / "catalog.db").write_bytes(original.read_bytes())
    with pytest.raises(InputError, match=r"belong to the warehouse file:.*a copy, run `coinspark register`"):
        duckdb_tables.builds(warehouse.model_copy(update={"warehouse": str(tmp_path)}))


@pytest.mark.parametrize("kind", ["metadata", "manifest", "data"])
def test_missing_file_is_named(warehouse: Config, kind: str) -> None:
    table = iceberg_client.load(warehouse, "splits")
    (data,) = iceberg_client.data_files(warehouse, table)
    snapshot = table.current_snapshot()
    assert snapshot
    manifests = snapshot.manifests(table.io)
    location = {"metadata": table.metadata_location, "manifest": manifests[0].manifest_path, "data": data}[
        kind
    ]
    file = Path(local_path(location))
    file.rename(file.with_suffix(".moved"))
    try:
        with pytest.raises(
            InputError, match=rf"the catalog knows the table splits, .*{file.name} is missing"
        ):
            duckdb_tables.read(warehouse, "splits")
    finally:
        file.with_suffix(".moved").rename(file)


@pytest.mark.parametrize("kind", ["hive", "glue", "hadoop", "nessie"])
def test_catalog_that_only_spark_can_open_is_named(kind: str) -> None:
    config = Config.model_validate({"catalog": {"properties": {"type": kind, "uri": "thrift://u:hunter2@h"}}})
    with pytest.raises(
        ConfigError, match=f"the type '{kind}' cannot be opened without Spark.*--engine spark"
    ):
        duckdb_tables.builds(config)


def test_tables_of_a_rest_catalog_are_read(warehouse: Config) -> None:
    """A server of Iceberg's REST interface that answers from the SQLite catalog."""
    known = iceberg_client.open_catalog(warehouse)

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer: object = {"defaults": {}, "overrides": {}}
            path = self.path.partition("?")[0].removeprefix("/v1/")
            if path == "namespaces/coins/tables":
                answer = {"identifiers": [{"namespace": ["coins"], "name": name} for name in known]}
            elif path != "config":
                location = known[path.rsplit("/", 1)[1]](path.rsplit("/", 1)[1]).metadata_location
                metadata = json.loads(Path(local_path(location)).read_text())
                answer = {"metadata-location": location, "metadata": metadata, "config": {}}
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *values: object) -> None:
            """Without a log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        properties = {"type": "rest", "uri": f"http://127.0.0.1:{server.server_port}"}
        rest = warehouse.catalog.model_copy(update={"properties": properties})
        config = warehouse.model_copy(update={"catalog": rest})
        assert duckdb_tables.read(config, "splits").num_rows == 1
        assert len(duckdb_tables.builds(config)) == 2
        server.shutdown()
    with pytest.raises(InputError, match="the REST catalog does not answer"):
        duckdb_tables.builds(config)
