"""Locations of a warehouse: its tables, and the folder of everything that is not a table."""

from __future__ import annotations

from pathlib import Path

from coinspark.config import Config


def warehouse_uri(config: Config) -> str:
    """Location of the tables: an absolute local path, or a URI (s3a://, hdfs://, file://) as configured."""
    if "://" in config.warehouse:
        return config.warehouse.rstrip("/")
    return str(Path(config.warehouse).expanduser().resolve())


def local_folder(config: Config) -> Path:
    """The folder of runs, shards, scratch files and reports; every worker must be able to open it.

    It is the warehouse if that is a local path. A warehouse in an object store has its folder at
    `./<name>-files`, which must be on storage that all workers share.
    """
    location = warehouse_uri(config)
    if location.startswith("file://"):
        return Path(location.removeprefix("file://"))
    return Path(f"{config.name}-files").resolve() if "://" in location else Path(location)
