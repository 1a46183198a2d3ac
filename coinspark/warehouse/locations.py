"""Locations of a warehouse: its tables, and the folder of everything that is not a table."""

from __future__ import annotations

from pathlib import Path

from coinspark.config import Config


def warehouse_uri(config: Config) -> str:
    """Location of the tables: a URI (s3a://, hdfs://) as configured, or the `file://` URI of a folder."""
    folder = warehouse_folder(config)
    return config.warehouse.rstrip("/") if folder is None else file_uri(folder)


def warehouse_folder(config: Config) -> Path | None:
    """The absolute path of a local warehouse; None if the warehouse is in other storage."""
    location = config.warehouse.removeprefix("file://")
    return None if "://" in location else Path(location).expanduser().resolve()


def file_uri(path: Path) -> str:
    """The URI of a local file for Spark, whose default file system may be another one.

    It is not percent-encoded, in contrast to `Path.as_uri`: Hadoop would take `%20` as a part of the name.
    """
    return f"file://{path.absolute()}"


def local_folder(config: Config) -> Path:
    """The folder of runs, shards, scratch files and reports; every worker must be able to open it.

    It is the warehouse if that is a local path. A warehouse in an object store has its folder at
    `./<name>-files`, which must be on storage that all workers share.
    """
    return warehouse_folder(config) or Path(f"{config.name}-files").resolve()
