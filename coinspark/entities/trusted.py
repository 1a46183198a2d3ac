"""Entities of several engines → one set that a class layer can go by. DataFrame → DataFrame."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def trusted(entities: DataFrame, trust: Sequence[str]) -> DataFrame:
    """The rows of these engines, the most trusted first; a less trusted one's are left out where they overlap another's.

    Rows of `entities`, key (text_id, start). A unverified (unmarked.py) that names no list entry is not among them, nor in the way
    of another's find; one that does is a misspelling.
    """
    open_ = (
        F.coalesce("unverified", F.lit(False)) & F.col("name").isNull()
    )  # null: from a build that knew no unverified
    kept = [entities.where((F.col("engine") == engine) & ~open_) for engine in trust]
    return reduce(_with_less_trusted, kept)


def _with_less_trusted(more: DataFrame, less: DataFrame) -> DataFrame:
    return more.unionByName(outside(less, more))


def outside(rows: DataFrame, others: DataFrame) -> DataFrame:
    """The rows whose span shares no character with a span of the others in the same text."""
    taken = others.select(
        F.col("text_id").alias("taken"), F.col("start").alias("low"), F.col("end").alias("high")
    )
    meets = (
        (F.col("text_id") == F.col("taken"))
        & (F.col("start") < F.col("high"))
        & (F.col("low") < F.col("end"))
    )
    return rows.join(taken, meets, "left_anti")
