"""Access to the storage of a warehouse, checked before Iceberg uses it."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.warehouse.locations import warehouse_folder, warehouse_uri


def check_storage(spark: SparkSession, config: Config) -> None:
    """Look for the warehouse once, with the settings of the session.

    Iceberg repeats the read of a table's metadata for two minutes and more, whatever the cause; Hadoop
    reports wrong keys or a missing bucket at once. Local warehouses need no check.

    Raises:
        Py4JJavaError: The storage fails or refuses; `core.service_errors` tells why.
    """
    if warehouse_folder(config) is not None:
        return
    jvm: Any = spark._jvm
    path = jvm.org.apache.hadoop.fs.Path(warehouse_uri(config))
    path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration()).exists(path)
