"""DeepCluster networks of the clustered features and their rounds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyspark.sql import DataFrame, SparkSession

from coinspark.config import Config
from coinspark.evaluation.report.deepcluster_rounds import NetworkRounds, Round, read_rounds
from coinspark.warehouse import schemas
from coinspark.warehouse.local_frame import local_frame
from tests import evaluation_tables

CONFIG = Config.model_validate(
    {
        "features": {"weights": "deepcluster"},
        "layers": [{"name": "mint", "kind": "mint"}, {"name": "seen", "kind": "clusters"}],
    }
)
OLD, NEW = "0123456789abcdef" + "0" * 48, "fedcba9876543210" + "0" * 48
Tables = Callable[[str], DataFrame]


@pytest.fixture(scope="module")
def tables_of(spark: SparkSession) -> Callable[[str], Tables]:
    """Returns tables with two networks, whose clusters are of the given model."""
    rows = {
        "networks": [
            ("net-old", "{}", "{}", "c0de", "old.npz", OLD),
            ("net-new", "{}", "{}", "c0de", "new.npz", NEW),
        ],
        "rounds": [
            ("net-old", 1, 2, [9, 1], None, 0.7, 2.0),
            ("net-new", 2, 4, [4, 3, 2, 1], 0.5, 0.6, 1.5),
            ("net-new", 1, 4, [7, 1, 1, 1], None, 0.7, 2.0),
        ],
    }
    frames = {name: local_frame(spark, values, schemas.TABLES[name].ddl) for name, values in rows.items()}

    def tables_of(model: str) -> Tables:
        clusters = [
            ("seen", "i1", "Assos", model, 1, 0.5),
            ("seen", "i2", "Assos", model, 2, 0.5),
            ("gone", "i1", "Assos", f"{OLD[:16]}-64x64", 1, 0.5),
        ]
        return {**frames, "clusters": local_frame(spark, clusters, schemas.CLUSTERS.ddl)}.__getitem__

    return tables_of


def test_rounds_are_those_of_the_network_of_the_clustered_features(
    tables_of: Callable[[str], Tables],
) -> None:
    assert read_rounds(tables_of(f"{NEW[:16]}-128x64-mixed_bfloat16"), CONFIG) == [
        NetworkRounds(
            "net-new",
            NEW,
            [Round(1, 4, (7, 1, 1, 1), None, 0.7, 2.0), Round(2, 4, (4, 3, 2, 1), 0.5, 0.6, 1.5)],
        )
    ]


def test_features_of_another_model_have_no_rounds(tables_of: Callable[[str], Tables]) -> None:
    assert read_rounds(tables_of("aaaaaaaaaaaaaaaa-128x64"), CONFIG) == []


def test_rounds_without_a_layer_of_clusters_read_no_table() -> None:
    def fail(name: str) -> DataFrame:
        raise AssertionError(f"{name} was read")

    assert read_rounds(fail, evaluation_tables.CONFIG) == []


def test_largest_and_mean_share_of_a_round() -> None:
    item = Round(1, 4, (5, 3, 2, 0), None, None, None)
    assert (item.largest_share, item.mean_share) == (0.5, 0.25)
    assert Round(1, 0, (), None, None, None).largest_share == 0.0
