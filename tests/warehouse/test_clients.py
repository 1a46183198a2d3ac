"""Other clients of the tables: spark-sql with the printed settings, pyiceberg, duckdb on its scan."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import Table
from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.warehouse import locations, schemas, session, tables
from coinspark.warehouse.local_frame import local_frame
from tests import readme_commands

ROWS = [
    ("mint", 0, str(n), "original", mint, mint, side, str(n))
    for n, (mint, side) in enumerate(
        [("Rome", "train"), ("Rome", "train"), ("Rome", "test"), ("Ostia", "train"), ("Ostia", "test")]
    )
]


@pytest.fixture
def published(spark: SparkSession, config: Config) -> Config:
    """Five coins in `splits`, tagged as a build, then one of them removed."""
    tables.create(spark, config)
    tables.replace_views(spark, config)
    for rows in (ROWS, ROWS[:-1]):
        frame = local_frame(spark, rows, schemas.SPLITS.ddl)
        tables.publish(spark, config, tables.stage(spark, config, "splits", frame))
        if rows is ROWS:
            tables.tag(spark, config, "build_1", {"splits": tables.snapshot(spark, config, "splits")})
    return config


def open_splits(config: Config) -> Table:
    """`splits` opened by pyiceberg through the same SQLite catalog."""
    folder = locations.warehouse_folder(config)
    catalog = SqlCatalog(config.catalog.name, uri=f"sqlite:///{folder}/catalog.db", warehouse=str(folder))
    return catalog.load_table(f"{config.catalog.namespace}.splits")


def test_pyiceberg_reads_published_rows_and_builds(published: Config) -> None:
    table = open_splits(published)
    assert sorted(table.scan().to_arrow()["coin_id"].to_pylist()) == ["0", "1", "2", "3"]
    build = table.snapshot_by_name("build_1")
    assert build is not None
    assert len(table.scan(snapshot_id=build.snapshot_id).to_arrow()) == 5


def test_duckdb_queries_a_pyiceberg_scan(published: Config) -> None:
    duck = open_splits(published).scan(row_filter="split = 'train'").to_duckdb("splits")
    assert duck.execute("SELECT mint, count(*) FROM splits GROUP BY 1 ORDER BY 1").fetchall() == [
        ("Ostia", 1),
        ("Rome", 2),
    ]


def test_documented_spark_sql_commands_run(published: Config, tmp_path: Path) -> None:
    """The README's commands in a shell without the venv and without this process's variables of Spark."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    config = published.model_dump(mode="json")
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    page = Path(schemas.__file__).parents[1] / "README.md"
    lines = [
        command.text for command in readme_commands.commands(page) if command.name in ("source", "spark-sql")
    ]
    settings = "coinspark spark-conf --config mine.yaml > mine.conf"
    assert settings in page.read_text(encoding="utf-8")
    script = "\n".join(["set -e", lines[0], settings, *lines[1:]]).replace("build_20261125", "build_1")
    own = Path(sys.prefix, "bin").resolve()
    environment = {
        **{
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("PYSPARK", "SPARK", "VIRTUAL"))
        },
        "PATH": os.pathsep.join(
            path for path in os.environ["PATH"].split(os.pathsep) if Path(path).resolve() != own
        ),
        "SPARK_CONF_DIR": str(Path(__file__).parents[2] / "conf"),
        "SPARK_SUBMIT_OPTS": os.environ["SPARK_SUBMIT_OPTS"],  # a JVM that starts fast
    }
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, cwd=tmp_path, timeout=200, env=environment
    )
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert done.returncode == 0 and rows[-1] == ["5"], done.stdout + done.stderr
    assert {tuple(row[3:5]) for row in rows if row[0] == "mint"} == {("Ostia", "1"), ("Rome", "3")}, (
        done.stdout
    )


def test_spark_defaults_match_the_default_configuration(base_config: Config) -> None:
    """conf/spark-defaults.conf names the default catalog, relative to the project's root."""
    root = Path(__file__).parents[2]
    text = (root / "conf" / "spark-defaults.conf").read_text(encoding="utf-8")
    defaults = dict(line.split(None, 1) for line in text.splitlines() if line and not line.startswith("#"))
    settings = session.spark_settings(Config(warehouse=str(root / "warehouse")))
    for key, value in defaults.items():
        assert settings[key].replace(f"file://{root}/", "").replace(f"{root}/", "") == value.strip(), key
