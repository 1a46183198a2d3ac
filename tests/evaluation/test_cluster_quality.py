"""Quality of a few clusters, computed by hand, and their verdicts."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from coinspark.evaluation.agreement import Purity
from coinspark.evaluation.cluster_members import label_counts, read_members
from coinspark.evaluation.cluster_quality import Cluster, Clustering, clusterings
from tests.evaluation.cluster_tables import CONFIG, MODEL, cluster_tables


@pytest.fixture(scope="module")
def mints(spark: SparkSession) -> list[Clustering]:
    return clusterings(label_counts(read_members(cluster_tables(spark), CONFIG)), CONFIG)


def test_sizes_and_class_names_of_clusters(mints: list[Clustering]) -> None:
    assert [(mint.layer, mint.mint, mint.coins, mint.largest_share) for mint in mints] == [
        ("seen", "Assos", 8, 0.75),
        ("seen", "Ilion", 1, 1.0),
    ]
    assert [
        (item.number, item.name, item.coins, item.share, item.relative_size) for item in mints[0].clusters
    ] == [(1, "Assos/cluster-01", 6, 0.75, 1.5), (2, None, 2, 0.25, 0.5)]
    assert mints[0].model == MODEL


def test_types_count_only_for_coins_with_one_type(mints: list[Clustering]) -> None:
    types = mints[0].types
    assert types is not None and (types.labelled, types.labels) == (6, 2)  # coin 5 has two types, coin 6 none
    assert types.purity == pytest.approx(5 / 6)  # a a a b | b b
    # The table is [[3, 1], [0, 2]]. Of the 15 ways to draw two coins for cluster 2, those of one type (3 ways
    # of a, 3 of b) have an MI of 0.3182571, the 9 others of 0. The expected MI is 6/15 of it, 0.1273028.
    # The entropies are log 2 and 0.6365142.
    assert types.mutual_information == pytest.approx(
        (0.3182571 - 0.1273028) / ((0.6931472 + 0.6365142) / 2 - 0.1273028), abs=1e-6
    )
    first, second = (cluster.types for cluster in mints[0].clusters)
    assert first is not None and (first.labelled, first.share, first.label) == (4, 0.75, "a")
    assert second is not None and (second.labelled, second.share, second.label) == (2, 1.0, "b")


def test_designs_count_only_for_coins_in_a_new_class(mints: list[Clustering]) -> None:
    designs = mints[0].designs
    assert mints[0].design_layer == "designs" and designs is not None
    assert (designs.labelled, designs.purity) == (6, pytest.approx(5 / 6))  # owl owl owl bee | bee bee
    assert designs.clusters[2].label == "Assos/bee"
    assert mints[1].design_layer is None and mints[1].designs is None  # no design layer splits Ilion


def cluster(relative_size: float, types: Purity | None, designs: Purity | None = None) -> Cluster:
    return Cluster(1, "Assos/cluster-01", 10, 0.1, relative_size, types, designs)


GOOD, BAD, FEW = (
    Purity(labelled, share, "a", 0.3, 0.1, 0.1, 0.0) for labelled, share in ((10, 0.9), (10, 0.35), (4, 0.3))
)
GARBAGE = "looks like garbage: not clearly better than chance"


@pytest.mark.parametrize(
    ("item", "is_garbage", "verdict"),
    [
        (cluster(1.0, GOOD), False, ""),
        (cluster(1.0, BAD), True, GARBAGE),
        (cluster(2.5, BAD), True, f"{GARBAGE}, 2.5 times the mean size"),
        (cluster(2.5, GOOD), False, "large: 2.5 times the mean size"),
        (cluster(1.0, BAD, GOOD), False, ""),  # one design of many types
        (cluster(1.0, BAD, BAD), True, GARBAGE),
        (cluster(1.0, FEW), False, ""),
        (cluster(2.5, None), True, "possibly garbage: 2.5 times the mean size, too few labelled coins"),
    ],
)
def test_verdict_on_a_cluster(item: Cluster, is_garbage: bool, verdict: str) -> None:
    assert (item.is_garbage, item.verdict) == (is_garbage, verdict)


def test_verdict_on_a_mint_names_garbage_and_large_clusters() -> None:
    def verdict(*clusters: Cluster) -> str:
        return Clustering("seen", "Assos", "m", 20, clusters, None, None, None).verdict

    assert verdict(cluster(1, GOOD), cluster(1, GOOD)) == "No cluster looks like garbage."
    assert verdict(cluster(1, GOOD), cluster(1, BAD)) == (
        "Cluster 1 looks like garbage: 50.0 % of the mint’s coins."
    )
    assert verdict(cluster(1, GOOD), cluster(2.5, GOOD)) == (
        "No cluster looks like garbage. Cluster 1 is large: 50.0 % of the mint’s coins."
    )
    assert verdict(cluster(1, BAD), cluster(1, BAD)) == (
        "Clusters 1, 1 look like garbage: 100.0 % of the mint’s coins."
    )
