"""Properties of the Iceberg catalog and of its tables, and whether the tables belong to this warehouse."""

from __future__ import annotations

from collections.abc import Mapping

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.warehouse import schemas
from coinspark.warehouse.locations import warehouse_folder, warehouse_uri

VERSION_PROPERTY = "coinspark.schema-version"
WAREHOUSE_PROPERTY = "coinspark.warehouse"
BUILD_AGAIN = (
    "set `warehouse` to a new folder or `catalog.namespace` to a new name, and run `coinspark nightly` to "
    "build everything again from the sources"
)
"""Advice where the tables do not fit this coinspark."""


def catalog_properties(config: Config) -> dict[str, str]:
    """The configured catalog; by default the JDBC catalog on a SQLite file in the warehouse."""
    return config.catalog.properties or {
        "type": "jdbc",
        "uri": f"jdbc:sqlite:{warehouse_folder(config) or warehouse_uri(config)}/catalog.db",
        "jdbc.schema-version": "V1",
    }


def check_table_properties(config: Config, properties: Mapping[str, str]) -> None:
    """Check that a table belongs to this warehouse and has this schema version.

    Raises:
        InputError: The table has another schema version, such as that of an older coinspark; or it belongs to
            another warehouse, since this one is a copy or two configurations share a catalog.
    """
    version = int(properties.get(VERSION_PROPERTY, "1"))
    if version != schemas.VERSION:
        raise InputError(
            f"{config.warehouse}: the tables have schema version {version}, this coinspark needs "
            f"{schemas.VERSION}; {BUILD_AGAIN}"
        )
    recorded = properties.get(WAREHOUSE_PROPERTY)
    if recorded not in (warehouse_uri(config), None):  # None: of a coinspark that did not record it
        raise InputError(
            f"{config.warehouse}: the tables of the namespace {config.catalog.name}."
            f"{config.catalog.namespace} belong to the warehouse {recorded}. If this is a copy, run "
            "`coinspark register` with this configuration: its tables still refer to the files of the "
            "original. If two configurations share a catalog, give each its own `catalog.namespace`"
        )


def missing_file(config: Config, table: str, file: str) -> InputError:
    """The error for a table that the catalog knows and whose file is missing."""
    return InputError(
        f"{config.warehouse}: the catalog knows the table {table}, but its file {file} is missing; if the "
        "warehouse was moved, run `coinspark register` with this configuration; otherwise restore it from a "
        "backup, or set `warehouse` to a new folder and build again from the sources"
    )
