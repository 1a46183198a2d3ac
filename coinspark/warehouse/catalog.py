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
    names = [name for name in (schemas.STAGES.name, "nights") if is_known(spark, config, name)]
    if not names:
        return
    properties = load(spark, config, names[0]).properties()
    version = int(properties.getOrDefault(VERSION_PROPERTY, "1"))
    if version != schemas.VERSION:
        raise InputError(
            f"{config.warehouse}: the tables have schema version {version}, this coinspark needs "
            f"{schemas.VERSION}; set `warehouse` to a new folder or `catalog.namespace` to a new name, and "
            "run `coinspark nightly` to build everything again from the sources"
        )
    recorded = properties.get(WAREHOUSE_PROPERTY)
    if recorded not in (warehouse_uri(config), None):  # None: of a coinspark that did not record it
        raise InputError(
            f"{config.warehouse}: the tables of the namespace {config.catalog.name}."
            f"{config.catalog.namespace} belong to the warehouse {recorded}. If this is a copy, it still "
            "refers to the files of the original: open the original, or build a new warehouse from the "
            "sources. If two configurations share a catalog, give each its own `catalog.namespace`"
        )


def is_known(spark: SparkSession, config: Config, name: str) -> bool:
    """Whether the catalog knows a table. Its files may be missing."""
    identifier: Any = spark._jvm.org.apache.iceberg.catalog.TableIdentifier  # type: ignore[union-attr]
    namespace = identifier.parse(f"{config.catalog.namespace}.{name}").namespace()
    catalog = spark._jsparkSession.sessionState().catalogManager().catalog(config.catalog.name)
    try:
        return any(table.name() == name for table in catalog.icebergCatalog().listTables(namespace))
    except Py4JJavaError as error:
        if "NoSuchNamespaceException" in str(error):
            return False
        raise


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
