"""Labels of clustered coins, and the coins nearest to and farthest from the centroids."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from coinspark.evaluation.cluster_members import label_counts, members, nearest_and_farthest
from tests.evaluation.cluster_tables import cluster_tables


@pytest.fixture(scope="module")
def tables(spark: SparkSession) -> Callable[[str], DataFrame]:
    return cluster_tables(spark)


def test_farthest_coins_are_not_among_the_nearest_if_all_distances_are_equal(
    tables: Callable[[str], DataFrame],
) -> None:
    clusters = tables("clusters").where("layer = 'seen' AND cluster = 1 AND mint = 'Assos'")
    coins = members(clusters, tables("coins"), tables("classes"), [])
    ends = nearest_and_farthest(coins.withColumn("distance", F.lit(0.5)), 2).orderBy("end", "nth")
    assert [(row["end"], row["coin_id"]) for row in ends.collect()] == [
        ("farthest", "3"),
        ("farthest", "4"),
        ("nearest", "1"),
        ("nearest", "2"),
    ]


def test_label_counts_group_coins_with_equal_labels(tables: Callable[[str], DataFrame]) -> None:
    clusters = tables("clusters").where("layer = 'seen'")
    coins = members(clusters, tables("coins"), tables("classes"), ["designs"])
    assert {
        (row["cluster"], row["type"], row["design"], row["class"]): row["coins"]
        for row in label_counts(coins).where("mint = 'Assos'").collect()
    } == {
        (1, "a", "Assos/owl", "Assos/cluster-01"): 2,
        (1, "a", None, "Assos/cluster-01"): 1,
        (1, "b", "Assos/owl", "Assos/cluster-01"): 1,
        (1, None, "Assos/bee", "Assos/cluster-01"): 1,
        (1, None, None, "Assos/cluster-01"): 1,
        (2, "b", "Assos/bee", None): 2,
    }
