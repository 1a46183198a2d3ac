"""The log of leases: a table without rows, whose snapshots are the entries, each a commit of the catalog.

Iceberg may commit on top of a snapshot that another process has added in the meantime. So each entry names
the snapshot that its writer saw (`after`) and is valid only if that is its parent. This makes an append a
compare-and-set with any catalog: of two processes that saw the same state, one writes a valid entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.warehouse import schemas
from coinspark.warehouse.catalog import create_namespace, create_table, load, table_names
from coinspark.warehouse.catalog_properties import VERSION_PROPERTY
from coinspark.warehouse.lease_entry import SUMMARY, TABLE, Entry, entry_text, valid_entry

_DOC = "Builds that wrote to this warehouse; the entries are the summaries of its snapshots"
_PROPERTIES = {
    VERSION_PROPERTY: str(schemas.VERSION),
    "commit.retry.num-retries": "0",  # another entry came first: read it and decide again
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
}
_OLD_ENTRIES = 30  # that are removed together


def open_log(spark: SparkSession, config: Config) -> Any:
    """Iceberg's handle of the log. Creates it; several processes may do so at once."""
    for is_last in (False, False, True):
        if TABLE in table_names(spark, config):
            break
        try:
            create_namespace(spark, config)
            create_table(spark, config, TABLE, "entry string", _DOC, _PROPERTIES)
        except (Py4JJavaError, PySparkException):  # another process creates them at this moment
            if is_last and TABLE not in table_names(spark, config):
                raise
    return load(spark, config, TABLE)


def read(log: Any) -> tuple[int, int, Entry | None]:
    """The newest snapshot, and the newest valid entry with its snapshot. The snapshot of no entry is -1."""
    log.refresh()
    newest = log.currentSnapshot()
    snapshot = newest
    while snapshot is not None:
        parent = snapshot.parentId()
        if (entry := valid_entry(snapshot.summary().get(SUMMARY), parent)) is not None:
            return int(newest.snapshotId()), int(snapshot.snapshotId()), entry
        snapshot = None if parent is None else log.snapshot(parent)
    return int(newest.snapshotId()), -1, None


def append(log: Any, entry: Entry) -> None:
    """Commit an entry. Whether it is valid, even if the commit raised no error, `read` tells.

    Raises:
        Py4JJavaError: The catalog or the storage failed, and the entry is not in the log.
    """
    try:
        log.newFastAppend().set(SUMMARY, entry_text(entry)).commit()
    except Py4JJavaError as error:
        if not any(name in str(error) for name in ("CommitFailedException", "CommitStateUnknownException")):
            raise


def remove_old(log: Any, valid: int) -> None:
    """Remove the entries before a valid one, and their files, if there are many."""
    if len(log.snapshots()) <= _OLD_ENTRIES:
        return
    removal = log.expireSnapshots()
    for snapshot in _ancestors(log, valid):
        removal.expireSnapshotId(snapshot)
    try:
        removal.commit()
    except Py4JJavaError as error:
        if "CommitFailedException" not in str(error):  # otherwise the next entry removes them
            raise


def _ancestors(log: Any, snapshot: int) -> Iterator[int]:
    """The snapshots before one that still exist."""
    parent = log.snapshot(snapshot).parentId()
    while parent is not None and log.snapshot(parent) is not None:
        yield int(parent)
        parent = log.snapshot(parent).parentId()
