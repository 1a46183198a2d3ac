"""Lookup of tables in an Iceberg JDBC catalog (SQLite or PostgreSQL), without Java.

The catalog is one SQL table, `iceberg_tables`, which Iceberg's JDBC catalog defines. A query of it takes
milliseconds; pyiceberg's SqlCatalog loads SQLAlchemy, which takes as long as a whole `coinspark sql`.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

from coinspark.config import Config
from coinspark.core.errors import ConfigError, InputError
from coinspark.core.formatting import one_line

_WAIT = 60
"""Seconds to wait for a build that writes the SQLite file."""
_QUERY = (
    "SELECT table_name, metadata_location FROM iceberg_tables "
    "WHERE catalog_name = {0} AND table_namespace = {0} AND metadata_location IS NOT NULL"
)
_POSTGRESQL = {
    "user": "user",
    "password": "password",
    "sslmode": "sslmode",
    "sslcert": "sslcert",
    "sslkey": "sslkey",
    "sslrootcert": "sslrootcert",
    "connectTimeout": "connect_timeout",
    "ApplicationName": "application_name",
}
"""Parameter of PostgreSQL's JDBC driver → parameter of its C library. Others do not matter to a reader."""


def is_supported(uri: str) -> bool:
    """Whether this module can open the database of a JDBC URI."""
    return uri.startswith(("jdbc:sqlite:", "jdbc:postgresql:"))


def metadata_locations(config: Config, properties: Mapping[str, str]) -> dict[str, str]:
    """Table or view → location of its newest metadata file. Empty if there are no tables yet.

    Args:
        properties: Properties of the catalog, as `catalog_properties` returns them.

    Raises:
        InputError: The database does not answer, or refuses the login.
        ConfigError: The driver of PostgreSQL is not installed.
    """
    uri = properties["uri"]
    if uri.startswith("jdbc:sqlite:"):
        return _read_sqlite(config, sqlite_file(uri))
    return _read_postgresql(config, properties)


def sqlite_file(uri: str) -> Path:
    """The file of a JDBC URI of SQLite."""
    return Path(uri.removeprefix("jdbc:sqlite:").removeprefix("file:").partition("?")[0])


def _read_sqlite(config: Config, file: Path) -> dict[str, str]:
    """Query a SQLite file, which is never created.

    It is opened for writing, if this user may, but only to roll back the transaction of a writer that was
    killed: SQLite refuses to read the file before that.
    """
    if not file.is_file():
        return {}
    address = f"file:{quote(str(file.absolute()))}?mode=rw"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=_WAIT)) as database:
            database.execute("PRAGMA query_only = ON")
            return dict(database.execute(_QUERY.format("?"), (config.catalog.name, config.catalog.namespace)))
    except sqlite3.Error as error:
        if "no such table" in str(error):
            return {}
        raise InputError(f"{file}: the catalog cannot be read: {one_line(error)}") from error


def _read_postgresql(config: Config, properties: Mapping[str, str]) -> dict[str, str]:
    try:
        import psycopg  # an extra: deploy/requirements/postgresql.txt
    except ImportError:
        raise ConfigError(
            "catalog.properties: without Spark a catalog on PostgreSQL needs the package psycopg: "
            "pip install -r deploy/requirements/postgresql.txt, or use --engine spark"
        ) from None
    try:
        with psycopg.connect(**postgresql_parameters(properties)) as database:
            rows = database.execute(_QUERY.format("%s"), (config.catalog.name, config.catalog.namespace))
            return dict(rows.fetchall())
    except psycopg.errors.UndefinedTable:
        return {}
    except psycopg.Error as error:
        raise InputError(f"catalog.properties: PostgreSQL: {_without_secrets(error, properties)}") from None


def postgresql_parameters(properties: Mapping[str, str]) -> dict[str, Any]:
    """Parameters of the connection, from the JDBC URI and the properties `jdbc.…` of the catalog.

    Raises ConfigError where the URI is not one of PostgreSQL.
    """
    match = re.fullmatch(r"jdbc:postgresql:(?://([^/?]*)/)?([^/?]*)(?:\?(.*))?", properties["uri"])
    if match is None:
        raise ConfigError("catalog.properties: uri: expected jdbc:postgresql://HOST:PORT/DATABASE")
    hosts, database, query = match[1] or "localhost", match[2], match[3] or ""
    given = {key[5:]: value for key, value in properties.items() if key.startswith("jdbc.")}
    given |= dict(parse_qsl(query, keep_blank_values=True))
    parameters: dict[str, Any] = {_POSTGRESQL[key]: given[key] for key in given if key in _POSTGRESQL}
    if given.get("ssl", "false") != "false":
        parameters.setdefault("sslmode", "verify-full")  # as the JDBC driver does
    options = ["-c default_transaction_read_only=on"]
    if schema := given.get("currentSchema"):
        options.append(f"-c search_path={schema}")
    addresses = [re.fullmatch(r"(\[.*\]|[^:]*)(?::(\d+))?", host) for host in hosts.split(",")]
    return {
        "host": ",".join((address[1].strip("[]") or "localhost") for address in addresses if address),
        "port": ",".join((address[2] or "5432") for address in addresses if address),
        "dbname": database,
        "options": " ".join(options),
        **parameters,
    }


def _without_secrets(error: Exception, properties: Mapping[str, str]) -> str:
    text = one_line(" ".join(str(error).split()))
    password = postgresql_parameters(properties).get("password")
    return text.replace(password, "•••") if password else text
