"""Where a warehouse is: its tables, and the files beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from coinspark.config import Config

if TYPE_CHECKING:
    from coinspark.warehouse.files import Location  # pyarrow, which queries by DuckDB do not need


def warehouse_location(config: Config) -> Location:
    """The folder of everything that a build keeps: tables, runs, recognisers, reports, scratch files."""
    from coinspark.warehouse.files import Location
    from coinspark.warehouse.object_storage import storage_access

    folder = warehouse_folder(config)
    if folder is not None:
        return Location.of(folder)
    return Location(config.warehouse.rstrip("/"), storage_access(config))


def warehouse_uri(config: Config) -> str:
    """Location of the tables: a URI (s3a://, hdfs://) as configured, or the `file://` URI of a folder."""
    folder = warehouse_folder(config)
    return config.warehouse.rstrip("/") if folder is None else f"file://{folder}"


def warehouse_folder(config: Config) -> Path | None:
    """The absolute path of a local warehouse; None if the warehouse is in other storage."""
    location = config.warehouse.removeprefix("file://")
    return None if "://" in location else Path(location).expanduser().resolve()
