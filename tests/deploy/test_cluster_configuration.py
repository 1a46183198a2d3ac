"""Catalogs and file systems that the files of conf/ name have their classes among the jars of the venv."""

from __future__ import annotations

import zipfile
from functools import cache
from pathlib import Path

import pyspark
import pytest

from coinspark.config import load
from coinspark.warehouse import session

ROOT = Path(__file__).parents[2]
CLUSTER_JARS = (ROOT / "deploy" / "jars" / "cluster.xml").read_text(encoding="utf-8")
CLASSES = {
    "rest": "org/apache/iceberg/rest/RESTCatalog.class",
    "jdbc": "org/apache/iceberg/jdbc/JdbcCatalog.class",
    "jdbc:sqlite": "org/sqlite/JDBC.class",
    "jdbc:postgresql": "org/postgresql/Driver.class",
    "jdbc:mysql": "com/mysql/cj/jdbc/Driver.class",
    "hdfs": "org/apache/hadoop/hdfs/DistributedFileSystem.class",
    "s3a": "org/apache/hadoop/fs/s3a/S3AFileSystem.class",
}
"""Type of a catalog, driver of its database, or scheme of a warehouse → its class."""
OPTIONAL = {"jdbc:postgresql": "postgresql", "s3a": "hadoop-aws"}
"""Those whose jars only `deploy/setup.sh cluster` installs → the artifact in deploy/jars/cluster.xml."""


@cache
def has_class(name: str) -> bool:
    """Whether a jar of PySpark contains the class."""
    for jar in (Path(pyspark.__file__).parent / "jars").glob("*.jar"):
        with zipfile.ZipFile(jar) as content:
            if name in content.NameToInfo:
                return True
    return False


@pytest.mark.parametrize("file", sorted((ROOT / "conf").glob("*.yaml")), ids=lambda file: file.name)
def test_catalog_and_file_system_have_their_classes(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COINSPARK_WAREHOUSE", "COINSPARK_CATALOG"):
        monkeypatch.delenv(name, raising=False)
    config = load([file])
    settings = session.spark_settings(config)
    prefix = f"spark.sql.catalog.{config.catalog.name}"
    names = {kind := settings[f"{prefix}.type"]}
    if kind == "jdbc":
        names.add(":".join(settings[f"{prefix}.uri"].split(":")[:2]))
    if "://" in config.warehouse:
        names.add(config.warehouse.partition("://")[0])
    optional = {name for name in names if f"<artifactId>{OPTIONAL.get(name)}</artifactId>" in CLUSTER_JARS}
    missing = {name for name in names - optional if name not in CLASSES or not has_class(CLASSES[name])}
    assert not missing, f"{file.name}: no jar has the classes of {missing}"


def test_cluster_configuration_does_not_set_what_spark_submit_ignores() -> None:
    config = load([ROOT / "conf" / "cluster.yaml"])
    assert config.spark.driver_memory == type(config.spark).model_fields["driver_memory"].default
    assert "spark.speculation" not in config.spark.conf
    assert config.training.launch == "horovod"
