"""Tables as the catalog knows them: names, Iceberg's handles, and whether they are of this warehouse."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.warehouse import schemas
from coinspark.warehouse.access import check_storage
from coinspark.warehouse.catalog_properties import WAREHOUSE_PROPERTY, check_table_properties, missing_file
from coinspark.warehouse.locations import warehouse_uri


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


def create_namespace(spark: SparkSession, config: Config) -> None:
    """Create the namespace if it does not exist."""
    spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {config.catalog.name}.{config.catalog.namespace}")


def create_table(
    spark: SparkSession, config: Config, name: str, ddl: str, doc: str, properties: Mapping[str, str]
) -> None:
    """Create a table and its empty first snapshot in one commit: no killed process leaves one without it.

    Args:
        ddl: Its columns.
        properties: Further properties of the table; it always records its warehouse.
    """
    jvm: Any = spark._jvm
    identifier = jvm.org.apache.iceberg.catalog.TableIdentifier.parse(f"{config.catalog.namespace}.{name}")
    columns = jvm.org.apache.spark.sql.types.StructType.fromDDL(ddl)
    schema = jvm.org.apache.iceberg.spark.SparkSchemaUtil.convert(columns)
    creation = iceberg_catalog(spark, config).buildTable(identifier, schema)
    for key, value in {**properties, WAREHOUSE_PROPERTY: warehouse_uri(config), "comment": doc}.items():
        creation.withProperty(key, value)
    transaction = creation.createTransaction()
    transaction.newAppend().commit()
    transaction.commitTransaction()


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
