"""read · stage · audit · publish · tag: the only module that knows Iceberg.

A table is written to its branch `staging`, audited there, and published by moving `main` to it: one commit of the
catalog, so that a reader sees the old table or the new one and never a half. A build is a tag of one name on all tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.core.errors import AuditError, InputError
from coinspark.warehouse import schemas, views
from coinspark.warehouse.schemas import Table

STAGING = "staging"
VERSION_PROPERTY = "coinspark.schema-version"
_TAG = re.compile(r"^[A-Za-z0-9_]+$")


@dataclass(frozen=True)
class Staged:
    """A table written to its staging branch: the snapshot there, and the content hash of its rows."""

    table: Table
    snapshot: int
    content: str


def full_name(config: Config, name: str) -> str:
    """`catalog.namespace.table`; all three are identifiers, checked where they are configured."""
    return f"{config.catalog.name}.{config.catalog.namespace}.{name}"


def create(spark: SparkSession, config: Config) -> None:
    """Create the namespace, missing tables (each with an empty first snapshot) and missing columns.

    Raises InputError where the tables have another schema version.
    """
    check_schema_version(spark, config)
    namespace = f"{config.catalog.name}.{config.catalog.namespace}"
    spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {namespace}")
    there = {row.tableName for row in spark.sql(f"SHOW TABLES IN {namespace}").collect()}
    for table in schemas.TABLES.values():
        if table.name not in there:
            spark.sql(
                f"CREATE TABLE IF NOT EXISTS {full_name(config, table.name)} ({table.ddl}) USING iceberg "
                f"COMMENT {_quoted(table.doc)} TBLPROPERTIES ('format-version'='2', 'write.distribution-mode'='none', "
                f"'{VERSION_PROPERTY}'='{schemas.VERSION}')"
            )
            _handle(spark, config, table.name).newAppend().commit()
        else:
            _add_columns(spark, config, table)


def check_schema_version(spark: SparkSession, config: Config) -> None:
    """Raise InputError where the warehouse holds tables of another schema version, such as those of an older coinspark."""
    names = [
        name for name in (schemas.STAGES.name, "nights") if spark.catalog.tableExists(full_name(config, name))
    ]
    if not names:
        return
    found = int(_handle(spark, config, names[0]).properties().getOrDefault(VERSION_PROPERTY, "1"))
    if found != schemas.VERSION:
        raise InputError(
            f"{config.warehouse}: the tables of {config.catalog.name}.{config.catalog.namespace} have schema version {found}, "
            f"this coinspark needs {schemas.VERSION}; set `warehouse` to a new folder (or `catalog.namespace` to a new name) "
            f"and run `coinspark nightly`, which builds everything again from the sources"
        )


def _add_columns(spark: SparkSession, config: Config, table: Table) -> None:
    has = spark.table(full_name(config, table.name)).columns
    if lacks := ", ".join(f"`{name}` {kind}" for name, kind in table.columns.items() if name not in has):
        spark.sql(f"ALTER TABLE {full_name(config, table.name)} ADD COLUMNS ({lacks})")


def replace_views(spark: SparkSession, config: Config) -> None:
    """Make the views anew, so that they follow the configuration and the code."""
    namespace = f"{config.catalog.name}.{config.catalog.namespace}"
    for view in views.VIEWS.values():
        select = view.select(lambda name: full_name(config, name), config.evaluation.suspect)
        spark.sql(
            f"CREATE OR REPLACE VIEW {namespace}.{view.name} ({', '.join(view.columns)}) "
            f"COMMENT {_quoted(view.doc)} AS {select}"
        )


def show_build(spark: SparkSession, config: Config, build: str) -> None:
    """Let the bare names of tables and views mean one build, for this session: temporary views come before tables."""
    if build not in (found := tags(spark, config, schemas.COINS.name)):
        raise InputError(f"there is no build {build!r}; there are: {', '.join(found) or 'none yet'}")
    for name in schemas.TABLES:
        if build in tags(spark, config, name):
            read(spark, config, name, tag=build).createOrReplaceTempView(name)
    for view in views.VIEWS.values():
        rows = spark.sql(view.select(lambda name: f"`{name}`", config.evaluation.suspect))
        rows.toDF(*view.columns).createOrReplaceTempView(view.name)


def exists(spark: SparkSession, config: Config) -> bool:
    """Whether this warehouse holds coinspark's tables. Raises InputError where they have another schema version."""
    check_schema_version(spark, config)
    return bool(spark.catalog.tableExists(full_name(config, schemas.BUILDS.name)))


def read(
    spark: SparkSession, config: Config, name: str, snapshot: int | None = None, tag: str | None = None
) -> DataFrame:
    """The table as published, or as it was at a snapshot or at a build's tag (InputError when there is no such build)."""
    if tag is not None:
        if tag not in tags(spark, config, name):
            raise InputError(
                f"table {name} has no build {tag!r}; there are: {', '.join(tags(spark, config, name)) or 'none'}"
            )
        return spark.read.option("tag", tag).table(full_name(config, name))
    reader = spark.read if snapshot is None else spark.read.option("snapshot-id", snapshot)
    return reader.table(full_name(config, name))


def snapshot(spark: SparkSession, config: Config, name: str) -> int:
    """The id of the published snapshot."""
    return int(_handle(spark, config, name).currentSnapshot().snapshotId())


