"""Split units: the coins that must stay on one side together.

A unit is a connected component of coins. With `splits.by: coin`, coins that share a photo are connected: the
same bytes, on either side, in any medium. With `splits.by: type`, coins of one type are connected as well,
and types that a coin of uncertain type connects.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.warehouse.local_frame import local_frame


def unit_of_coins(coins: DataFrame, shared: DataFrame, by: str) -> DataFrame:
    """coin_id, unit: the unit of each coin, by coin or by type.

    A unit has the name of its first member: a coin id, or with `by` type `type NAME`, and `coin ID` for a
    coin without a type. Only the links between members are collected to the driver.

    Args:
        coins: coin_id, types.
        shared: Frame of `shared_photos`.
    """
    members = _members_of_coins(coins, by)
    first_of = components(row["members"] for row in _links(members, shared).collect())
    first = local_frame(coins.sparkSession, sorted(first_of.items()), "member string, first string")
    named = members.select("coin_id", F.col("members")[0].alias("member"))
    return named.join(F.broadcast(first), "member", "left").select(
        "coin_id", F.coalesce("first", "member").alias("unit")
    )


def components(links: Iterable[Sequence[str]]) -> dict[str, str]:
    """Connected components: member → first member of its component, by length and then alphabetically.

    Collections number their coins upwards, so a new coin that joins a component seldom changes its first
    member.

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
            low, high = sorted((root(link[0]), root(name)), key=lambda member: (len(member), member))
            parent[high] = low
    return {name: root(name) for name in parent}


def _members_of_coins(coins: DataFrame, by: str) -> DataFrame:
    """coin_id, members: what the unit of a coin consists of. The members of one coin are linked."""
    if by == "coin":
        return coins.select("coin_id", F.array("coin_id").alias("members")).distinct()
    types = F.transform("types", lambda name: F.concat(F.lit("type "), name))
    of_coin = (
        coins.select("coin_id", F.explode_outer(types).alias("member"))
        .groupBy("coin_id")
        .agg(F.sort_array(F.collect_set("member")).alias("members"))
    )
    alone = F.array(F.concat(F.lit("coin "), "coin_id"))
    return of_coin.select(
        "coin_id", F.when(F.size("members") == 0, alone).otherwise(F.col("members")).alias("members")
    )


def _links(members: DataFrame, shared: DataFrame) -> DataFrame:
    """members: distinct sets of two or more members that a coin or a photo links."""
    showing = shared.select("photo_id", F.explode("coin_ids").alias("coin_id"))
    by_photo = (
        members.join(F.broadcast(showing), "coin_id")
        .groupBy("photo_id")
        .agg(F.sort_array(F.collect_set(F.col("members")[0])).alias("members"))
    )
    return (
        members.select("members").unionAll(by_photo.select("members")).where("size(members) > 1").distinct()
    )
