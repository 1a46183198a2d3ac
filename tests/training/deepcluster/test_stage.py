"""The stage `deepcluster`: its network and rounds as rows; a network that is trained is known again."""

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
from coinspark.warehouse.locations import local_folder
from tests.training_shards import shade


@pytest.fixture(scope="module")
def tables(spark: SparkSession) -> dict[str, DataFrame]:
    """24 coins of three mints and 22 pictures: two coins share one, and one has none."""
    coins = [
        (
            f"c{n}",
            "original",
            ("Abdera", "Byzantion", "Perinthos")[n % 3],
            f"i{max(n, 1)}" if n < 23 else None,
            [],
        )
        for n in range(24)
    ]
    return {
        "coins": spark.createDataFrame(
            coins, "coin_id string, medium string, mint string, image_id string, types array<string>"
        ).cache(),
        "images": spark.createDataFrame(
            [(f"i{n}", 32, 64, 32, bytearray(shade(n))) for n in range(1, 23)], schemas.IMAGES.ddl
        ).cache(),
        "splits": spark.createDataFrame([], schemas.SPLITS.ddl),
    }


def _config(place: Path, *more: str) -> Config:
    return load(
        [],
        [
            f"warehouse={place}",
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
            *more,
        ],
    )


@pytest.mark.slow
def test_a_network_its_rounds_and_how_it_is_known_again(
    spark: SparkSession, tables: dict[str, DataFrame], tmp_path: Path
) -> None:
    said: list[str] = []

    def build(place: Path) -> tuple[dict[str, object], list[dict[str, object]]]:
        context = Context(spark, _config(place), tables.__getitem__, tmp_path / "scratch", said.append)
        made = stage.build(context)
        networks, rounds = made["networks"], made["rounds"]
        assert isinstance(networks, DataFrame) and isinstance(rounds, DataFrame)
        (row,) = networks.collect()
        return row.asDict(), [one.asDict() for one in rounds.orderBy("round").collect()]

    row, rounds = build(tmp_path / "a")
    assert [(one["network"], one["round"]) for one in rounds] == [(row["network"], 1), (row["network"], 2)]
    assert [sum(one["sizes"]) for one in rounds] == [22, 22]
    assert json.loads(str(row["inputs"]))["rows"] == [11, 11]  # each picture once
    assert sum("round" in line and "inertia" in line for line in said) == 2
    folder = local_folder(_config(tmp_path / "a"))
    weights.check_hash(folder / str(row["weights"]), str(row["sha256"]), "features")
    assert not list((folder / "networks").rglob("checkpoint*"))

    said.clear()
    assert build(tmp_path / "a") == (row, rounds)
    assert any("trained already" in line for line in said)
    assert build(tmp_path / "b") == (row, rounds)  # another warehouse: the same rows to the letter

    held = {**tables, "networks": spark.createDataFrame([tuple(row.values())], schemas.NETWORKS.ddl)}
    seen = select_network(
        Context(spark, _config(tmp_path / "a"), held.__getitem__, tmp_path / "scratch", said.append)
    )
    assert seen.model == f"{str(row['sha256'])[:16]}-64x32-relief"
    file = folder / str(row["weights"])
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(InputError, match="SHA-256"):
        select_network(
            Context(spark, _config(tmp_path / "a"), held.__getitem__, tmp_path / "scratch", said.append)
        )


def test_a_mint_without_a_picture_is_named(
    spark: SparkSession, tables: dict[str, DataFrame], tmp_path: Path
) -> None:
    config = _config(tmp_path, "features.mints=[Pergamon]")
    with pytest.raises(InputError, match=r"features\.mints: no coin of 'Pergamon' has a picture"):
        stage.build(Context(spark, config, tables.__getitem__, tmp_path / "scratch", lambda line: None))