def stage(
    spark: SparkSession, config: Config, name: str, rows: DataFrame, keep: DataFrame | None = None
) -> Staged:
    """Write the rows to the table's staging branch: all of it, or (with `keep`) on top of the published rows.

    With `keep`, a DataFrame of the table's key columns, published rows whose key is not in it are left out.
    """
    table = schemas.TABLES[name]
    _check_columns(table, rows)
    handle = _handle(spark, config, name)
    change, main = handle.manageSnapshots(), handle.currentSnapshot().snapshotId()
    again = handle.refs().containsKey(STAGING)  # left by a run that died: start from what is published
    (change.replaceBranch(STAGING, main) if again else change.createBranch(STAGING, main)).commit()
    target = f"{full_name(config, name)}.branch_{STAGING}"
    if keep is None:
        rows.writeTo(target).overwrite(F.lit(True))
    else:
        rows.writeTo(target).append()
        _drop_others(spark, target, table, keep)
    staged = spark.read.option("branch", STAGING).table(full_name(config, name))
    handle.refresh()
    return Staged(table, int(handle.snapshot(STAGING).snapshotId()), content_hash(staged))


def _drop_others(spark: SparkSession, target: str, table: Table, keep: DataFrame) -> None:
    keys = list(table.key)
    branch = spark.read.table(target).select(*keys)
    orphans = branch.join(keep.select(*keys).distinct(), keys, "left_anti")
    if orphans.isEmpty():
        return
    orphans.createOrReplaceTempView("coinspark_orphans")
    on = " AND ".join(f"kept.`{key}` = gone.`{key}`" for key in keys)
    spark.sql(f"MERGE INTO {target} kept USING coinspark_orphans gone ON {on} WHEN MATCHED THEN DELETE")
    spark.catalog.dropTempView("coinspark_orphans")


def audit(spark: SparkSession, config: Config, staged: Staged) -> None:
    """Every key is there and stands once, or AuditError naming table and key."""
    table = staged.table
    rows = (
        spark.read.option("snapshot-id", staged.snapshot)
        .table(full_name(config, table.name))
        .select(*table.key)
    )
    wrong = "count > 1 OR " + " OR ".join(f"`{key}` IS NULL" for key in table.key)
    for row in rows.groupBy(*table.key).count().where(wrong).orderBy(*table.key).limit(1).collect():
        key = {name: row[name] for name in table.key}
        says = (
            f"a row without its key {key}" if None in key.values() else f"the key {key} stands more than once"
        )
        raise AuditError(f"table {table.name}: {says}; nothing was published")


def publish(spark: SparkSession, config: Config, staged: Staged) -> int:
    """Move the published table to the staged snapshot; afterwards every reader sees it. Returns the snapshot's id."""
    handle = _handle(spark, config, staged.table.name)
    handle.manageSnapshots().fastForwardBranch("main", STAGING).commit()
    spark.sql(f"REFRESH TABLE {full_name(config, staged.table.name)}")
    return staged.snapshot


def append(spark: SparkSession, config: Config, name: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Add a few rows of bookkeeping to `stages` or `builds` in one commit."""
    frame = spark.createDataFrame(list(rows), schemas.TABLES[name].ddl).coalesce(1)
    frame.writeTo(full_name(config, name)).append()


def tag(spark: SparkSession, config: Config, name: str, snapshots: Mapping[str, int]) -> None:
    """Put the tag of this name on the given snapshot of each table, replacing one left by a build that died."""
    for table, at in snapshots.items():
        handle = _handle(spark, config, table)
        change = handle.manageSnapshots()
        change = (
            change.replaceTag(name, at) if handle.refs().containsKey(name) else change.createTag(name, at)
        )
        change.commit()


def tags(spark: SparkSession, config: Config, name: str) -> list[str]:
    """The tags of a table, sorted."""
    refs = _handle(spark, config, name).refs()
    return sorted(key for key in refs.keySet() if _TAG.match(key) and refs.get(key).isTag())


def latest_build(spark: SparkSession, config: Config) -> str | None:
    """The newest published build, or None before the first."""
    newest = read(spark, config, schemas.BUILDS.name).orderBy("finished", ascending=False).limit(1).collect()
    return str(newest[0]["build"]) if newest else None


def content_hash(rows: DataFrame) -> str:
    """A hash of the rows, whatever their order, files and partitions: row count and the sum of the rows' xxhash64."""
    row = (
        rows.select(
            F.xxhash64(*[F.col(f"`{name}`") for name in rows.columns]).cast("decimal(38,0)").alias("h")
        )
        .agg(F.count("*").alias("n"), F.coalesce(F.sum("h"), F.lit(0)).alias("h"))
        .collect()[0]
    )
    return f"{row['n']}-{int(row['h']) % 2**64:016x}"


def _quoted(text: str) -> str:
    """A comment of ours as an SQL literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _check_columns(table: Table, rows: DataFrame) -> None:
    if rows.columns != list(table.columns):
        raise AuditError(
            f"table {table.name}: the rows have the columns {rows.columns}, not {list(table.columns)}"
        )


def _handle(spark: SparkSession, config: Config, name: str) -> Any:
    """Iceberg's own Table object: its commits are the atomic step, and take milliseconds where SQL takes seconds."""
    loader = spark._jvm.org.apache.iceberg.spark.Spark3Util  # type: ignore[union-attr]
    handle = loader.loadIcebergTable(spark._jsparkSession, full_name(config, name))
    handle.refresh()
    return handle
