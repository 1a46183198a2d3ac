"""Reading and publishing tables. This is the only module that uses Iceberg's API.

A table is written to its branch `staging`, audited there, and published by moving `main` to that snapshot.
This is one commit of the catalog: a reader sees the old table or the new one. A build is one tag on all
tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.core.errors import AuditError, InputError
from coinspark.warehouse import schemas, views
from coinspark.warehouse.local_frame import local_frame
from coinspark.warehouse.schemas import Table

STAGING = "staging"
VERSION_PROPERTY = "coinspark.schema-version"
_PROPERTIES = {
    "format-version": "2",
    "write.distribution-mode": "none",
    VERSION_PROPERTY: str(schemas.VERSION),
}
_FEW = 10_000  # rows that the driver collects
_TAG = re.compile(r"^[A-Za-z0-9_]+$")


@dataclass(frozen=True)
class StagedTable:
    """A table on its staging branch: the snapshot, and the content hash of its rows."""

    table: Table
    snapshot: int
    content: str


def full_name(config: Config, name: str) -> str:
    """`catalog.namespace.table`. The configuration checks that all three are identifiers."""
    return f"{config.catalog.name}.{config.catalog.namespace}.{name}"


def create(spark: SparkSession, config: Config) -> None:
    """Create the namespace, missing tables (each with an empty first snapshot) and missing columns.

    Raises InputError where the tables have another schema version.
    """
    check_schema_version(spark, config)
    namespace = f"{config.catalog.name}.{config.catalog.namespace}"
    spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {namespace}")
    existing = {row.tableName for row in spark.sql(f"SHOW TABLES IN {namespace}").collect()}
    for table in schemas.TABLES.values():
        if table.name not in existing:
            _create_table(spark, config, table)
        else:
            _add_columns(spark, config, table)


def _create_table(spark: SparkSession, config: Config, table: Table) -> None:
    """Create a table and its empty first snapshot in one commit: no killed process leaves one without it."""
    jvm: Any = spark._jvm
    manager = spark._jsparkSession.sessionState().catalogManager()
    name = jvm.org.apache.iceberg.catalog.TableIdentifier.parse(f"{config.catalog.namespace}.{table.name}")
    columns = jvm.org.apache.spark.sql.types.StructType.fromDDL(table.ddl)
    schema = jvm.org.apache.iceberg.spark.SparkSchemaUtil.convert(columns)
    creation = manager.catalog(config.catalog.name).icebergCatalog().buildTable(name, schema)
    for key, value in {**_PROPERTIES, "comment": table.doc}.items():
        creation.withProperty(key, value)
    transaction = creation.createTransaction()
    transaction.newAppend().commit()
    transaction.commitTransaction()


def check_schema_version(spark: SparkSession, config: Config) -> None:
    """Raise InputError where the warehouse holds tables of another schema version, such as those of an older
    coinspark.
    """
    names = [
        name for name in (schemas.STAGES.name, "nights") if spark.catalog.tableExists(full_name(config, name))
    ]
    if not names:
        return
    found = int(_handle(spark, config, names[0]).properties().getOrDefault(VERSION_PROPERTY, "1"))
    if found != schemas.VERSION:
        raise InputError(
            f"{config.warehouse}: the tables have schema version {found}, this coinspark needs "
            f"{schemas.VERSION}; set `warehouse` to a new folder or `catalog.namespace` to a new name, and "
            "run `coinspark nightly` to build everything again from the sources"
        )


def _add_columns(spark: SparkSession, config: Config, table: Table) -> None:
    existing = spark.table(full_name(config, table.name)).columns
    if missing := ", ".join(
        f"`{name}` {kind}" for name, kind in table.columns.items() if name not in existing
    ):
        spark.sql(f"ALTER TABLE {full_name(config, table.name)} ADD COLUMNS ({missing})")


def replace_views(spark: SparkSession, config: Config) -> None:
    """Create or replace all views, so that they match the configuration and the code."""
    namespace = f"{config.catalog.name}.{config.catalog.namespace}"
    for view in views.VIEWS.values():
        select = view.select(lambda name: full_name(config, name), config.evaluation.suspect_threshold)
        spark.sql(
            f"CREATE OR REPLACE VIEW {namespace}.{view.name} ({', '.join(view.columns)}) "
            f"COMMENT {_quoted(view.doc)} AS {select}"
        )


@contextmanager
def shown_build(spark: SparkSession, config: Config, build: str | None) -> Iterator[None]:
    """Context in which unqualified table and view names refer to one build, through temporary views.

    None: they refer to the published tables.
    """
    if build is None:
        yield
        return
    if build not in (known := tags(spark, config, schemas.COINS.name)):
        raise InputError(_unknown_build(build, known))
    try:
        for name in schemas.TABLES:
            if build in tags(spark, config, name):
                read(spark, config, name, tag=build).createOrReplaceTempView(name)
        for view in views.VIEWS.values():
            rows = spark.sql(view.select(lambda name: f"`{name}`", config.evaluation.suspect_threshold))
            rows.toDF(*view.columns).createOrReplaceTempView(view.name)
        yield
    finally:
        for name in (*schemas.TABLES, *views.VIEWS):
            spark.catalog.dropTempView(name)


def exists(spark: SparkSession, config: Config) -> bool:
    """Whether this warehouse holds coinspark's tables.

    Raises InputError where they have another schema version.
    """
    check_schema_version(spark, config)
    return bool(spark.catalog.tableExists(full_name(config, schemas.BUILDS.name)))


def read(
    spark: SparkSession, config: Config, name: str, snapshot: int | None = None, tag: str | None = None
) -> DataFrame:
    """The published table, or the table at a snapshot or at a build's tag.

    Raises InputError for an unknown build.
    """
    if tag is not None:
        if tag not in (known := tags(spark, config, name)):
            raise InputError(_unknown_build(tag, known))
        return spark.read.option("tag", tag).table(full_name(config, name))
    reader = spark.read if snapshot is None else spark.read.option("snapshot-id", snapshot)
    return reader.table(full_name(config, name))


def snapshot(spark: SparkSession, config: Config, name: str) -> int:
    """The id of the published snapshot."""
    return int(_handle(spark, config, name).currentSnapshot().snapshotId())


def stage(
    spark: SparkSession, config: Config, name: str, rows: DataFrame, keep: DataFrame | None = None
) -> StagedTable:
    """Write rows to the table's staging branch.

    Args:
        rows: Rows with exactly the table's columns.
        keep: Key columns of the rows to keep. If given, `rows` are added to the published rows, and published
            rows whose key is not in `keep` are deleted. If None, `rows` replace the table.
    """
    table = schemas.TABLES[name]
    _check_columns(table, rows)
    handle = _handle(spark, config, name)
    branches, main = handle.manageSnapshots(), handle.currentSnapshot().snapshotId()
    left_over = handle.refs().containsKey(STAGING)  # from a run that died: reset it to the published snapshot
    (branches.replaceBranch(STAGING, main) if left_over else branches.createBranch(STAGING, main)).commit()
    target = f"{full_name(config, name)}.branch_{STAGING}"
    if keep is None:
        rows.writeTo(target).overwrite(F.lit(True))
    else:
        rows.writeTo(target).append()
        _delete_others(spark, target, table, keep)
    staged = spark.read.option("branch", STAGING).table(full_name(config, name))
    handle.refresh()
    return StagedTable(table, int(handle.snapshot(STAGING).snapshotId()), content_hash(staged))


def _delete_others(spark: SparkSession, target: str, table: Table, keep: DataFrame) -> None:
    """Delete the rows of a branch whose key is not in `keep`."""
    keys = list(table.key)
    branch = spark.read.table(target).select(*keys)
    orphans = branch.join(keep.select(*keys).distinct(), keys, "left_anti")
    few = orphans.limit(_FEW + 1).collect()
    if not few:
        return
    if len(few) <= _FEW:  # MERGE reads its source several times
        orphans = local_frame(spark, few, ", ".join(f"`{key}` {table.columns[key]}" for key in keys))
    orphans.createOrReplaceTempView("coinspark_orphans")
    on = " AND ".join(f"kept.`{key}` = gone.`{key}`" for key in keys)
    spark.sql(f"MERGE INTO {target} kept USING coinspark_orphans gone ON {on} WHEN MATCHED THEN DELETE")
    spark.catalog.dropTempView("coinspark_orphans")


def audit(spark: SparkSession, config: Config, staged: StagedTable) -> None:
    """Raise AuditError, naming table and key, where a key column is null or a key is not unique."""
    table = staged.table
    rows = (
        spark.read.option("snapshot-id", staged.snapshot)
        .table(full_name(config, table.name))
        .select(*table.key)
    )
    wrong = "count > 1 OR " + " OR ".join(f"`{key}` IS NULL" for key in table.key)
    for row in rows.groupBy(*table.key).count().where(wrong).orderBy(*table.key).limit(1).collect():
        key = {name: row[name] for name in table.key}
        fault = f"null in the key {key}" if None in key.values() else f"duplicate key {key}"
        raise AuditError(f"table {table.name}: {fault}; nothing was published")


def publish(spark: SparkSession, config: Config, staged: StagedTable) -> int:
    """Fast-forward the published table to the staged snapshot and return its id.

    Every later reader sees it.
    """
    handle = _handle(spark, config, staged.table.name)
    handle.manageSnapshots().fastForwardBranch("main", STAGING).commit()
    spark.sql(f"REFRESH TABLE {full_name(config, staged.table.name)}")
    return staged.snapshot


def append(spark: SparkSession, config: Config, name: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Append a few rows to `stages` or `builds` in one commit."""
    frame = local_frame(spark, rows, schemas.TABLES[name].ddl).coalesce(1)
    frame.writeTo(full_name(config, name)).append()


