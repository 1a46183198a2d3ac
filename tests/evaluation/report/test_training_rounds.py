"""Which DeepCluster training the report speaks of, and what its rounds came to."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyspark.sql import DataFrame, SparkSession

from coinspark.config import Config
from coinspark.evaluation.report import training_rounds
from coinspark.evaluation.report.training_rounds import Learning, Round
from coinspark.warehouse import schemas
from tests import evaluation_tables as made

CONFIG = Config.model_validate(
    {
        "features": {"weights": "deepcluster"},
        "layers": [{"name": "mint", "kind": "mint"}, {"name": "seen", "kind": "clusters"}],
    }
)
OLD, NEW = "0123456789abcdef" + "0" * 48, "fedcba9876543210" + "0" * 48
READ = Callable[[str], DataFrame]


@pytest.fixture(scope="module")
def read(spark: SparkSession) -> Callable[[str], READ]:
    """Given the model that the clusters are of, a reader of tables with two networks."""
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
    frames = {name: spark.createDataFrame(held, schemas.TABLES[name].ddl) for name, held in rows.items()}

    def of(model: str) -> READ:
        seen = [
            ("seen", "i1", "Assos", model, 1, 0.5),
            ("seen", "i2", "Assos", model, 2, 0.5),
            ("gone", "i1", "Assos", f"{OLD[:16]}-64x64", 1, 0.5),
        ]
        return {**frames, "clusters": spark.createDataFrame(seen, schemas.CLUSTERS.ddl)}.__getitem__

    return of


def test_the_network_whose_features_were_clustered(read: Callable[[str], READ]) -> None:
    assert training_rounds.learnt(read(f"{NEW[:16]}-128x64-mixed_bfloat16"), CONFIG) == [
        Learning(
            "net-new",
            NEW,
            [Round(1, 4, (7, 1, 1, 1), None, 0.7, 2.0), Round(2, 4, (4, 3, 2, 1), 0.5, 0.6, 1.5)],
        )
    ]


def test_features_of_another_kind_of_network_have_no_rounds(read: Callable[[str], READ]) -> None:
    assert training_rounds.learnt(read("aaaaaaaaaaaaaaaa-128x64"), CONFIG) == []


def test_without_a_layer_of_clusters_no_table_is_read() -> None:
    def none(name: str) -> DataFrame:
        raise AssertionError(f"{name} was read")

    assert training_rounds.learnt(none, made.CONFIG) == []


def test_shares() -> None:
    one = Round(1, 4, (5, 3, 2, 0), None, None, None)
    assert (one.largest, one.even) == (0.5, 0.25)
    assert Round(1, 0, (), None, None, None).largest == 0.0
