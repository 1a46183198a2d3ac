"""Tables as the catalog knows them: names, Iceberg's handles, and whether they are of this warehouse."""

from __future__ import annotations

import re
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.warehouse import schemas
from coinspark.warehouse.access import check_storage
from coinspark.warehouse.catalog_properties import check_table_properties, missing_file


def full_name(config: Config, name: str) -> str:
    """`catalog.namespace.table`. The configuration checks that all three are identifiers."""
    return f"{config.catalog.name}.{config.catalog.namespace}.{name}"


def check_warehouse(spark: SparkSession, config: Config) -> None:
    """Check that the storage answers, and that the tables are those of this warehouse and of this version.

    Raises:
        Py4JJavaError: As `check_storage`, or of the catalog; `core.service_errors` tells why.
        InputError: The tables have another schema version, such as those of an older coinspark; or they
            belong to another warehouse, since this one is a copy or two configurations share a catalog; or a
            file is missing.
    """
    check_storage(spark, config)
    known = table_names(spark, config)
    name = next((name for name in (schemas.STAGES.name, "nights") if name in known), None)
    if name is None:
        return
    check_table_properties(config, dict(load(spark, config, name).properties()))


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
        raise missing_file(config, full_name(config, name), missing[1] if missing else "") from error
    return handle
