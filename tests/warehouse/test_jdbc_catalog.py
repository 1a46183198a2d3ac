"""Lookup of tables in a JDBC catalog: busy, broken and missing SQLite files; parameters of PostgreSQL."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from coinspark.config import Config
from coinspark.core.errors import ConfigError, InputError
from coinspark.warehouse import jdbc_catalog
from coinspark.warehouse.catalog_properties import catalog_properties

COLUMNS = "catalog_name, table_namespace, table_name, metadata_location"


def create(folder: Path, *rows: tuple[str, str, str, str]) -> Config:
    """A warehouse with a catalog of these rows."""
    folder.mkdir(parents=True)
    with sqlite3.connect(folder / "catalog.db") as database:
        database.execute(f"CREATE TABLE iceberg_tables ({COLUMNS})")
        database.executemany("INSERT INTO iceberg_tables VALUES (?, ?, ?, ?)", rows)
    database.close()
    return Config(warehouse=str(folder))


def locations(config: Config) -> dict[str, str]:
    return jdbc_catalog.metadata_locations(config, catalog_properties(config))


def test_tables_of_this_catalog_and_namespace_are_listed(tmp_path: Path) -> None:
    config = create(
        tmp_path / "Münzen und #1 %20",
        ("coinspark", "coins", "splits", "file:///a.json"),
        ("coinspark", "other", "splits", "file:///b.json"),
        ("another", "coins", "splits", "file:///c.json"),
    )
    assert locations(config) == {"splits": "file:///a.json"}


def test_missing_and_empty_files_have_no_tables_and_are_not_created(tmp_path: Path) -> None:
    config = Config(warehouse=str(tmp_path / "none"))
    assert locations(config) == {}
    assert not (tmp_path / "none").exists()
    (tmp_path / "catalog.db").touch()
    assert locations(Config(warehouse=str(tmp_path))) == {}
    assert (tmp_path / "catalog.db").stat().st_size == 0


def test_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").write_text("no database, but more than the size of a header " * 10)
    with pytest.raises(InputError, match=r"catalog\.db: the catalog cannot be read: file is not a database"):
        locations(Config(warehouse=str(tmp_path)))


def test_reader_waits_for_a_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = create(tmp_path / "w", ("coinspark", "coins", "splits", "old"))
    writer = sqlite3.connect(tmp_path / "w" / "catalog.db", isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    writer.execute("UPDATE iceberg_tables SET metadata_location = 'new'")
    opened, answers = threading.Event(), list[dict[str, str]]()
    connect = sqlite3.connect

    def note(*values: Any, **named: Any) -> sqlite3.Connection:
        connection = connect(*values, **named)
        connection.set_trace_callback(lambda _: opened.set())  # before the first statement runs
        return connection

    monkeypatch.setattr(jdbc_catalog.sqlite3, "connect", note)
    reader = threading.Thread(target=lambda: answers.append(locations(config)))
    reader.start()
    assert opened.wait(10)
    reader.join(0.2)
    assert reader.is_alive(), "the file is locked"
    writer.execute("COMMIT")
    reader.join(10)
    assert answers == [{"splits": "new"}]


def test_transaction_of_a_killed_writer_is_rolled_back(tmp_path: Path) -> None:
    rows = [("coinspark", "coins", f"t{n}", "old" * 100) for n in range(200)]
    create(tmp_path / "live", *rows)
    writer = sqlite3.connect(tmp_path / "live" / "catalog.db", isolation_level=None)
    writer.execute("PRAGMA cache_size = 1")  # changed pages reach the file before the commit
    writer.execute("BEGIN")
    writer.execute("UPDATE iceberg_tables SET metadata_location = 'new'")
    shutil.copytree(tmp_path / "live", tmp_path / "killed")
    writer.execute("ROLLBACK")
    assert (tmp_path / "killed" / "catalog.db-journal").stat().st_size > 0
    assert set(locations(Config(warehouse=str(tmp_path / "killed"))).values()) == {"old" * 100}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"uri": "jdbc:postgresql://db/coins"}, {"host": "db", "port": "5432", "dbname": "coins"}),
        ({"uri": "jdbc:postgresql:coins"}, {"host": "localhost", "port": "5432", "dbname": "coins"}),
        (
            {"uri": "jdbc:postgresql://a:1,[::1]:2/c?user=u&password=p%26q&ssl=true&prepareThreshold=0"},
            {
                "host": "a,::1",
                "port": "1,2",
                "dbname": "c",
                "user": "u",
                "password": "p&q",
                "sslmode": "verify-full",
            },
        ),
        (
            {
                "uri": "jdbc:postgresql://db/c?currentSchema=iceberg&sslmode=require",
                "jdbc.user": "reader",
                "jdbc.password": "secret",
                "jdbc.schema-version": "V1",
            },
            {
                "host": "db",
                "port": "5432",
                "dbname": "c",
                "user": "reader",
                "password": "secret",
                "sslmode": "require",
                "options": "-c default_transaction_read_only=on -c search_path=iceberg",
            },
        ),
    ],
)
def test_parameters_of_postgresql_are_those_of_jdbc(
    properties: dict[str, str], expected: dict[str, str]
) -> None:
    default = {"options": "-c default_transaction_read_only=on"}
    assert jdbc_catalog.postgresql_parameters(properties) == {**default, **expected}


def test_missing_driver_of_postgresql_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    config = Config.model_validate(
        {"catalog": {"properties": {"type": "jdbc", "uri": "jdbc:postgresql://db/c?password=hunter2"}}}
    )
    with pytest.raises(ConfigError, match=r"psycopg: pip install .*postgresql\.txt, or use --engine spark"):
        locations(config)
