"""Creating, reading and publishing tables. Only this module and `catalog` use Iceberg's API.

A table is written to a branch of its own, audited there, and published by moving `main` to that snapshot.
This is one commit of the catalog: a reader sees the old table or the new one.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import IllegalArgumentException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.core.errors import AuditError, InputError, LockError
from coinspark.core.hashing import digest
from coinspark.warehouse import lease, schemas, views
from coinspark.warehouse.catalog import (
    check_warehouse,
    create_namespace,
    create_table,
    full_name,
    load,
    table_names,
)
from coinspark.warehouse.catalog_properties import BUILD_AGAIN, VERSION_PROPERTY
from coinspark.warehouse.content import content_hash
from coinspark.warehouse.local_frame import local_frame
from coinspark.warehouse.schemas import Table

STAGING = "staging"
VIEWS_PROPERTY = "coinspark.views"
_PROPERTIES = {
    "format-version": "2",
    "write.distribution-mode": "none",
    VERSION_PROPERTY: str(schemas.VERSION),
}
_FEW = 10_000  # rows that the driver collects
_TAG = re.compile(r"^[A-Za-z0-9_]+$")


@dataclass(frozen=True)
class StagedTable:
    """A table on a staging branch: the snapshot, and the content hash of its rows."""

    table: Table
    snapshot: int
    content: str


def create(spark: SparkSession, config: Config) -> None:
    """Create the namespace, missing tables (each with an empty first snapshot) and missing columns.

    Raises InputError as `check_warehouse`, and where a column has another type.
    """
    lease.confirm(config)
    check_warehouse(spark, config)
    create_namespace(spark, config)
    existing = table_names(spark, config)
    for table in schemas.TABLES.values():
        if table.name not in existing:
            create_table(spark, config, table.name, table.ddl, table.doc, _PROPERTIES)
        else:
            _add_columns(spark, config, table)


def _add_columns(spark: SparkSession, config: Config, table: Table) -> None:
    load(spark, config, table.name)  # raises if its files are missing
    existing = dict(spark.table(full_name(config, table.name)).dtypes)
    for name, kind in table.columns.items():
        if existing.get(name, kind) != kind:
            raise InputError(
                f"{config.warehouse}: table {table.name}: the column {name} has the type {existing[name]}, "
                f"this coinspark needs {kind}; {BUILD_AGAIN}"
            )
    if missing := ", ".join(
        f"`{name}` {kind}" for name, kind in table.columns.items() if name not in existing
    ):
        spark.sql(f"ALTER TABLE {full_name(config, table.name)} ADD COLUMNS ({missing})")


def replace_views(spark: SparkSession, config: Config) -> None:
    """Create or replace all views unless they match the configuration and the code.

    A property of the table `builds` has the hash of their definitions.
    """
    namespace = f"{config.catalog.name}.{config.catalog.namespace}"
    statements = []
    for view in views.VIEWS.values():
        select = view.select(lambda name: full_name(config, name), config.evaluation.suspect_threshold)
        statements.append(
            f"CREATE OR REPLACE VIEW {namespace}.{view.name} ({', '.join(view.columns)}) "
            f"COMMENT {_quoted(view.doc)} AS {select}"
        )
    handle, definitions = load(spark, config, schemas.BUILDS.name), digest(statements)
    if handle.properties().get(VIEWS_PROPERTY) == definitions:
        return
    lease.confirm(config)
    for statement in statements:
        spark.sql(statement)
    handle.updateProperties().set(VIEWS_PROPERTY, definitions).commit()


def exists(spark: SparkSession, config: Config) -> bool:
    """Whether this warehouse holds coinspark's tables.

    Raises InputError as `check_warehouse`.
    """
    check_warehouse(spark, config)
    return schemas.BUILDS.name in table_names(spark, config)


def read(spark: SparkSession, config: Config, name: str, snapshot: int | None = None) -> DataFrame:
    """The published table, or the table at a snapshot."""
    reader = spark.read if snapshot is None else spark.read.option("snapshot-id", snapshot)
    return reader.table(full_name(config, name))


def snapshot(spark: SparkSession, config: Config, name: str) -> int:
    """The id of the published snapshot."""
    return int(load(spark, config, name).currentSnapshot().snapshotId())


def stage(
    spark: SparkSession, config: Config, name: str, rows: DataFrame, keep: DataFrame | None = None
) -> StagedTable:
    """Write rows to a new branch of the table.

    Args:
        rows: Rows with exactly the table's columns.
        keep: Key columns of the rows to keep. If given, `rows` are added to the published rows, and published
            rows whose key is not in `keep` are deleted. If None, `rows` replace the table.
    """
    lease.confirm(config)
    table = schemas.TABLES[name]
    _check_columns(table, rows)
    branch = _new_branch(spark, config, name)
    target = f"{full_name(config, name)}.branch_{branch}"
    if keep is None:
        rows.writeTo(target).overwrite(F.lit(True))
    else:
        rows.writeTo(target).append()
        _delete_others(spark, target, table, keep)
    staged = spark.read.option("branch", branch).table(full_name(config, name))
    snapshot = int(load(spark, config, name).snapshot(branch).snapshotId())
    return StagedTable(table, snapshot, content_hash(staged))


def _new_branch(spark: SparkSession, config: Config, name: str) -> str:
    """Create a branch from the published snapshot. Branches of runs that died are removed."""
    handle = load(spark, config, name)
    branches = handle.manageSnapshots()
    for left_over in _staging_branches(handle):
        branches.removeBranch(left_over)
    branch = f"{STAGING}_{uuid.uuid4().hex[:12]}"
    branches.createBranch(branch, handle.currentSnapshot().snapshotId()).commit()
    return branch


def _staging_branches(handle: Any) -> dict[str, int]:
    """Staging branch → its snapshot."""
    refs = handle.refs()
    return {str(key): int(refs.get(key).snapshotId()) for key in refs.keySet() if key.startswith(STAGING)}


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
    """Move the published table to the staged snapshot and return its id. Every later reader sees it.

    Raises:
        LockError: Another build has published the table since it was staged, or has removed the snapshot.
            Nothing was published.
    """
    lease.confirm(config)
    name, snapshot = staged.table.name, staged.snapshot
    handle = load(spark, config, name)
    if int(handle.currentSnapshot().snapshotId()) == snapshot:
        return snapshot
    overtaken = LockError(
        f"table {name}: another build has written it since this one began; the audited rows were not "
        "published. Run the same command again when no other build is running"
    )
    branches = [branch for branch, head in _staging_branches(handle).items() if head == snapshot]
    if not branches:
        raise overtaken
    try:
        move = handle.manageSnapshots().fastForwardBranch("main", branches[0])
        move.removeBranch(branches[0]).commit()
    except (Py4JJavaError, IllegalArgumentException) as error:
        if is_publishable(spark, config, staged):
            raise  # storage or catalog failed
        raise overtaken from error
    spark.sql(f"REFRESH TABLE {full_name(config, name)}")
    return snapshot


def is_publishable(spark: SparkSession, config: Config, staged: StagedTable) -> bool:
    """Whether the staged snapshot is published, or still there and based on the published one."""
    handle = load(spark, config, staged.table.name)
    snapshot, published = staged.snapshot, int(handle.currentSnapshot().snapshotId())
    if published == snapshot:
        return True
    util: Any = spark._jvm.org.apache.iceberg.util.SnapshotUtil  # type: ignore[union-attr]
    is_staged = snapshot in _staging_branches(handle).values()
    return is_staged and bool(util.isAncestorOf(handle, snapshot, published))


def append(spark: SparkSession, config: Config, name: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Append a few rows to `stages` or `builds` in one commit."""
    lease.confirm(config)
    frame = local_frame(spark, rows, schemas.TABLES[name].ddl).coalesce(1)
    frame.writeTo(full_name(config, name)).append()


def tag(spark: SparkSession, config: Config, name: str, snapshots: Mapping[str, int]) -> None:
    """Tag the given snapshot of each table. Replaces a tag of this name that a killed build left."""
    lease.confirm(config)
    for table, snapshot_id in snapshots.items():
        handle = load(spark, config, table)
        references = handle.manageSnapshots()
        exists = handle.refs().containsKey(name)
        (references.replaceTag if exists else references.createTag)(name, snapshot_id).commit()


def tags(spark: SparkSession, config: Config, name: str) -> list[str]:
    """Names of the builds that tag a table, sorted."""
    refs = load(spark, config, name).refs()
    return sorted(key for key in refs.keySet() if _TAG.match(key) and refs.get(key).isTag())


def _quoted(text: str) -> str:
    """A string of the code (never of a user) as an SQL literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _check_columns(table: Table, rows: DataFrame) -> None:
    if rows.columns != list(table.columns):
        raise AuditError(
            f"table {table.name}: expected the columns {list(table.columns)}, found {rows.columns}"
        )
