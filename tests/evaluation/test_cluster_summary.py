"""The clusters as text."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession

from coinspark.evaluation import cluster_summary
from tests import evaluation_tables
from tests.evaluation.cluster_tables import CONFIG, cluster_tables


def test_summary_lists_mints_and_clusters(spark: SparkSession) -> None:
    lines = cluster_summary.render(cluster_tables(spark), CONFIG).splitlines()
    assert lines[0] == "Layer seen" and lines[2] == "Assos: 8 coins in 2 clusters, the largest 75.0%"
    assert lines[3].startswith("  types: purity 83.3% (random ")
    assert lines[3].endswith("adjusted mutual information 0.36; 6 coins")
    assert lines[4].startswith("  layer designs: purity 83.3%")
    assert lines[5] == "     1       6   75.0%  75% a; 75% Assos/owl"
    assert lines[6] == "     2       2   25.0%  100% b; 100% Assos/bee  fewer than 3 coins: stays in its mint"
    assert lines[8] == "Ilion: 1 coins in 1 clusters, the largest 100.0%"


def test_summary_without_a_layer_of_clusters_reads_no_table() -> None:
    def fail(name: str) -> DataFrame:
        raise AssertionError(f"{name} was read")

    assert cluster_summary.render(fail, evaluation_tables.CONFIG) == "no layer of clusters is configured"
