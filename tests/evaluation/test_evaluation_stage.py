"""Stage `evaluate`: predicts each test image once per run, resumes after a kill, fails without an image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.core.errors import AuditError, InputError
from coinspark.evaluation import stage, table1
from coinspark.evaluation.report.gather import gather
from coinspark.pipeline.stage import Context
from coinspark.training.classifier.predict import RunModel
from coinspark.warehouse.files import Location
from coinspark.warehouse.schemas import PREDICTIONS, TABLES
from tests import evaluation_tables

Tables = Callable[[str], DataFrame]


def _by_key(rows: list[Row]) -> dict[tuple[str, ...], Row]:
    return {(row["layer"], row["model"], row["level"], row["metric"]): row for row in rows}


@pytest.fixture
def context(spark: SparkSession, build: Tables, tmp_path: Path) -> Context:
    config = Config.model_validate(
        {**evaluation_tables.CONFIG.model_dump(mode="json"), "warehouse": str(tmp_path)}
    )
    return Context(spark, config, build, Location.of(tmp_path / "scratch"), lambda line: None)


@pytest.fixture
def models(build: Tables, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replaces networks by the predictions of the synthetic build. Returns the runs that predicted."""
    runs: list[str] = []

    def predict(images: DataFrame, run: RunModel, top: int) -> DataFrame:
        assert images.columns == ["coin_id", "medium", "jpeg"] and top == 5
        runs.append(run.run_id)
        rows = build("predictions").where(f"run_id = '{run.run_id}'")
        return rows.join(images, ["coin_id", "medium"]).select(list(PREDICTIONS.columns))

    monkeypatch.setattr(stage, "predict", predict)
    return runs


def test_stage_predicts_every_run_once_and_resumes_after_a_kill(
    context: Context, build: Tables, models: list[str]
) -> None:
    built = stage.STAGE.build(context)
    assert {name: built[name].columns for name in built} == {  # type: ignore[union-attr]
        name: list(TABLES[name].columns) for name in ("predictions", "confusion", "metrics")
    }
    assert models == ["designs-vgg16", "mint-hog-svm", "mint-vgg16"]
    assert {tuple(row) for row in built["predictions"].collect()} == {  # type: ignore[union-attr]
        tuple(row) for row in build("predictions").collect()
    }
    confusion = sorted(map(tuple, built["confusion"].collect()))  # type: ignore[union-attr]
    assert confusion == sorted(map(tuple, build("confusion").collect()))
    values, expected = (_by_key(frame.collect()) for frame in (built["metrics"], build("metrics")))  # type: ignore[union-attr]
    assert values.keys() == expected.keys()
    for key, row in values.items():
        other = expected[key]
        assert (row["n"], row["is_reference"]) == (other["n"], other["is_reference"])
        assert (row["resamples"], row["unsupervised"]) == (other["resamples"], other["unsupervised"])
        assert (row["p_value"], row["p_adjusted"]) == (None, None)
        for name in ("value", "difference"):
            assert row[name] == (None if other[name] is None else pytest.approx(other[name]))
        assert row["low"] < row["value"] < row["high"]
        assert row["high"] - row["low"] < 0.4
    stage.STAGE.build(context)
    assert len(models) == 3


def test_test_coin_without_an_image_fails_the_stage(
    context: Context, build: Tables, models: list[str]
) -> None:
    images = build("images").where("image_id <> 'CN 1000:plaster'")
    broken = replace(context, read=lambda name: images if name == "images" else build(name))
    with pytest.raises(AuditError, match=r"test coin CN 1000 \(plaster\) of layer .* size 64"):
        stage.STAGE.build(broken)


def test_stage_without_runs_fails(context: Context, build: Tables) -> None:
    empty = replace(context, read=lambda name: build(name).limit(0) if name == "runs" else build(name))
    with pytest.raises(InputError, match="train first"):
        stage.STAGE.build(empty)


def _swapped(build: Tables) -> Tables:
    """The build after train and test of the layer `designs` have been swapped."""
    swapped = F.when(F.col("split") == "test", "train").when(F.col("split") == "train", "test")
    split = F.when(F.col("layer") == "designs", F.coalesce(swapped, "split")).otherwise(F.col("split"))
    splits = build("splits").withColumn("split", split)
    return lambda name: splits if name == "splits" else build(name)


def test_runs_of_another_split_are_neither_evaluated_nor_reported(
    context: Context, build: Tables, models: list[str]
) -> None:
    stage.STAGE.build(context)  # predictions of the old split are in the scratch folder
    message = (
        r"^run designs-vgg16: trained on another split of layer 'designs', fold 0, than [^\n]*train` first$"
    )
    tables = _swapped(build)
    with pytest.raises(InputError, match=message):
        stage.STAGE.build(replace(context, read=tables))
    with pytest.raises(InputError, match=message):
        gather(tables, context.config, "build_1")
    with pytest.raises(InputError, match=message):
        table1.render(tables, context.config, "csv")


def test_number_of_views_decides_the_result_of_the_stage(context: Context) -> None:
    training = context.config.training.model_copy(update={"prediction_views": 5})
    five = context.config.model_copy(update={"training": training})
    assert stage.STAGE.settings(five) != stage.STAGE.settings(context.config)
    epochs = context.config.training.model_copy(update={"epochs": 3})
    more = context.config.model_copy(update={"training": epochs})
    assert stage.STAGE.settings(more) == stage.STAGE.settings(context.config)


def test_settings_of_the_report_do_not_predict_again(context: Context) -> None:
    def settings(**keys: object) -> object:
        section = context.config.evaluation.model_copy(update=keys)
        return stage.STAGE.settings(context.config.model_copy(update={"evaluation": section}))

    before = settings()
    assert settings(examples_per_class=1, sections=("sizes",), suspect_threshold=0.5) == before
    assert settings(top_k=3) != before
