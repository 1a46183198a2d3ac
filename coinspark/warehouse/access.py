"""Access to the storage of a warehouse, checked before Iceberg uses it."""

from __future__ import annotations

import errno
import os
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


def check_writable(config: Config) -> None:
    """Check before a build that this user may write to a local warehouse; Java would not say why it cannot.

    Raises:
        OSError: It is on a read-only file system, or forbidden.
    """
    folder = warehouse_folder(config)
    if folder is not None and not os.access(folder, os.W_OK):
        number = errno.EROFS if os.statvfs(folder).f_flag & os.ST_RDONLY else errno.EACCES
        raise OSError(number, os.strerror(number), str(folder))
