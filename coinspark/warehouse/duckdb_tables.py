"""Tables and builds without Spark: DuckDB reads the data files that `iceberg_client` names."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from pyiceberg import types as iceberg
from pyiceberg.table import Table

from coinspark.config import Config
from coinspark.core.errors import CoinsparkError, InputError
from coinspark.core.formatting import one_line
from coinspark.core.storage_errors import remote_error
from coinspark.warehouse import iceberg_client, schemas
from coinspark.warehouse.catalog_properties import missing_file
from coinspark.warehouse.iceberg_client import Loader
from coinspark.warehouse.local_files import is_local, local_path

if TYPE_CHECKING:
    import pyarrow as pa  # slow to load

_PLAIN: dict[type[iceberg.IcebergType], str] = {
    iceberg.BooleanType: "BOOLEAN",
    iceberg.IntegerType: "INTEGER",
    iceberg.LongType: "BIGINT",
    iceberg.FloatType: "FLOAT",
    iceberg.DoubleType: "DOUBLE",
    iceberg.StringType: "VARCHAR",
    iceberg.BinaryType: "BLOB",
    iceberg.FixedType: "BLOB",
    iceberg.DateType: "DATE",
    iceberg.TimestampType: "TIMESTAMP",
    iceberg.TimestamptzType: "TIMESTAMP WITH TIME ZONE",
    iceberg.UUIDType: "UUID",
}
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "default_null_order": "nulls_first_on_asc_last_on_desc",  # as Spark
    "error_on_division_by_zero": False,  # the result is null, as in Spark
    "ieee_floating_point_ops": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,  # variables of this program as tables
}


@dataclass(frozen=True)
class Build:
    """A published build: name, time at which it was finished (UTC), and the snapshot of each table.

    Tables that are newer than the build are missing in `snapshots`.
    """

    name: str
    finished: datetime
    snapshots: dict[str, int]


def builds(config: Config, catalog: Mapping[str, Loader] | None = None) -> list[Build]:
    """All builds, oldest first. A build exists once the table `builds` has its row.

    Args:
        catalog: The open catalog; None: open it.

    Raises ConfigError and InputError as `iceberg_client.open_catalog`.
    """
    catalog = iceberg_client.open_catalog(config) if catalog is None else catalog
    with connect(config, catalog, [schemas.BUILDS.name]) as connection:
        rows = connection.sql("SELECT build, finished, snapshots FROM builds ORDER BY finished").fetchall()
    return [Build(name, finished, json.loads(snapshots)) for name, finished, snapshots in rows]


def read(config: Config, name: str, build: str | None = None, columns: Sequence[str] = ()) -> pa.Table:
    """A table as Arrow: the published rows, or those of a build. Empty if it is newer than the build.

    Args:
        build: Name of a build. The table `builds` has the builds up to this one.
        columns: Names of the columns to read; none: all. Only these are read from storage.

    Raises ConfigError and InputError as `iceberg_client.open_catalog`, and InputError for an unknown build.
    """
    with connect(config, iceberg_client.open_catalog(config), [name], build) as connection:
        rows = connection.table(name)
        return (rows.select(*map(quoted, columns)) if columns else rows).to_arrow_table()


def snapshots(known: Iterable[Build], name: str) -> dict[str, int]:
    """Table → snapshot of a build.

    Raises InputError for an unknown build.
    """
    known = list(known)
    for build in known:
        if build.name == name:
            return build.snapshots
    names = ", ".join(build.name for build in known)
    raise InputError(f"unknown build {name!r}; known builds: {names or 'none'}")


def connect(
    config: Config,
    catalog: Mapping[str, Loader],
    names: Iterable[str],
    build: str | None = None,
    types: Mapping[str, str] | None = None,
) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory with a view of each table. Data files are read when a query needs them.

    No statement can open another file, load an extension or change a setting.

    Args:
        build: Name of a build; None: the published tables.
        types: Type of DuckDB → type to read it as.

    Raises InputError for an unknown build, and if a table or a file is missing.
    """
    known = [] if build is None else builds(config, catalog)
    at = None if build is None else snapshots(known, build)
    scratch = f"{tempfile.gettempdir()}/coinspark-duckdb-{os.getpid()}"  # by default in the current folder
    connection = duckdb.connect(config={**_SETTINGS, "temp_directory": scratch})
    connection.execute("SET TimeZone = 'UTC'")  # as in Spark; a setting of an extension
    opened, registered = list[str](), set[str]()
    for name in names:
        table = iceberg_client.load_from(config, catalog, name)
        files = _files_at(config, table, name, at)
        schemes = {file.partition("://")[0] for file in files if not is_local(file)}
        _register_storage(config, connection, schemes - registered)
        registered |= schemes
        opened += files
        try:
            connection.execute(f"CREATE VIEW {quoted(name)} AS {_select(table, files, types or {})}")
        except duckdb.IOException as error:
            raise unreadable_file(config, name, error) from error
        if build is not None and name == schemas.BUILDS.name:
            order = [item.name for item in known]
            earlier = ", ".join(map(text_literal, order[: order.index(build) + 1]))
            connection.execute(
                f"CREATE TEMP VIEW builds AS FROM memory.main.builds WHERE build IN ({earlier})"
            )
    _lock(connection, opened)
    return connection


