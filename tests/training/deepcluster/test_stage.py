"""The stage `deepcluster`: rows of networks and rounds, reuse of a finished network, declared tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from coinspark.config import Config, load
from coinspark.core.errors import InputError
from coinspark.pipeline.stage import Context
from coinspark.training.deepcluster import stage
from coinspark.vision import weights
from coinspark.vision.feature_network import select_network
from coinspark.warehouse import schemas
from coinspark.warehouse.files import Location
from coinspark.warehouse.local_frame import local_frame
from tests.training_jobs import TOY_BACKBONE
from tests.training_shards import image_table

MINTS = ("Abdera", "Byzantion", "Perinthos")


@pytest.fixture(scope="module")
def tables(spark: SparkSession) -> dict[str, DataFrame]:
    """24 coins of three mints and 22 images: two coins share an image, and one coin has none."""
    coins = [(f"c{n}", "original", MINTS[n % 3], f"i{max(n, 1)}" if n < 23 else None, []) for n in range(24)]
    return {
        "coins": local_frame(
            spark, coins, "coin_id string, medium string, mint string, image_id string, types array<string>"
        ).cache(),
        "images": image_table(spark, range(1, 23)).cache(),
    }


def _config(warehouse: Path, *overrides: str) -> Config:
    return load(
        [],
        [
            f"warehouse={warehouse}",
            "ingest.sizes=[32]",
            "ingest.shape=wide",
            "training.launch=local",
            "training.shards=2",
            "training.precision=float32",
            "features.weights=deepcluster",
            "features.precision=float32",
            "deepcluster.rounds=2",
            "deepcluster.k=3",
            "deepcluster.epochs=1",
            "deepcluster.batch=8",
            "deepcluster.stop_nmi=null",
            f"training.model='{TOY_BACKBONE}'",
            *overrides,
        ],
    )


@pytest.mark.slow
def test_network_is_trained_once_and_reused(
    spark: SparkSession, tables: dict[str, DataFrame], tmp_path: Path
) -> None:
    lines: list[str] = []

    def context(warehouse: Path, **more: DataFrame) -> Context:
        read = {**tables, **more}.__getitem__
        return Context(spark, _config(warehouse), read, Location.of(tmp_path / "scratch"), lines.append)

    def build(warehouse: Path) -> tuple[dict[str, object], list[dict[str, object]]]:
        frames = stage.build(context(warehouse))
        networks, rounds = frames["networks"], frames["rounds"]
        assert isinstance(networks, DataFrame) and isinstance(rounds, DataFrame)
        (network,) = networks.collect()
        return network.asDict(), [row.asDict() for row in rounds.orderBy("round").collect()]

    network, rounds = build(tmp_path / "a")
    assert [(row["network"], row["round"]) for row in rounds] == [
        (network["network"], 1),
        (network["network"], 2),
    ]
    assert [sum(row["sizes"]) for row in rounds] == [22, 22]
    assert json.loads(str(network["inputs"]))["rows"] == [11, 11]  # each image once
    assert sum("round" in line and "inertia" in line for line in lines) == 2
    folder = tmp_path / "a"
    weights.check_hash(folder / str(network["weights"]), str(network["sha256"]))
    assert not list((folder / "networks").rglob("checkpoint*"))

    lines.clear()
    assert build(tmp_path / "a") == (network, rounds)
    assert any("already trained" in line for line in lines)
    assert build(tmp_path / "b") == (network, rounds)  # rows do not depend on the warehouse

    networks = local_frame(spark, [tuple(network.values())], schemas.NETWORKS.ddl)
    selected = select_network(context(tmp_path / "a", networks=networks))
    assert selected.model == f"{str(network['sha256'])[:16]}-64x32-relief"
    file = folder / str(network["weights"])
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(InputError, match="SHA-256"):
        select_network(context(tmp_path / "a", networks=networks))


def test_mint_without_images_is_named(
    spark: SparkSession, tables: dict[str, DataFrame], tmp_path: Path
) -> None:
    config = _config(tmp_path, "features.mints=[Pergamon]")
    context = Context(spark, config, tables.__getitem__, Location.of(tmp_path / "scratch"), lambda line: None)
    with pytest.raises(InputError, match=r"features\.mints: no coin of 'Pergamon' has an image"):
        stage.build(context)


def test_splits_are_read_only_with_features_split(tmp_path: Path) -> None:
    whole, training_side = _config(tmp_path), _config(tmp_path, "features.split=train")
    assert stage.STAGE.reads(whole) == ("coins", "images")
    assert stage.STAGE.reads(training_side) == ("coins", "images", "splits")
    assert stage.STAGE.settings(whole) != stage.STAGE.settings(training_side)
