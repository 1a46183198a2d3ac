"""The sections on clusters and on DeepCluster."""

from __future__ import annotations

import base64

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from coinspark.evaluation.agreement import Purity, agreement
from coinspark.evaluation.cluster_quality import Cluster, Clustering
from coinspark.evaluation.report.coin_cards import CoinCard
from coinspark.evaluation.report.deepcluster_rounds import NetworkRounds, Round
from coinspark.evaluation.report.figures.curves import round_plots
from coinspark.evaluation.report.sections import clusters
from coinspark.evaluation.report.source import ReportSource
from tests import evaluation_tables
from tests.evaluation.cluster_tables import CONFIG, cluster_tables
from tests.evaluation.report.test_sections import render
from tests.html_page import Reader

HOSTILE = evaluation_tables.HOSTILE


def card(n: int) -> CoinCard:
    uri = "data:image/jpeg;base64," + base64.b64encode(evaluation_tables.image(n)).decode("ascii")
    return CoinCard(f"CN {n}", "original", uri, 128, 64, HOSTILE, "Owl.", f"distance 0.{n}000, {HOSTILE}")


def cluster(number: int, name: str | None, types: Purity | None) -> Cluster:
    designs = Purity(20, 0.15, "Pergamon/owl", 0.14, 0.2, 0.19, 0.5)
    return Cluster(number, name, 30, 0.25, 2.6, types, designs)


@pytest.fixture(scope="module")
def html() -> str:
    types = agreement({(1, HOSTILE): 12, (1, "b"): 18, (7, "b"): 30}, 1)
    assert types is not None
    items = [
        cluster(1, "Pergamon/cluster-01", Purity(30, 0.9, HOSTILE, 0.3, 0.8, 0.25, 0.0)),
        cluster(7, None, Purity(30, 0.3, "b", 0.3, 0.25, 0.25, 0.6)),
    ]
    mint = Clustering("seen", "Pergamon", "0123456789abcdef-128x64", 120, items, types, types, "designs")
    key = ("seen", "Pergamon", 1)
    coins = {(*key, "nearest"): [card(1), card(2)], (*key, "farthest"): [card(8), card(9)]}
    values = {"clusterings": [mint], "coins": coins, "unclustered": [], "rules": clusters.RULES}
    return render("clusters", values)


def test_clusters_section_shows_the_numbers(html: str) -> None:
    text = Reader(html).text
    for part in (
        "Pergamon, layer “seen”",
        "Cluster 7 looks like garbage: 25.0 % of the mint’s coins. Cluster 1 is large: 25.0 % of the mint’s",
        "120 coins in 2 clusters; the largest has 25.0 %, the mean is 50.0 %",
        "80.0 % of the 60 coins with exactly one type have the most frequent type of their cluster",
        "in a new class of layer “designs”",
        "Adjusted mutual information 0.",
        "0123456789abcdef-128x64",
        "1 Pergamon/cluster-01 30 25.0 %",
        "7 stays in Pergamon 30 25.0 %",
        "large: 2.6 times the mean size",
        "looks like garbage: not clearly better than chance, 2.6 times the mean size",
        "Purity in “designs”",
        "below 20 % of the possible gain",
        "p-value above 0.05",
        "pairwise recall 80.0 %",
        "pairwise recall 20.0 %",
        "more than 2 times the mean size",
    ):
        assert part in text, part


def test_nearest_and_farthest_coins_are_images_in_the_page(html: str) -> None:
    images = [attributes for tag, attributes in Reader(html).tags if tag == "img"]
    assert [image["title"] for image in images] == [
        f"CN {n}: distance 0.{n}000, {HOSTILE}" for n in (1, 2, 8, 9)
    ]
    assert all((image["src"] or "").startswith("data:image/jpeg;base64,") for image in images)
    assert html.index("Nearest") < html.index("CN 1") < html.index("Farthest") < html.index("CN 8")


def test_hostile_type_name_is_escaped(html: str) -> None:
    reader = Reader(html)
    assert "<script" not in html.lower() and not {"script", "link"} & {tag for tag, _ in reader.tags}
    assert any(HOSTILE in text for text in reader.texts)
    assert sum(tag == "table" for tag, _ in reader.tags) == sum(tag == "thead" for tag, _ in reader.tags)


def test_deepcluster_section_has_plots_and_a_table_of_rounds() -> None:
    rounds = [Round(1, 3, (50, 30, 20), None, 0.71, 2.5), Round(2, 3, (40, 30, 30), 0.62, 0.65, 1.5)]
    network = NetworkRounds("net", "5b" * 32, rounds)
    reader = Reader(render("deepcluster", {"networks": [(network, round_plots(rounds))]}))
    assert [attributes["aria-label"] for tag, attributes in reader.tags if tag == "svg"] == [
        "Agreement with the previous round (NMI), by round",
        "Inertia, by round",
        "Share of the largest cluster; dashed: mean, by round",
    ]
    assert "1 – 0.7100 2.5000 3 50.0 % 50, 30, 20" in reader.text
    assert "2 0.6200 0.6500 1.5000 3 40.0 % 40, 30, 30" in reader.text
    assert "5b" * 32 in reader.text


def test_mints_without_clusters_are_listed_even_if_no_mint_has_any() -> None:
    row = Row(layer="seen", mint=HOSTILE, images=30, reason="30 images are too few for 2 clusters of 40")
    values = {"clusterings": [], "coins": {}, "unclustered": [row], "rules": clusters.RULES}
    html = render("clusters", values)
    assert (
        f"{HOSTILE}, layer “seen”, 30 images: 30 images are too few for 2 clusters of 40" in Reader(html).text
    )
    assert "<script" not in html.lower() and "centroid" not in html


def test_gathered_coins_are_in_order_and_ties_go_by_coin_id(spark: SparkSession) -> None:
    values = clusters.gather(ReportSource(cluster_tables(spark), CONFIG, "build_20260105"))
    assert values is not None
    coins = values["coins"]
    ids = {key[2:]: [card.coin_id for card in cards] for key, cards in coins.items() if key[1] == "Assos"}
    assert ids == {
        (1, "nearest"): ["1", "2"],  # 2 and 3 have the same distance
        (1, "farthest"): ["4", "5"],
        (2, "nearest"): ["7", "8"],  # each coin is shown once
    }
    nearest, farthest = coins["seen", "Assos", 1, "nearest"], coins["seen", "Assos", 1, "farthest"]
    assert nearest[0].note == "distance 0.1000, a, Assos/owl"
    assert farthest[1].note == "distance 0.4000, Assos/bee"
    assert nearest[0].obverse == "Head 1." and nearest[0].image.startswith("data:image/jpeg;base64,")
    assert [tuple(row) for row in values["unclustered"]] == [
        ("seen", "Abdera", 2, "2 images are fewer than 3 clusters")
    ]


def test_clusters_section_without_a_layer_of_clusters_reads_no_table() -> None:
    def fail(name: str) -> DataFrame:
        raise AssertionError(f"{name} was read")

    assert clusters.gather(ReportSource(fail, evaluation_tables.CONFIG, "build_20260105")) is None