def tag(spark: SparkSession, config: Config, name: str, snapshots: Mapping[str, int]) -> None:
    """Tag the given snapshot of each table. Replaces a tag of this name that a build left which died."""
    for table, snapshot_id in snapshots.items():
        handle = _handle(spark, config, table)
        references = handle.manageSnapshots()
        exists = handle.refs().containsKey(name)
        (references.replaceTag if exists else references.createTag)(name, snapshot_id).commit()


def tags(spark: SparkSession, config: Config, name: str) -> list[str]:
    """Names of the builds that tag a table, sorted."""
    refs = _handle(spark, config, name).refs()
    return sorted(key for key in refs.keySet() if _TAG.match(key) and refs.get(key).isTag())


def latest_build(spark: SparkSession, config: Config) -> str | None:
    """Name of the newest build, or None if there is none."""
    newest = read(spark, config, schemas.BUILDS.name).orderBy("finished", ascending=False).limit(1).collect()
    return str(newest[0]["build"]) if newest else None


def content_hash(rows: DataFrame) -> str:
    """Row count and sum of the rows' xxhash64, as text. The order of rows and partitions does not count."""
    row = (
        rows.select(
            F.xxhash64(*[F.col(f"`{name}`") for name in rows.columns]).cast("decimal(38,0)").alias("h")
        )
        .agg(F.count("*").alias("n"), F.coalesce(F.sum("h"), F.lit(0)).alias("h"))
        .collect()[0]
    )
    return f"{row['n']}-{int(row['h']) % 2**64:016x}"


def _unknown_build(build: str, known: list[str]) -> str:
    return f"unknown build {build!r}; known builds: {', '.join(known) or 'none'}"


def _quoted(text: str) -> str:
    """A string of the code (never of a user) as an SQL literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _check_columns(table: Table, rows: DataFrame) -> None:
    if rows.columns != list(table.columns):
        raise AuditError(
            f"table {table.name}: expected the columns {list(table.columns)}, found {rows.columns}"
        )


def _handle(spark: SparkSession, config: Config, name: str) -> Any:
    """Iceberg's Table object. Its commits are atomic and take milliseconds; the same in SQL takes seconds."""
    loader = spark._jvm.org.apache.iceberg.spark.Spark3Util  # type: ignore[union-attr]
    handle = loader.loadIcebergTable(spark._jsparkSession, full_name(config, name))
    handle.refresh()
    return handle
