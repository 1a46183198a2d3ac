"""A build is what its row in `builds` says: it exists with the row, and shows the snapshots of the row."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.warehouse import builds, catalog, schemas, tables
from coinspark.warehouse.local_frame import local_frame


def publish_class(spark: SparkSession, config: Config, coin: str) -> None:
    rows = local_frame(spark, [("mint", coin, "original", "Rome", "Rome", "")], schemas.CLASSES.ddl)
    tables.publish(spark, config, tables.stage(spark, config, "classes", rows))


def coins_of(spark: SparkSession, config: Config, build: str) -> list[str]:
    return [row.coin_id for row in builds.read(spark, config, "classes", build).collect()]


def test_builds_show_the_tables_as_they_were(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    assert builds.latest(spark, config) is None
    publish_class(spark, config, "1")
    first = builds.publish(spark, config)
    publish_class(spark, config, "2")
    assert not builds.is_current(spark, config, first)
    second = builds.publish(spark, config)
    assert builds.is_current(spark, config, second)
    assert (builds.names(spark, config), builds.latest(spark, config)) == ([first, second], second)
    assert second == f"{first}_2"
    assert (coins_of(spark, config, first), coins_of(spark, config, second)) == (["1"], ["2"])
    with builds.shown_build(spark, config, first):
        assert [row.coin_id for row in spark.table("classes").collect()] == ["1"]
        assert [row.build for row in spark.table("builds").collect()] == [first]


def test_tagged_build_without_a_row_does_not_exist(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    tables.tag(spark, config, "build_1", {"coins": tables.snapshot(spark, config, "coins")})
    with (
        pytest.raises(InputError, match="unknown build 'build_1'; known builds: none"),
        builds.shown_build(spark, config, "build_1"),
    ):
        pass


def test_tables_newer_than_the_build_are_empty(spark: SparkSession, config: Config) -> None:
    """A build of an earlier coinspark that had no table `classes`."""
    tables.create(spark, config)
    publish_class(spark, config, "1")
    build = builds.publish(spark, config)
    name = catalog.full_name(config, "builds")
    before = builds.snapshots(spark, config, build)
    spark.sql(f"DELETE FROM {name}")
    kept = ", ".join(f'"{table}": {id}' for table, id in before.items() if table != "classes")
    spark.sql(f"INSERT INTO {name} VALUES ('{build}', current_timestamp(), '{{{kept}}}')")
    assert coins_of(spark, config, build) == []
    with builds.shown_build(spark, config, build):
        assert spark.table("classes").columns == list(schemas.CLASSES.columns)
        assert spark.table("classes").count() == spark.table("class_sizes").count() == 0


def test_columns_newer_than_the_build_are_null(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    name = catalog.full_name(config, "classes")
    spark.sql(f"ALTER TABLE {name} DROP COLUMN evidence")
    spark.sql(f"INSERT INTO {name} VALUES ('mint', '1', 'original', 'Rome', 'Rome')")
    build = builds.publish(spark, config)
    tables.create(spark, config)
    assert [row.evidence for row in builds.read(spark, config, "classes", build).collect()] == [None]
