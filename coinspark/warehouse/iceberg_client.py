"""Tables without Spark, for reading: metadata, snapshots and data files, from the configuration alone.

Nothing here creates or changes a file or a catalog. A warehouse that this user may only read can be opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError
from pyiceberg.io import FileIO
from pyiceberg.serializers import FromInputFile
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from coinspark.config import Config
from coinspark.core.errors import CoinsparkError, ConfigError, InputError
from coinspark.core.formatting import one_line
from coinspark.core.storage_errors import remote_error, storage_error
from coinspark.warehouse import jdbc_catalog, schemas
from coinspark.warehouse.catalog_properties import catalog_properties, check_table_properties, missing_file
from coinspark.warehouse.local_files import LocalFileIO, is_local

Loader = Callable[[str], Table]
"""Loads a table by its name."""


class Change(NamedTuple):
    """A snapshot: its id, that of its parent, and its summary."""

    snapshot: int
    parent: int | None
    summary: dict[str, str]


def open_catalog(config: Config) -> dict[str, Loader]:
    """Table → its loader, for all tables and views that the catalog knows in the namespace.

    The loaders of a JDBC catalog return the tables as they were at this call.

    Raises:
        ConfigError: The catalog is of a kind that only Spark can open.
        InputError: There are no tables yet, the catalog does not answer, or the tables belong to another
            warehouse or have another schema version.
    """
    properties = catalog_properties(config)
    kind, uri = properties.get("type", "hive"), properties.get("uri", "")
    if kind == "jdbc" and jdbc_catalog.is_supported(uri):
        locations = jdbc_catalog.metadata_locations(config, properties)
        loaders: dict[str, Loader] = {
            name: partial(_load_file, config, location) for name, location in locations.items()
        }
    elif kind == "rest":
        loaders = _rest_loaders(config, properties)
    else:
        name = properties.get("catalog-impl", kind)
        raise ConfigError(
            f"catalog.properties: a catalog of the type {name!r} cannot be opened without Spark "
            "(jdbc with SQLite or PostgreSQL, and rest can); use --engine spark"
        )
    if schemas.BUILDS.name not in loaders:
        raise InputError(
            f"{config.warehouse}: no tables; run `coinspark nightly` with this configuration first"
        )
    return loaders


def load(config: Config, name: str) -> Table:
    """A table with its metadata: `snapshots()`, `refs()` (branches and tags), `schema()`, `properties`.

    Raises ConfigError and InputError as `open_catalog`, and InputError if the table or its file is missing.
    """
    return load_from(config, open_catalog(config), name)


def load_from(config: Config, catalog: Mapping[str, Loader], name: str) -> Table:
    """As `load`, from a catalog that is open."""
    if name not in catalog:
        raise InputError(f"{config.warehouse}: no table {name!r} in the namespace {config.catalog.namespace}")
    table = catalog[name](name)
    check_table_properties(config, table.properties)
    return table


def published_snapshot(table: Table) -> int | None:
    """The id of the snapshot of `main`; None for a table without one."""
    snapshot = table.current_snapshot()
    return snapshot.snapshot_id if snapshot else None


def history(table: Table) -> list[Change]:
    """All snapshots of a table, oldest first."""
    snapshots = sorted(table.snapshots(), key=lambda snapshot: snapshot.sequence_number or 0)
    return [Change(each.snapshot_id, each.parent_snapshot_id, summary(each)) for each in snapshots]


def summary(snapshot: Snapshot) -> dict[str, str]:
    """The summary of a snapshot: `operation`, and counts such as `total-records`, as Iceberg writes them."""
    if snapshot.summary is None:
        return {}
    return {"operation": snapshot.summary.operation.value, **snapshot.summary.additional_properties}


def data_files(config: Config, table: Table, snapshot: int | None = None) -> list[str]:
    """Locations of the data files of a snapshot, or of the published one.

    Raises InputError where a manifest is missing, or rows are deleted by delete files, which coinspark's own
    stages never write.
    """
    if snapshot is None and table.current_snapshot() is None:
        return []
    try:
        tasks = list(table.scan(snapshot_id=snapshot).plan_files())
    except OSError as error:
        raise _unreadable(config, table.name()[-1], str(error.filename or ""), error) from error
    if any(task.delete_files for task in tasks):
        raise InputError(
            f"{config.warehouse}: table {table.name()[-1]} has delete files, which another program has "
            "written; use --engine spark"
        )
    return sorted(task.file.file_path for task in tasks)


def file_io(config: Config, location: str) -> FileIO:
    """Access to the storage of a location."""
    if is_local(location):
        return LocalFileIO()
    from coinspark.warehouse.object_storage import storage_access  # loads pyarrow
    from coinspark.warehouse.remote_files import RemoteFileIO

    return RemoteFileIO(storage_access(config))


def _load_file(config: Config, location: str, name: str) -> Table:
    files = file_io(config, location)
    try:
        metadata = FromInputFile.table_metadata(files.new_input(location))
    except OSError as error:
        raise _unreadable(config, name, location, error) from error
    identifier = (config.catalog.name, config.catalog.namespace, name)
    return Table(identifier, metadata, location, files, NoopCatalog(config.catalog.name))


def _unreadable(config: Config, table: str, location: str, error: OSError) -> CoinsparkError:
    """The error for a metadata file that is missing or cannot be read."""
    if isinstance(error, FileNotFoundError):
        return missing_file(config, table, location)
    if is_local(config.warehouse):
        return storage_error(error) or InputError(f"{config.warehouse}: table {table}: {one_line(error)}")
    return remote_error(location or config.warehouse, error)


def _rest_loaders(config: Config, properties: Mapping[str, str]) -> dict[str, Loader]:
    from pyiceberg.catalog.rest import RestCatalog  # loads requests
    from requests import RequestException

    given = {**properties, "py-io-impl": f"{LocalFileIO.__module__}.{LocalFileIO.__name__}"}
    given.setdefault("warehouse", config.warehouse)
    try:
        catalog = RestCatalog(config.catalog.name, **given)
        tables = catalog.list_tables(config.catalog.namespace)
    except NoSuchNamespaceError:
        return {}
    except RequestException as error:
        raise InputError(f"catalog.properties: the REST catalog does not answer: {one_line(error)}") from None

    def loader(name: str) -> Table:
        try:
            table: Table = catalog.load_table((config.catalog.namespace, name))
        except NoSuchTableError as error:
            raise missing_file(config, name, "") from error
        table.io = file_io(config, table.metadata_location)
        return table

    return {identifier[-1]: loader for identifier in tables}
