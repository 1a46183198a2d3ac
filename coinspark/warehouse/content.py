"""Hashes of rows and tables that do not depend on the order, the files or the partitions of the rows."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, MapType, StructType


def content_hash(rows: DataFrame) -> str:
    """Row count and sum of the row hashes modulo 2⁶⁴, as `count-hex`. Two frames with the same columns have
    the same hash if they have the same rows.
    """
    row = rows.agg(F.count("*").alias("n"), hash_sum(rows).alias("h")).collect()[0]
    return f"{row['n']}-{int(row['h']) % 2**64:016x}"


def hash_sum(rows: DataFrame) -> Column:
    """Aggregate: the sum of the row hashes as a decimal, which does not depend on the order of the rows."""
    return F.coalesce(F.sum(row_hash(rows).cast("decimal(38,0)")), F.lit(0))


def row_hash(rows: DataFrame) -> Column:
    """64-bit hash of each row, a bigint.

    `xxhash64` alone skips nulls and ignores the boundaries of arrays: (NULL, a) would equal (a, NULL), and
    [a, b], [c] would equal [a], [b, c]. So it gets each value with a flag for null and each array with its
    length.
    """
    return F.xxhash64(
        *[part for field in rows.schema for part in _parts(F.col(f"`{field.name}`"), field.dataType)]
    )


def _parts(value: Column, kind: DataType) -> list[Column]:
    """Columns that `xxhash64` reads in place of a value, from which the value could be told exactly."""
    if isinstance(kind, MapType):
        raise NotImplementedError("the hash of a map; no table has one")
    if isinstance(kind, StructType):
        fields = [part for field in kind for part in _parts(value[field.name], field.dataType)]
        return [value.isNull(), *fields]
    if isinstance(kind, ArrayType):
        return [value.isNull(), F.size(value), _elements(value, kind.elementType)]
    return [value.isNull(), value]


def _elements(values: Column, kind: DataType) -> Column:
    """An array that `xxhash64` reads in place of an array. Vectors without nulls stay as they are: a hash per
    number would be slow.
    """
    hashes = F.transform(values, lambda value: F.xxhash64(*_parts(value, kind)))
    if isinstance(kind, ArrayType | StructType):
        return hashes
    with_nulls = F.exists(values, lambda value: value.isNull())
    return F.xxhash64(F.when(with_nulls, hashes), F.when(~with_nulls, values))
