"""Frames of a few rows that the driver has computed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import ArrayType, DataType, MapType, StructType, TimestampType


def local_frame(spark: SparkSession, rows: Iterable[Sequence[Any]], ddl: str) -> DataFrame:
    """A frame of these rows, with the columns of a DDL string.

    The rows become a part of the query plan. With `createDataFrame`, Python workers convert the rows each
    time that a query reads the frame; for a few rows this takes ten times as long as the query itself.

    Args:
        rows: Values in the order of the columns. A struct is a tuple or a dictionary; a timestamp without
            time zone is in that of this machine.

    Raises:
        pyarrow.ArrowException: A value does not have the type of its column.
    """
    jvm: Any = spark._jvm
    schema = StructType.fromJson(json.loads(jvm.org.apache.spark.sql.types.StructType.fromDDL(ddl).json()))
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrow = to_arrow_schema(schema)
    arrays = [
        pa.array([_arrow_value(value, field.dataType) for value in column], type_)
        for column, field, type_ in zip(columns, schema, arrow.types, strict=True)
    ]
    with tempfile.NamedTemporaryFile() as file:
        with pa.ipc.new_stream(file, arrow) as writer:
            writer.write_batch(pa.record_batch(arrays, schema=arrow))
        file.flush()
        batches = jvm.PythonSQLUtils.readArrowStreamFromFile(file.name)
        frame = jvm.PythonSQLUtils.toDataFrame(batches, schema.json(), spark._jsparkSession)
    return DataFrame(frame, spark)


def _arrow_value(value: Any, kind: DataType) -> Any:
    """The value as pyarrow expects it: structs as dictionaries, maps as pairs, timestamps in UTC."""
    if value is None:
        return None
    if isinstance(kind, StructType):
        values = [value.get(name) for name in kind.names] if isinstance(value, Mapping) else value
        fields = zip(kind, values, strict=True)
        return {field.name: _arrow_value(item, field.dataType) for field, item in fields}
    if isinstance(kind, ArrayType):
        return [_arrow_value(item, kind.elementType) for item in value]
    if isinstance(kind, MapType):
        return [
            (_arrow_value(key, kind.keyType), _arrow_value(item, kind.valueType))
            for key, item in value.items()
        ]
    return value.astimezone(UTC) if isinstance(kind, TimestampType) else value
