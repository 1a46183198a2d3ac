"""A copied warehouse is registered: its tables refer to its own files, and the original does not change."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.core.hashing import folder_hash
from coinspark.warehouse import catalog, registration, schemas, session, tables
from coinspark.warehouse.content import content_hash
from coinspark.warehouse.local_frame import local_frame


def configuration(base: Config, spark: SparkSession, warehouse: Path, name: str) -> Config:
    """A configuration with a catalog of its own in a local warehouse.

    The session has the settings of one configuration, so those of this catalog are added.
    """
    catalogs = base.catalog.model_copy(update={"name": name, "namespace": "coins"})
    config = base.model_copy(update={"warehouse": str(warehouse), "catalog": catalogs})
    for key, value in session.spark_settings(config).items():
        if key.startswith(f"spark.sql.catalog.{name}"):
            spark.conf.set(key, value)
    warehouse.mkdir(parents=True, exist_ok=True)
    (warehouse / "catalog.db").touch()
    return config


def publish(spark: SparkSession, config: Config, coins: int) -> None:
    rows = [("mint", str(n), "original", "Rome", "Rome", "") for n in range(coins)]
    frame = local_frame(spark, rows, schemas.CLASSES.ddl)
    tables.publish(spark, config, tables.stage(spark, config, "classes", frame))


@pytest.fixture
def original(base_config: Config, spark: SparkSession, tmp_path: Path) -> Config:
    """A warehouse with views, whose table `classes` has two snapshots with rows and a tag."""
    config = configuration(base_config, spark, tmp_path / "with ü" / "original", f"of_{tmp_path.name}")
    tables.create(spark, config)
    publish(spark, config, 3)
    tables.tag(spark, config, "build_1", {"classes": tables.snapshot(spark, config, "classes")})
    publish(spark, config, 2)
    tables.replace_views(spark, config)
    return config


def as_catalog(folder: Path, name: str) -> None:
    """Give the catalog of a copy another name: a session can open each name once."""
    with sqlite3.connect(folder / "catalog.db") as connection:
        for table in ("iceberg_tables", "iceberg_namespace_properties"):
            connection.execute(f"UPDATE {table} SET catalog_name = '{name}'")


def paths(spark: SparkSession, table: str) -> set[str]:
    """All paths in the metadata of a table."""
    columns = {"all_data_files": "file_path", "all_manifests": "path", "snapshots": "manifest_list"}
    columns["metadata_log_entries"] = "file"
    return {
        row[column]
        for name, column in columns.items()
        for row in spark.table(f"{table}.{name}").select(column).collect()
    }


@pytest.mark.slow(seconds=30)
def test_registered_copy_reads_and_writes_its_own_files_only(
    spark: SparkSession, base_config: Config, original: Config, tmp_path: Path
) -> None:
    folder, copy = Path(original.warehouse), tmp_path / "copy"
    rows = content_hash(tables.read(spark, original, "classes"))
    snapshot = tables.snapshot(spark, original, "classes")
    before = folder_hash(folder)
    shutil.copytree(folder, copy, copy_function=os.link)  # as cp -rl: files are shared
    (copy / "catalog.db").unlink()
    shutil.copyfile(folder / "catalog.db", copy / "catalog.db")
    as_catalog(copy, "registered")
    config = configuration(base_config, spark, copy, "registered")
    names = catalog.table_names(spark, original)
    assert registration.register(config) == len(names) + 5, "and five views"
    assert registration.register(config) == 0
    shutil.move(folder, tmp_path / "moved away")  # the copy does not need the original
    tables.create(spark, config)
    assert catalog.table_names(spark, config) == names
    assert content_hash(tables.read(spark, config, "classes")) == rows
    assert tables.snapshot(spark, config, "classes") == snapshot
    assert spark.sql("SELECT * FROM registered.coins.classes VERSION AS OF 'build_1'").count() == 3
    tables.replace_views(spark, config)  # they name the catalog, which has another name in this test only
    assert spark.sql("SELECT * FROM registered.coins.class_sizes").count() == 0
    publish(spark, config, 5)
    assert tables.read(spark, config, "classes").count() == 5
    files = paths(spark, catalog.full_name(config, "classes"))
    assert len(files) > 10
    own = (f"file:{copy}/", f"file://{copy}/")
    assert [path for path in files if not path.startswith(own)] == []
    shutil.move(tmp_path / "moved away", folder)
    assert folder_hash(folder) == before
    assert tables.read(spark, original, "classes").count() == 2


@pytest.mark.slow(seconds=20)
def test_moved_warehouse_is_registered_after_a_kill(
    spark: SparkSession,
    base_config: Config,
    original: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved = tmp_path / "moved"
    shutil.move(original.warehouse, moved)
    as_catalog(moved, "moved")
    config = configuration(base_config, spark, moved, "moved")
    rewrite = registration._rewrite_table

    def rewrite_and_die(spark: SparkSession, config: Config, entry: registration.Entry) -> None:
        rewrite(spark, config, entry)
        if entry.name == "classes":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(registration, "_rewrite_table", rewrite_and_die)
        with pytest.raises(KeyboardInterrupt):
            registration.register(config)
    registration.register(config)
    tables.create(spark, config)
    assert tables.read(spark, config, "classes").count() == 2


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("remote", "s3a://coins/w: only a local warehouse with the default catalog can be registered"),
        ("nothing", "copy: no tables; set `warehouse` to the copy of a warehouse"),
        ("damaged", r"catalog\.db: not a catalog of Iceberg \(file is not a database\); copy it again"),
        ("link", r"coins/splits: a link to .*, outside the warehouse; copy the files"),
    ],
)
def test_what_cannot_be_registered_is_named(tmp_path: Path, fault: str, message: str) -> None:
    warehouse = tmp_path / "copy"
    warehouse.mkdir()
    if fault != "nothing":
        (warehouse / "catalog.db").write_text("no database" * 100)
    if fault == "link":
        (warehouse / "coins").mkdir()
        (warehouse / "coins" / "splits").symlink_to(tmp_path)
    config = Config(warehouse="s3a://coins/w" if fault == "remote" else str(warehouse))
    with pytest.raises(InputError, match=message):
        registration.register(config)
