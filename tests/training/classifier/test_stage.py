"""The stage `train`: one row per layer, fold and model; finished runs are reused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from coinspark.config import Config, load
from coinspark.core.errors import ConfigError
from coinspark.pipeline.stage import Context
from coinspark.training.classifier import predict, stage
from coinspark.vision import weights
from coinspark.warehouse import schemas
from coinspark.warehouse.locations import local_folder
from tests.training_jobs import TOY_BACKBONE
from tests.training_shards import CLASSES, image_table, striped_image


@pytest.fixture(scope="module")
def tables(spark: SparkSession) -> dict[str, DataFrame]:
    """24 coins of three mints; the layer `entities` splits Perinthos into two classes."""

    def split(n: int) -> str:
        return "test" if n % 8 == 7 else "validation" if n % 8 == 6 else "train"

    rows = []
    for n in range(24):
        mint = CLASSES[n % 3]
        split_class = mint if n % 3 < 2 else f"{mint}/{'Athena' if n % 2 else 'owl'}"
        rows += [
            (layer, 0, f"c{n}", "original", mint, name, split(n), f"c{n}")
            for layer, name in (("mint", mint), ("entities", split_class))
        ]
    return {
        "splits": spark.createDataFrame(rows, schemas.SPLITS.ddl).cache(),
        "coins": spark.createDataFrame(
            [(f"c{n}", "original", f"i{n}", [("Nike", "Tyche")[n % 2]]) for n in range(24)],
            "coin_id string, medium string, image_id string, types array<string>",
        ).cache(),
        "images": image_table(spark, range(24)).cache(),
    }


def _config(warehouse: Path, *overrides: str) -> Config:
    return load(
        [],
        [
            f"warehouse={warehouse}",
            "ingest.sizes=[32]",
            "ingest.shape=wide",
            "layers=[{name: mint, kind: mint}, {name: entities, kind: entities}]",
            "training.epochs=1",
            "training.launch=local",
            "training.batch=8",
            "training.precision=float32",
            *overrides,
        ],
    )


@pytest.mark.slow
def test_each_layer_is_trained_once_and_finished_runs_are_reused(
    spark: SparkSession, tables: dict[str, DataFrame], tmp_path: Path
) -> None:
    lines: list[str] = []
    config = _config(tmp_path / "a", f"training.model='{TOY_BACKBONE}'")

    def build() -> list[dict[str, object]]:
        context = Context(spark, config, tables.__getitem__, tmp_path / "scratch", lines.append)
        rows = stage.build(context)["runs"]
        assert isinstance(rows, DataFrame)
        assert rows.columns == list(schemas.RUNS.columns)
        return sorted((row.asDict() for row in rows.collect()), key=lambda row: str(row["run_id"]))

    runs = build()
    assert sorted((row["layer"], row["fold"], row["model"], row["role"]) for row in runs) == [
        ("entities", 0, TOY_BACKBONE, "network"),
        ("mint", 0, "hog-svm", "baseline"),
        ("mint", 0, TOY_BACKBONE, "network"),
    ]
    assert any("epoch 1/1" in line for line in lines)
    folder = local_folder(config)
    assert {path.name for path in (folder / "runs").iterdir()} == {row["run_id"] for row in runs}

    run = next(row for row in runs if row["layer"] == "entities")
    assert run["classes"] == ["Abdera", "Byzantion", "Perinthos/Athena", "Perinthos/owl"]
    model = predict.run_model(run, folder)
    assert model.mints == ("Abdera", "Byzantion", "Perinthos", "Perinthos")
    probabilities = predict.probabilities(model, [striped_image(1)])
    assert probabilities.shape == (1, 4) and probabilities.sum() == pytest.approx(1)
    assert weights.read(Path(model.weights), model.sha256, "training")["toy_conv/kernel"].shape == (
        8,
        8,
        3,
        16,
    )
    assert stage.STAGE.modules(config)[0] == TOY_BACKBONE.partition(":")[0]
    assert json.loads(str(run["inputs"]))["rows"]["train"] == [5, 5, 4, 4]
    assert not list((folder / "runs").rglob("checkpoint*"))

    lines.clear()
    assert build() == runs
    assert all("already trained" in line for line in lines)
    # A changed weights file is not reused: the run is trained again and has the same row.
    file = folder / str(run["weights"])
    file.write_bytes(file.read_bytes()[:-1])
    lines.clear()
    assert build() == runs
    assert sum("already trained" in line for line in lines) == 2


def test_settings_of_the_stage_include_training_but_not_the_warehouse(tmp_path: Path) -> None:
    base = _config(tmp_path)
    assert base.reference_layer == "mint"
    assert stage.layers(base) == ("mint", "entities")
    assert stage.STAGE.settings(base) != stage.STAGE.settings(_config(tmp_path, "training.epochs=2"))
    assert stage.STAGE.settings(base) == stage.STAGE.settings(_config(tmp_path / "elsewhere"))


def test_modules_of_the_stage_are_those_of_the_configured_models(tmp_path: Path) -> None:
    config = _config(tmp_path, "training.model=efficientnet_lite0", "training.baselines=false")
    assert stage.STAGE.modules(config) == ("coinspark.vision.backbones.efficientnet_lite0",)
    assert stage.STAGE.modules(_config(tmp_path)) == (
        "coinspark.vision.backbones.vgg16",
        "coinspark.training.baselines.hog_svm",
    )


def test_unknown_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"training\.model.*unknown backbone 'vgg19'.*'vgg16'"):
        _config(tmp_path, "training.model=vgg19")
