"""A small warehouse that pyiceberg writes, for tests without Spark."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog

from coinspark.config import Config
from coinspark.warehouse import schemas
from coinspark.warehouse.catalog_properties import VERSION_PROPERTY, WAREHOUSE_PROPERTY
from coinspark.warehouse.files import Location
from coinspark.warehouse.locations import warehouse_uri

PLAIN = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "binary": pa.binary(),
    "timestamp": pa.timestamp("us", "UTC"),
}

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""Table → rows; a missing column is null."""


class Warehouse:
    """All tables of coinspark in a folder, or in S3 with the catalog in the folder. `config` opens them."""

    def __init__(self, folder: Path, bucket: Location | None = None) -> None:
        folder.mkdir(parents=True)
        self.config = Config(warehouse=str(folder)) if bucket is None else _in_bucket(folder, bucket)
        self.catalog = SqlCatalog(
            "coinspark",
            uri=f"sqlite:///{folder}/catalog.db",
            warehouse=warehouse_uri(self.config),
            **({} if bucket is None else _pyiceberg_access(bucket)),
        )
        self.catalog.create_namespace("coins")
        properties = {VERSION_PROPERTY: str(schemas.VERSION), WAREHOUSE_PROPERTY: warehouse_uri(self.config)}
        for name, table in schemas.TABLES.items():
            self.catalog.create_table(f"coins.{name}", schema(table), properties=properties).append(
                schema(table).empty_table()
            )

    def put(self, rows: Rows) -> None:
        """Replace the rows of tables."""
        for name, items in rows.items():
            self.catalog.load_table(f"coins.{name}").overwrite(
                pa.Table.from_pylist([dict(item) for item in items], schema(schemas.TABLES[name]))
            )

    def publish(self, build: str) -> None:
        """Add a row to `builds` with the snapshots of all tables."""
        heads = {name: self.catalog.load_table(f"coins.{name}").current_snapshot() for name in schemas.TABLES}
        snapshots = {name: head.snapshot_id for name, head in heads.items() if head and name != "builds"}
        row = {"build": build, "finished": datetime.now(UTC), "snapshots": json.dumps(snapshots)}
        self.catalog.load_table("coins.builds").append(pa.Table.from_pylist([row], schema(schemas.BUILDS)))


def _in_bucket(folder: Path, bucket: Location) -> Config:
    access = bucket.access
    hadoop = {"endpoint": access.endpoint, "access.key": access.access_key, "secret.key": access.secret_key}
    conf = {f"spark.hadoop.fs.s3a.{key}": value for key, value in hadoop.items()}
    properties = {"type": "jdbc", "uri": f"jdbc:sqlite:{folder}/catalog.db"}
    return Config.model_validate(
        {"warehouse": str(bucket), "spark": {"conf": conf}, "catalog": {"properties": properties}}
    )


def _pyiceberg_access(bucket: Location) -> dict[str, str]:
    access = bucket.access
    return {
        "s3.endpoint": str(access.endpoint),
        "s3.access-key-id": str(access.access_key),
        "s3.secret-access-key": str(access.secret_key),
        "s3.region": "us-east-1",
    }


def schema(table: schemas.Table) -> pa.Schema:
    """The columns of a table as Arrow."""
    return pa.schema([(name, arrow_type(kind)) for name, kind in table.columns.items()])


def arrow_type(kind: str) -> pa.DataType:
    """The Arrow type of a type of Spark's DDL, as the schemas use them: at most structs in arrays."""
    if kind.startswith("array<"):
        return pa.list_(arrow_type(kind[6:-1]))
    if kind.startswith("struct<"):
        fields = [field.partition(":") for field in kind[7:-1].split(",")]
        return pa.struct([(name, arrow_type(item)) for name, _, item in fields])
    return PLAIN[kind]
