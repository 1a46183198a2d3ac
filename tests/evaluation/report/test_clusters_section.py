"""The report's sections on clusters and on DeepCluster: what they show, escaped, and not there without clusters."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace

import pytest
from pyspark.sql import Row

from coinspark.evaluation.agreement import Purity, agreement
from coinspark.evaluation.cluster_quality import Cluster, Clustering
from coinspark.evaluation.report import gather
from coinspark.evaluation.report import page as report
from coinspark.evaluation.report.coin_cards import Example
from coinspark.evaluation.report.training_rounds import Learning, Round
from tests import evaluation_tables as made
from tests.html_page import Reader


def example(n: int) -> Example:
    jpeg = base64.b64encode(made.picture(n)).decode("ascii")
    return Example(
        f"CN {n}",
        "original",
        f"data:image/jpeg;base64,{jpeg}",
        128,
        64,
        made.HOSTILE,
        "Owl.",
        f"0.{n}000 from the centroid, {made.HOSTILE}",
    )


def cluster(number: int, name: str | None, types: Purity | None, coins: Sequence[Example] = ()) -> Cluster:
    designs = Purity(20, 0.15, "Pergamon/owl", 0.14, 0.2, 0.19, 0.5)
    return Cluster(number, name, 30, 0.25, 2.6, types, designs, coins[:2], coins[2:])


@pytest.fixture(scope="module")
def html(page: gather.Page) -> str:
    types = agreement({(1, made.HOSTILE): 12, (1, "b"): 18, (7, "b"): 30}, 1)
    assert types is not None
    pure = Purity(30, 0.9, made.HOSTILE, 0.3, 0.8, 0.25, 0.0)
    held = [
        cluster(1, "Pergamon/cluster-01", pure, [example(n) for n in (1, 2, 8, 9)]),
        cluster(7, None, Purity(30, 0.3, "b", 0.3, 0.25, 0.25, 0.6)),
    ]
    seen = Clustering("seen", "Pergamon", "0123456789abcdef-128x64", 120, held, types, types, "designs")
    rounds = [Round(1, 3, (50, 30, 20), None, 0.71, 2.5), Round(2, 3, (40, 30, 30), 0.62, 0.65, 1.5)]
    return report.render(
        replace(page, clusterings=[seen], learnt=[Learning("net", "5b" * 32, rounds)]), made.CONFIG
    )


def test_the_section_holds_the_numbers(html: str) -> None:
    text = Reader(html).text
    for part in (
        "Pergamon, layer “seen”",
        "Cluster 7 looks like garbage: 25.0 % of the mint’s coins. Cluster 1 is large: 25.0 % of the mint’s coins.",
        "120 coins in 2 clusters; the largest holds 25.0 %, an even one would hold 50.0 %",
        "80.0 % of the 60 coins of one sure type are of the type that is commonest in their cluster",
        "that stand in a new class of layer “designs”",
        "Adjusted mutual information 0.",
        "0123456789abcdef-128x64",
        "1 Pergamon/cluster-01 30 25.0 %",
        "7 back in Pergamon 30 25.0 %",
        "large: 2.6 times the even share",
        "looks like garbage: hardly better than by lot, and 2.6 times the even share",
        "Purity in “designs”",
        "less than 20 % of the way",
        "kept together 80.0 %",
        "kept together 20.0 %",
        "more than 2 times the even share",
    ):
        assert part in text, part


def test_nearest_and_farthest_are_pictures_of_the_page(html: str) -> None:
    section = html[html.index('id="clusters"') : html.index('id="deepcluster"')]
    pictures = [attributes for tag, attributes in Reader(html).tags if tag == "img" and "title" in attributes]
    assert [picture["title"] for picture in pictures] == [
        f"CN {n}: 0.{n}000 from the centroid, {made.HOSTILE}" for n in (1, 2, 8, 9)
    ]
    assert all((picture["src"] or "").startswith("data:image/jpeg;base64,") for picture in pictures)
    assert (
        section.index("Nearest") < section.index("CN 1") < section.index("Farthest") < section.index("CN 8")
    )


def test_a_type_named_script_is_text(html: str) -> None:
    read = Reader(html)
    assert "<script" not in html.lower() and not {"script", "link"} & {tag for tag, _ in read.tags}
    assert any(made.HOSTILE in text for text in read.texts)
    assert sum(tag == "table" for tag, _ in read.tags) == sum(tag == "thead" for tag, _ in read.tags)


def test_deepcluster_is_drawn_and_told_by_round(html: str) -> None:
    read = Reader(html)
    labels = [attributes["aria-label"] or "" for tag, attributes in read.tags if tag == "svg"]
    assert [label for label in labels if label.endswith("by round")] == [
        "Agreement with the round before (NMI), by round",
        "Inertia, by round",
        "Largest cluster’s share; dashed: an even one, by round",
    ]
    assert (
        "1 – 0.7100 2.5000 3 50.0 % 50, 30, 20" in read.text
        and "2 0.6200 0.6500 1.5000 3 40.0 % 40, 30, 30" in read.text
    )
    assert "5b" * 32 in read.text


def test_without_clusters_there_is_no_section(page: gather.Page) -> None:
    assert (page.clusterings, page.left_whole, page.learnt) == ([], [], [])
    html = report.render(page, made.CONFIG)
    assert "#clusters" not in html and "#deepcluster" not in html and "centroid" not in html


def test_mints_left_whole_are_listed_alone_too(page: gather.Page) -> None:
    row = Row(
        layer="seen", mint=made.HOSTILE, coins=30, why="its pictures are 30, and two clusters of 40 need 80"
    )
    html = report.render(replace(page, left_whole=[row]), made.CONFIG)
    assert (
        f"{made.HOSTILE}, layer “seen”, 30 coins: its pictures are 30, and two clusters of 40 need 80"
        in Reader(html).text
    )
    assert "<script" not in html.lower() and "centroid" not in html
