"""The stage `train`: a row a layer, fold and model; finished runs are known again and not trained twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from coinspark.config import Config, load
from coinspark.pipeline.stage import Context
from coinspark.training.classifier import predict, stage
from coinspark.warehouse import schemas
from coinspark.warehouse.locations import local_folder
from tests.training_shards import CLASSES, shade


@pytest.fixture(scope="module")
def tables(spark: SparkSession) -> dict[str, DataFrame]:
    """24 coins of three mints; the layer `entities` splits Perinthos in two."""

    def split(n: int) -> str:
        return "test" if n % 8 == 7 else "validation" if n % 8 == 6 else "train"

    rows = []
    for n in range(24):
        mint = CLASSES[n % 3]
        fine = mint if n % 3 < 2 else f"{mint}/{'Athena' if n % 2 else 'owl'}"
        rows += [
            (layer, 0, f"c{n}", "original", mint, name, split(n))
            for layer, name in (("mint", mint), ("entities", fine))
        ]
    return {
        "splits": spark.createDataFrame(rows, schemas.SPLITS.ddl).cache(),
        "coins": spark.createDataFrame(
            [(f"c{n}", "original", f"i{n}", [("Nike", "Tyche")[n % 2]]) for n in range(24)],
            "coin_id string, medium string, image_id string, types array<string>",
        ).cache(),
        "images": spark.createDataFrame(
            [(f"i{n}", 32, 64, 32, bytearray(shade(n))) for n in range(24)], schemas.IMAGES.ddl
        ).cache(),
    }


def _config(place: Path) -> Config:
    layers = "[{name: mint, kind: mint}, {name: entities, kind: entities}]"
    return load(
        [],
        [
            f"warehouse={place}",
            "ingest.sizes=[32]",
            "ingest.shape=wide",
            f"layers={layers}",
            "training.epochs=1",
            "training.launch=local",
            "training.batch=8",
            "training.precision=float32",
        ],
    )


@pytest.mark.slow
def test_runs_of_every_layer_and_their_predictions(
    spark: SparkSession, tables: dict[str, DataFrame], tmp_path: Path
) -> None:
    said: list[str] = []

    def build() -> list[dict[str, object]]:
        context = Context(
            spark, _config(tmp_path / "a"), tables.__getitem__, tmp_path / "scratch", said.append
        )
        made = stage.build(context)["runs"]
        assert isinstance(made, DataFrame)
        assert made.columns == list(schemas.RUNS.columns)
        return sorted((row.asDict() for row in made.collect()), key=lambda row: str(row["run_id"]))

    runs = build()
    assert [
        (row["layer"], row["fold"], row["model"])
        for row in sorted(runs, key=lambda r: (r["layer"], r["model"]))
    ] == [("entities", 0, "vgg16"), ("mint", 0, "hog-svm"), ("mint", 0, "vgg16")]
    assert any("epoch 1/1" in line for line in said)
    folder = local_folder(_config(tmp_path / "a"))
    assert {path.name for path in (folder / "runs").iterdir()} == {row["run_id"] for row in runs}

    fine = next(row for row in runs if row["layer"] == "entities")
    assert fine["classes"] == ["Abdera", "Byzantion", "Perinthos/Athena", "Perinthos/owl"]
    model = predict.run_model(fine, folder)
    assert model.mints == ("Abdera", "Byzantion", "Perinthos", "Perinthos")
    assert predict.probabilities(model, [shade(1)]).shape == (1, 4)
    assert json.loads(str(fine["inputs"]))["rows"]["train"] == [5, 5, 4, 4]
    assert not list((folder / "runs").rglob("checkpoint*"))

    said.clear()
    assert build() == runs
    assert all("trained already" in line for line in said)
    # Weights that were changed on disk are not taken for the run's: trained anew, the same rows to the letter.
    mine = folder / str(fine["weights"])
    mine.write_bytes(mine.read_bytes()[:-1])
    said.clear()
    assert build() == runs
    assert sum("trained already" in line for line in said) == 1


def test_what_the_stage_hangs_on(tmp_path: Path) -> None:
    base = _config(tmp_path)
    assert stage._baseline(base) == "mint"
    assert stage._layers(base) == ("mint", "entities")
    more = base.model_copy(update={"training": base.training.model_copy(update={"epochs": 2})})
    assert stage.STAGE.settings(base) != stage.STAGE.settings(more)
    assert stage.STAGE.settings(base) == stage.STAGE.settings(
        base.model_copy(update={"warehouse": "elsewhere"})
    )
