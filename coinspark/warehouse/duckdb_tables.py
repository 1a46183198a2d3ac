"""Tables and builds without Spark: DuckDB reads the data files that `iceberg_client` names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
from pyiceberg import types as iceberg
from pyiceberg.table import Table

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.core.formatting import one_line
from coinspark.warehouse import iceberg_client, schemas
from coinspark.warehouse.catalog_properties import missing_file
from coinspark.warehouse.iceberg_client import Loader
from coinspark.warehouse.local_files import is_local, local_path

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
    "ieee_floating_point_ops": False,  # 1 / 0 is null, as in Spark
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
    connection = connect(config, catalog, [schemas.BUILDS.name])
    rows = connection.sql("SELECT build, finished, snapshots FROM builds ORDER BY finished").fetchall()
    return [Build(name, finished, json.loads(snapshots)) for name, finished, snapshots in rows]


def read(config: Config, name: str, build: str | None = None, columns: Sequence[str] = ()) -> pa.Table:
    """A table as Arrow: the published rows, or those of a build. Empty if it is newer than the build.

    Args:
        build: Name of a build.
        columns: Names of the columns to read; none: all. Only these are read from storage.

    Raises ConfigError and InputError as `iceberg_client.open_catalog`, and InputError for an unknown build.
    """
    catalog = iceberg_client.open_catalog(config)
    at = None if build is None else snapshots(builds(config, catalog), build)
    rows = connect(config, catalog, [name], at).table(name)
    return rows.select(*map(quoted, columns)).to_arrow_table() if columns else rows.to_arrow_table()


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
    config: Config, catalog: Mapping[str, Loader], names: Iterable[str], at: Mapping[str, int] | None = None
) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory with a view of each table. Data files are read when a query needs them.

    Args:
        at: Table → snapshot; tables that are missing there are empty. None: the published tables.
    """
    connection = duckdb.connect(config=_SETTINGS)
    connection.execute("SET TimeZone = 'UTC'")  # as in Spark; a setting of an extension
    for name in names:
        table = iceberg_client.load_from(config, catalog, name)
        is_empty = at is not None and name not in at
        snapshot = None if at is None or is_empty else at[name]
        files = [] if is_empty else iceberg_client.data_files(config, table, snapshot)
        try:
            connection.execute(f"CREATE VIEW {quoted(name)} AS {_select(table, files)}")
        except duckdb.IOException as error:
            raise unreadable_file(config, name, error) from error
    return connection


def unreadable_file(config: Config, name: str, error: duckdb.IOException) -> InputError:
    """The error for a data file of a table that DuckDB cannot read."""
    file = re.search(r'"([^"]+)"', str(error))
    if file and is_local(file[1]) and not Path(file[1]).exists():
        return missing_file(config, name, file[1])
    return InputError(f"{config.warehouse}: table {name}: {one_line(error)}")


def quoted(name: str) -> str:
    """A name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def _select(table: Table, files: Sequence[str]) -> str:
    """The rows of data files. Columns are those of the table today; a column that a file lacks is null."""
    fields = table.schema().fields
    if not files:
        columns = ", ".join(
            f"CAST(NULL AS {_type(field.field_type)}) AS {quoted(field.name)}" for field in fields
        )
        return f"SELECT {columns} WHERE false"
    columns = ", ".join(
        f"{field.field_id}: {{name: {_text(field.name)}, type: {_text(_type(field.field_type))}, "
        "default_value: NULL}"
        for field in fields
    )
    paths = ", ".join(_text(local_path(file) if is_local(file) else file) for file in files)
    return f"SELECT * FROM read_parquet([{paths}], schema = MAP {{{columns}}})"


def _text(value: str) -> str:
    """A text as a literal of SQL."""
    return "'" + value.replace("'", "''") + "'"


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
