"""The clusters' report: a few made-up coins whose numbers were worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from coinspark.classes.kinds.clusters import LEFT_WHOLE
from coinspark.config import Config
from coinspark.evaluation import cluster_quality
from coinspark.evaluation.agreement import Purity
from coinspark.evaluation.cluster_quality import Cluster, Clustering
from coinspark.warehouse import schemas
from tests import evaluation_tables as made

CONFIG = Config.model_validate(
    {
        "evaluation": {"examples": 2},
        "features": {"weights": None},
        "layers": [
            {"name": "mint", "kind": "mint"},
            {"name": "designs", "kind": "entities"},
            {"name": "seen", "kind": "clusters", "min_coins": 3},
        ],
    }
)

# coin, mint, types, design (None: in the mint), cluster, distance. Assos has two clusters of six and two coins.
COINS = [
    ("1", "Assos", ["a"], "owl", 1, 0.10),
    ("2", "Assos", ["a"], "owl", 1, 0.20),
    ("3", "Assos", ["a"], None, 1, 0.20),
    ("4", "Assos", ["b"], "owl", 1, 0.50),
    ("5", "Assos", ["a", "b"], "bee", 1, 0.40),
    ("6", "Assos", [], None, 1, 0.30),
    ("7", "Assos", ["b"], "bee", 2, 0.05),
    ("8", "Assos", ["b"], "bee", 2, 0.15),
    ("9", "Ilion", ["a"], None, 1, 0.25),
]
NAMES = {("Assos", 1): "Assos/cluster-01"}  # the other cluster is too small, and back in Assos


@pytest.fixture(scope="module")
def tables(spark: SparkSession) -> Callable[[str], DataFrame]:
    rows = {
        "coins": [
            (
                coin,
                "original",
                mint,
                types,
                "made up",
                None,
                None,
                None,
                None,
                [("obverse", "en", f"Head {coin}.", "t")],
                f"i{coin}",
            )
            for coin, mint, types, *_ in COINS
        ],
        "images": [(f"i{coin}", 64, 128, 64, bytearray(made.picture(int(coin)))) for coin, *_ in COINS],
        "clusters": [
            *(
                ("seen", f"i{coin}", mint, "0123456789abcdef-128x64", cluster, distance)
                for coin, mint, _, _, cluster, distance in COINS
            ),
            ("gone", "i1", "Assos", "0123456789abcdef-128x64", 1, 0.5),
        ],  # a layer no longer configured
        "classes": [
            *(
                ("designs", coin, "original", mint, f"{mint}/{name}" if name else mint, "")
                for coin, mint, _, name, *_ in COINS
            ),
            *(
                ("seen", coin, "original", mint, NAMES.get((mint, cluster), mint), "")
                for coin, mint, _, _, cluster, _ in COINS
            ),
            *(
                (
                    "seen",
                    coin,
                    "original",
                    "Abdera",
                    "Abdera",
                    f"{LEFT_WHOLE}2 pictures, fewer than 3 clusters",
                )
                for coin in ("10", "11")
            ),
        ],
    }
    return {
        name: spark.createDataFrame(held, schemas.TABLES[name].ddl) for name, held in rows.items()
    }.__getitem__


@pytest.fixture(scope="module")
def found(tables: Callable[[str], DataFrame]) -> list[Clustering]:
    return cluster_quality.clusterings(tables, CONFIG)


def test_sizes_and_classes(found: list[Clustering]) -> None:
    assert [(one.layer, one.mint, one.coins, one.largest) for one in found] == [
        ("seen", "Assos", 8, 0.75),
        ("seen", "Ilion", 1, 1.0),
    ]
    assert [(one.number, one.name, one.coins, one.share, one.times) for one in found[0].clusters] == [
        (1, "Assos/cluster-01", 6, 0.75, 1.5),
        (2, None, 2, 0.25, 0.5),
    ]
    assert found[0].model == "0123456789abcdef-128x64"


def test_types_count_where_they_are_sure(found: list[Clustering]) -> None:
    types = found[0].types
    assert types is not None and (types.known, types.labels) == (6, 2)  # coin 5 has two types, coin 6 none
    assert types.purity == pytest.approx(5 / 6)  # a a a b | b b
    # The table [[3, 1], [0, 2]]: of the 15 ways to draw two coins for cluster 2, those of one type (3 ways of a, 3 of b) have
    # an MI of 0.3182571, the 9 others of 0. Expected is 6/15 of it, 0.1273028; entropies log 2 and 0.6365142.
    assert types.mutual == pytest.approx(
        (0.3182571 - 0.1273028) / ((0.6931472 + 0.6365142) / 2 - 0.1273028), abs=1e-6
    )
    one, two = (cluster.types for cluster in found[0].clusters)
    assert one is not None and (one.known, one.share, one.name) == (4, 0.75, "a")
    assert two is not None and (two.known, two.share, two.name) == (2, 1.0, "b")


def test_designs_count_where_a_coin_stands_in_a_new_class(found: list[Clustering]) -> None:
    designs = found[0].designs
    assert found[0].against == "designs" and designs is not None
    assert (designs.known, designs.purity) == (6, pytest.approx(5 / 6))  # owl owl owl bee | bee bee
    assert designs.clusters[2].name == "Assos/bee"
    assert found[1].against is None and found[1].designs is None  # Ilion is not split there


def test_nearest_and_farthest_in_order_ties_by_number(found: list[Clustering]) -> None:
    one, two = found[0].clusters
    assert [coin.coin_id for coin in one.nearest] == ["1", "2"]  # 2 and 3 are equally near
    assert [coin.coin_id for coin in one.farthest] == ["4", "5"]
    assert [coin.coin_id for coin in two.nearest] == [
        "7",
        "8",
    ] and two.farthest == ()  # each coin is shown once
    assert one.nearest[0].evidence == "0.1000 from the centroid, a, Assos/owl"
    assert one.farthest[1].evidence == "0.4000 from the centroid, Assos/bee"
    assert one.nearest[0].obverse == "Head 1." and one.nearest[0].picture.startswith(
        "data:image/jpeg;base64,"
    )


def test_farthest_are_others_than_the_nearest_where_all_are_as_far(
    tables: Callable[[str], DataFrame],
) -> None:
    known = cluster_quality.members(
        tables("clusters").where("layer = 'seen' AND cluster = 1"), tables("coins"), tables("classes"), []
    )
    rows = (
        cluster_quality.ends(known.where("mint = 'Assos'").withColumn("distance", F.lit(0.5)), 2)
        .orderBy("end", "nth")
        .collect()
    )
    assert [(row["end"], row["coin_id"]) for row in rows] == [
        ("farthest", "3"),
        ("farthest", "4"),
        ("nearest", "1"),
        ("nearest", "2"),
    ]


def test_equal_coins_are_counted_together(tables: Callable[[str], DataFrame]) -> None:
    known = cluster_quality.members(
        tables("clusters").where("layer = 'seen'"), tables("coins"), tables("classes"), ["designs"]
    )
    assert {
        (row["cluster"], row["type"], row["design"], row["class"]): row["coins"]
        for row in cluster_quality.counts(known).where("mint = 'Assos'").collect()
    } == {
        (1, "a", "Assos/owl", "Assos/cluster-01"): 2,
        (1, "a", None, "Assos/cluster-01"): 1,
        (1, "b", "Assos/owl", "Assos/cluster-01"): 1,
        (1, None, "Assos/bee", "Assos/cluster-01"): 1,
        (1, None, None, "Assos/cluster-01"): 1,
        (2, "b", "Assos/bee", None): 2,
    }


def test_mints_that_could_not_be_cut_are_told_with_the_reason(tables: Callable[[str], DataFrame]) -> None:
    assert [tuple(row) for row in cluster_quality.left_whole(tables, CONFIG)] == [
        ("seen", "Abdera", 2, "2 pictures, fewer than 3 clusters")
    ]


def test_without_a_layer_of_clusters_no_table_is_read() -> None:
    def none(name: str) -> DataFrame:
        raise AssertionError(f"{name} was read")

    assert (
        cluster_quality.clusterings(none, made.CONFIG) == cluster_quality.left_whole(none, made.CONFIG) == []
    )
    assert cluster_quality.render(none, made.CONFIG) == "no layer of kind clusters is configured"


def test_as_text(tables: Callable[[str], DataFrame]) -> None:
    lines = cluster_quality.render(tables, CONFIG).splitlines()
    assert lines[0] == "Layer seen" and lines[2] == "Assos: 8 coins in 2 clusters, the largest 75.0%"
    assert lines[3].startswith("  with their types: purity 83.3% (by lot ") and lines[3].endswith(
        "adjusted mutual information 0.36; 6 coins"
    )
    assert lines[4].startswith("  with the classes of layer designs: purity 83.3%")
    assert lines[5] == "     1       6   75.0%  75% a; 75% Assos/owl"
    assert lines[6] == "     2       2   25.0%  100% b; 100% Assos/bee  fewer than 3: back into its mint"
    assert lines[8] == "Ilion: 1 coins in 1 clusters, the largest 100.0%"


def cluster(times: float, types: Purity | None, designs: Purity | None = None) -> Cluster:
    return Cluster(1, "Assos/cluster-01", 10, 0.1, times, types, designs)


GOOD, BAD, FEW = (
    Purity(known, share, "a", 0.3, 0.1, 0.1, 0.0) for known, share in ((10, 0.9), (10, 0.35), (4, 0.3))
)


@pytest.mark.parametrize(
    ("one", "garbage", "said"),
    [
        (cluster(1.0, GOOD), False, ""),
        (cluster(1.0, BAD), True, "looks like garbage: hardly better than by lot"),
        (
            cluster(2.5, BAD),
            True,
            "looks like garbage: hardly better than by lot, and 2.5 times the even share",
        ),
        (cluster(2.5, GOOD), False, "large: 2.5 times the even share"),
        (cluster(1.0, BAD, GOOD), False, ""),  # one design of many types
        (cluster(1.0, BAD, BAD), True, "looks like garbage: hardly better than by lot"),
        (cluster(1.0, FEW), False, ""),
        (
            cluster(2.5, None),
            True,
            "may be garbage: 2.5 times the even share, and nothing is known of its coins",
        ),
    ],
)
def test_verdict(one: Cluster, garbage: bool, said: str) -> None:
    assert (one.is_garbage, one.verdict) == (garbage, said)


def test_verdict_on_a_mint() -> None:
    def mint(*held: Cluster) -> str:
        return Clustering("seen", "Assos", "m", 20, held, None, None, None).verdict

    assert mint(cluster(1, GOOD), cluster(1, GOOD)) == "No cluster looks like garbage."
    assert (
        mint(cluster(1, GOOD), cluster(1, BAD)) == "Cluster 1 looks like garbage: 50.0 % of the mint’s coins."
    )
    assert mint(cluster(1, GOOD), cluster(2.5, GOOD)) == (
        "No cluster looks like garbage. Cluster 1 is large: 50.0 % of the mint’s coins."
    )
    assert (
        mint(cluster(1, BAD), cluster(1, BAD))
        == "Clusters 1, 1 look like garbage: 100.0 % of the mint’s coins."
    )
