"""Split units: the coins that must stay on one side together.

With `splits.by: coin` a unit is a coin with all its media. With `splits.by: type` it is a type with all its
coins; types that a coin of uncertain type connects are one unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def unit_of_coins(coins: DataFrame, by: str) -> DataFrame:
    """coin_id, unit: the unit of each coin, by coin or by type."""
    if by == "coin":
        return coins.select("coin_id", F.col("coin_id").alias("unit")).distinct()
    links = linked_types(coins).collect()
    return type_units(coins, components(row["types"] for row in links))


def type_units(coins: DataFrame, group_of: Mapping[str, str]) -> DataFrame:
    """coin_id, unit: `type NAME` of the coin's group of types, or `coin ID` for a coin without a type.

    Args:
        coins: coin_id, types.
        group_of: Type → name of its group, as `components` returns it; a type without an entry is its own
            group.
    """
    groups = coins.sparkSession.createDataFrame(sorted(group_of.items()), "first string, group string")
    first = _types_of_coins(coins).withColumn("first", F.col("types")[0])
    name = F.coalesce("group", "first")
    unit = F.when(name.isNull(), F.concat(F.lit("coin "), "coin_id")).otherwise(
        F.concat(F.lit("type "), name)
    )
    return first.join(F.broadcast(groups), "first", "left").select("coin_id", unit.alias("unit"))


def linked_types(coins: DataFrame) -> DataFrame:
    """types: distinct sets of two or more types that one coin has, over all its media."""
    return _types_of_coins(coins).where(F.size("types") > 1).select("types").distinct()


def components(links: Iterable[Sequence[str]]) -> dict[str, str]:
    """Connected components of types: type → alphabetically first type of its component.

    Example: the links b–c and a–b give {a: a, b: a, c: a}.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for link in links:
        for name in link[1:]:
            low, high = sorted((root(link[0]), root(name)))
            parent[high] = low
    return {name: root(name) for name in parent}


def _types_of_coins(coins: DataFrame) -> DataFrame:
    """coin_id, types: the sorted types of each coin over all its media."""
    exploded = coins.select("coin_id", F.explode_outer("types").alias("type")).groupBy("coin_id")
    return exploded.agg(F.sort_array(F.collect_set("type")).alias("types"))
