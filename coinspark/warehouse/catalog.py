"""Tables as the catalog knows them: names, Iceberg's handles, and whether they are of this warehouse."""

from __future__ import annotations

import re
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.warehouse import schemas
from coinspark.warehouse.locations import warehouse_uri

VERSION_PROPERTY = "coinspark.schema-version"
WAREHOUSE_PROPERTY = "coinspark.warehouse"
BUILD_AGAIN = (
    "set `warehouse` to a new folder or `catalog.namespace` to a new name, and run `coinspark nightly` to "
    "build everything again from the sources"
)
"""Advice where the tables do not fit this coinspark."""


def full_name(config: Config, name: str) -> str:
    """`catalog.namespace.table`. The configuration checks that all three are identifiers."""
    return f"{config.catalog.name}.{config.catalog.namespace}.{name}"


def check_warehouse(spark: SparkSession, config: Config) -> None:
    """Check that the tables, if there are any, are those of this warehouse and of this version.

    Raises:
        InputError: The tables have another schema version, such as those of an older coinspark; or they
            belong to another warehouse, since this one is a copy or two configurations share a catalog; or a
            file is missing.
    """
    known = table_names(spark, config)
    name = next((name for name in (schemas.STAGES.name, "nights") if name in known), None)
    if name is None:
        return
    properties = load(spark, config, name).properties()
    version = int(properties.getOrDefault(VERSION_PROPERTY, "1"))
    if version != schemas.VERSION:
        raise InputError(
            f"{config.warehouse}: the tables have schema version {version}, this coinspark needs "
            f"{schemas.VERSION}; {BUILD_AGAIN}"
        )
    recorded = properties.get(WAREHOUSE_PROPERTY)
    if recorded not in (warehouse_uri(config), None):  # None: of a coinspark that did not record it
        raise InputError(
            f"{config.warehouse}: the tables of the namespace {config.catalog.name}."
            f"{config.catalog.namespace} belong to the warehouse {recorded}. If this is a copy, it still "
            "refers to the files of the original: open the original, or build a new warehouse from the "
            "sources. If two configurations share a catalog, give each its own `catalog.namespace`"
        )


def table_names(spark: SparkSession, config: Config) -> set[str]:
    """Names of the tables that the catalog knows in the namespace. Their files may be missing."""
    namespace: Any = spark._jvm.org.apache.iceberg.catalog.Namespace  # type: ignore[union-attr]
    levels = spark._sc._gateway.new_array(spark._jvm.java.lang.String, 1)  # type: ignore[union-attr]
    levels[0] = config.catalog.namespace
    try:
        tables = iceberg_catalog(spark, config).listTables(namespace.of(levels))
        return {str(table.name()) for table in tables}
    except Py4JJavaError as error:
        if "NoSuchNamespaceException" in str(error):
            return set()
        raise


def iceberg_catalog(spark: SparkSession, config: Config) -> Any:
    """Iceberg's Catalog object."""
    manager: Any = spark._jsparkSession.sessionState().catalogManager()
    return manager.catalog(config.catalog.name).icebergCatalog()


def load(spark: SparkSession, config: Config, name: str) -> Any:
    """Iceberg's Table object. Its commits are atomic and take milliseconds; the same in SQL takes seconds.

    Raises InputError if the catalog knows the table but its metadata file is missing.
    """
    loader = spark._jvm.org.apache.iceberg.spark.Spark3Util  # type: ignore[union-attr]
    try:
        handle = loader.loadIcebergTable(spark._jsparkSession, full_name(config, name))
        handle.refresh()
    except Py4JJavaError as error:
        if "iceberg.exceptions.NotFoundException" not in str(error):
            raise
        missing = re.search(r"(?:file|location): ?(\S+)", str(error.java_exception), re.IGNORECASE)
        raise InputError(
            f"{config.warehouse}: the catalog knows the table {full_name(config, name)}, but its file "
            f"{missing[1] if missing else ''} is missing; move the warehouse back to its former path or "
            "restore it from a backup, or set `warehouse` to a new folder and build again from the sources"
        ) from error
    return handle
