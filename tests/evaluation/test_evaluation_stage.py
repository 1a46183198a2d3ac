"""The stage: every test image predicted once a run, kept when it is killed, refused when one is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from coinspark.config import Config
from coinspark.core.errors import AuditError, InputError
from coinspark.evaluation import stage
from coinspark.pipeline.stage import Context
from coinspark.warehouse.schemas import METRICS, PREDICTIONS, TABLES
from tests import evaluation_tables as made

BuildTag = Callable[[str], DataFrame]


@pytest.fixture
def context(spark: SparkSession, build: BuildTag, tmp_path: Path) -> Context:
    config = Config.model_validate({**made.CONFIG.model_dump(mode="json"), "warehouse": str(tmp_path)})
    return Context(spark, config, build, tmp_path / "scratch", lambda line: None)


@pytest.fixture
def models(build: BuildTag, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """In place of a network: what the made-up build has for the images given. The list tells which runs were asked."""
    asked: list[str] = []

    def predict(images: DataFrame, run: str, top: int) -> DataFrame:
        assert images.columns == ["coin_id", "medium", "jpeg"] and top == 5
        asked.append(run)
        said = build("predictions").where(f"run_id = '{run}'")
        return said.join(images, ["coin_id", "medium"]).select(list(PREDICTIONS.columns))

    monkeypatch.setattr(stage, "run_model", lambda row, folder: row["run_id"])
    monkeypatch.setattr(stage, "predict", predict)
    return asked


def test_stage_predicts_every_run_once_even_after_a_kill(
    context: Context, build: BuildTag, models: list[str]
) -> None:
    built = stage.STAGE.build(context)
    assert {name: built[name].columns for name in built} == {  # type: ignore[union-attr]
        name: list(TABLES[name].columns) for name in ("predictions", "confusion", "metrics")
    }
    assert models == ["designs-vgg16", "mint-hog-svm", "mint-vgg16"]
    assert {tuple(row) for row in built["predictions"].collect()} == {  # type: ignore[union-attr]
        tuple(row) for row in build("predictions").collect()
    }
    values = sorted(tuple(row) for row in built["metrics"].collect())  # type: ignore[union-attr]
    assert values == sorted(tuple(row) for row in build("metrics").select(list(METRICS.columns)).collect())
    assert {row[:2] for row in values} == {
        ("designs", "vgg16"),
        ("mint", "hog-svm"),
        ("mint", "majority"),
        ("mint", "vgg16"),
    }
    stage.STAGE.build(context)
    assert len(models) == 3


def test_a_test_coin_without_its_image_stops_the_stage(
    context: Context, build: BuildTag, models: list[str]
) -> None:
    images = build("images").where("image_id <> 'CN 1000:plaster'")
    broken = replace(context, read=lambda name: images if name == "images" else build(name))
    with pytest.raises(AuditError, match=r"test coin CN 1000 \(plaster\) of layer .* size 64"):
        stage.STAGE.build(broken)


def test_no_runs(context: Context, build: BuildTag) -> None:
    empty = replace(context, read=lambda name: build(name).limit(0) if name == "runs" else build(name))
    with pytest.raises(InputError, match="train first"):
        stage.STAGE.build(empty)