def _files_at(config: Config, table: Table, name: str, at: Mapping[str, int] | None) -> list[str]:
    """Data files of a table in a build, as paths or URIs; the published ones for `builds`."""
    if at is None or name == schemas.BUILDS.name:
        files = iceberg_client.data_files(config, table)
    else:
        files = iceberg_client.data_files(config, table, at[name]) if name in at else []
    return [local_path(file) if is_local(file) else file for file in files]


def _register_storage(config: Config, connection: duckdb.DuckDBPyConnection, schemes: set[str]) -> None:
    """Let DuckDB open URIs of these schemes, such as s3a."""
    for scheme in schemes:
        from coinspark.warehouse.object_storage import storage_access  # loads pyarrow
        from coinspark.warehouse.remote_files import DuckdbFileSystem

        location = config.warehouse if config.warehouse.startswith(f"{scheme}://") else f"{scheme}://"
        connection.register_filesystem(DuckdbFileSystem(location, storage_access(config)))


def _lock(connection: duckdb.DuckDBPyConnection, files: Sequence[str]) -> None:
    """Allow nothing but reading these files."""
    connection.execute(f"SET allowed_paths = [{', '.join(map(text_literal, files))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def unreadable_file(config: Config, name: str, error: duckdb.IOException) -> CoinsparkError:
    """The error for a data file of a table that DuckDB cannot read."""
    file = re.search(r'"([^"]+)"', str(error))
    if file and is_local(file[1]) and not Path(file[1]).exists():
        return missing_file(config, name, file[1])
    if not is_local(config.warehouse):
        return remote_error(file[1] if file else config.warehouse, error)
    return InputError(f"{config.warehouse}: table {name}: {one_line(error)}")


def quoted(name: str) -> str:
    """A name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(value: str) -> str:
    """A text as a literal of DuckDB's SQL."""
    return "'" + value.replace("'", "''") + "'"


def _select(table: Table, files: Sequence[str], types: Mapping[str, str]) -> str:
    """The rows of data files. Columns are those of the table today; a column that a file lacks is null."""
    fields = [(field, types.get(kind := _type(field.field_type), kind)) for field in table.schema().fields]
    if not files:
        columns = ", ".join(f"CAST(NULL AS {kind}) AS {quoted(field.name)}" for field, kind in fields)
        return f"SELECT {columns} WHERE false"
    columns = ", ".join(
        f"{field.field_id}: {{name: {text_literal(field.name)}, type: {text_literal(kind)}, "
        "default_value: NULL}"
        for field, kind in fields
    )
    return f"FROM read_parquet([{', '.join(map(text_literal, files))}], schema = MAP {{{columns}}})"


def _type(kind: iceberg.IcebergType) -> str:
    """The type of DuckDB for a type of Iceberg."""
    if isinstance(kind, iceberg.ListType):
        return f"{_type(kind.element_type)}[]"
    if isinstance(kind, iceberg.MapType):
        return f"MAP({_type(kind.key_type)}, {_type(kind.value_type)})"
    if isinstance(kind, iceberg.StructType):
        fields = ", ".join(f"{quoted(field.name)} {_type(field.field_type)}" for field in kind.fields)
        return f"STRUCT({fields})"
    if isinstance(kind, iceberg.DecimalType):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    return _PLAIN[type(kind)]
