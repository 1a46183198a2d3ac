"""The stage `train`: one row per layer, fold and model; finished runs are reused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from coinspark.config import Config, load
from coinspark.core.errors import ConfigError, InputError
from coinspark.pipeline.stage import Context
from coinspark.training.classifier import predict, run_settings, stage
from coinspark.training.split_digest import split_digests
from coinspark.vision import weights
from coinspark.vision.network import resolve_precision
from coinspark.warehouse import schemas
from coinspark.warehouse.files import Location
from coinspark.warehouse.local_frame import local_frame
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
        "splits": local_frame(spark, rows, schemas.SPLITS.ddl).cache(),
        "coins": local_frame(
            spark,
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
            "training.epochs=3",
            "training.launch=local",
            "training.batch=2",
            "training.learning_rate=0.01",
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

    def build(force: bool = False) -> list[dict[str, object]]:
        context = Context(
            spark, config, tables.__getitem__, Location.of(tmp_path / "scratch"), lines.append, force=force
        )
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
    assert any("epoch 3/3" in line for line in lines)
    folder = Path(config.warehouse)
    assert {path.name for path in (folder / "runs").iterdir()} == {row["run_id"] for row in runs}

    run = next(row for row in runs if row["layer"] == "entities")
    assert run["classes"] == ["Abdera", "Byzantion", "Perinthos/Athena", "Perinthos/owl"]
    digests = split_digests(tables["splits"])
    model = predict.run_model(run, Location.of(folder), digests, views=5)
    assert model.views == 5
    swapped = tables["splits"].replace({"train": "test", "test": "train"}, subset="split")
    with pytest.raises(
        InputError, match=f"^run {run['run_id']}: trained on another split of layer 'entities'"
    ):
        predict.run_model(run, Location.of(folder), split_digests(swapped))
    assert model.mints == ("Abdera", "Byzantion", "Perinthos", "Perinthos")
    probabilities = predict.probabilities(model, [striped_image(1)])
    assert probabilities.shape == (1, 4) and probabilities.sum() == pytest.approx(1)
    assert weights.read(model.file, model.sha256)["toy_conv/kernel"].shape == (8, 8, 3, 16)
    assert stage.STAGE.modules(config)[0] == TOY_BACKBONE.partition(":")[0]
    inputs = json.loads(str(run["inputs"]))
    assert inputs["rows"]["train"] == [5, 5, 4, 4] and inputs["split"] == digests["entities", 0]
    for row in runs:
        losses = [epoch["loss"] for epoch in json.loads(str(row["history"]))]
        assert row["role"] == "baseline" or losses[2] < losses[0] - 0.01
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
    lines.clear()
    assert build(force=True) == runs, "trained again, with equal weights"
    assert not any("already trained" in line for line in lines)
    assert {path.name for path in (folder / "runs").iterdir()} == {row["run_id"] for row in runs}


def test_settings_of_the_stage_include_training_but_not_the_warehouse(tmp_path: Path) -> None:
    base = _config(tmp_path)
    assert base.reference_layer == "mint"
    assert run_settings.layers(base) == ("mint", "entities")
    assert stage.STAGE.settings(base) == stage.STAGE.settings(_config(tmp_path / "elsewhere"))


def _decides_the_run(base: Config, other: Config) -> bool:
    """Whether the two configurations train two runs."""
    return any(
        settings(base) != settings(other)
        for settings in (
            run_settings.weights_settings,
            lambda config: run_settings.network_settings(
                config, 3, resolve_precision(config.training.precision)
            ),
        )
    )


def _decides_the_stage(base: Config, other: Config) -> bool:
    return (stage.STAGE.settings(base), stage.STAGE.outside(base)) != (
        stage.STAGE.settings(other),
        stage.STAGE.outside(other),
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((), ("training.prediction_views=5",)),
        ((), ("training.feed=tfdata",)),
        ((), ("training.launch=horovod", "training.workers=1")),
        (("training.launch=horovod",), ("training.launch=horovod", "training.interface=eth0")),
    ],
)
def test_setting_that_changes_no_weights_does_not_train_again(
    tmp_path: Path, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    base, other = _config(tmp_path, *before), _config(tmp_path, *after)
    assert not _decides_the_run(base, other) and not _decides_the_stage(base, other)


@pytest.mark.parametrize(
    "overrides",
    [
        ("training.epochs=4",),
        ("training.learning_rate=0.1",),
        ("training.launch=horovod",),
        ("training.weights=imagenet", "training.model=efficientnet_lite0"),
        ("training.weights='a.npz'", f"training.weights_sha256='{'0' * 64}'"),
        ("training.precision=mixed_bfloat16",),
        ("ingest.sizes=[64]",),
        ("seed=3",),
    ],
)
def test_setting_that_changes_the_weights_trains_again(tmp_path: Path, overrides: tuple[str, ...]) -> None:
    model = [override for override in overrides if "training.model=" in override]
    base, other = _config(tmp_path, *model), _config(tmp_path, *overrides)
    assert _decides_the_run(base, other) and _decides_the_stage(base, other)


@pytest.mark.parametrize(
    "override", ["layers=[mint]", "baselines=false", "shards=8", "auxiliary_types=false"]
)
def test_setting_of_the_rows_runs_the_stage_but_reuses_runs(tmp_path: Path, override: str) -> None:
    base, other = _config(tmp_path), _config(tmp_path, f"training.{override}")
    assert not _decides_the_run(base, other) and _decides_the_stage(base, other)


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
