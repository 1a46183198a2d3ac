"""The stage `evaluate`: runs, splits, images and coins → predictions, confusion, metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.core.code_version import code_version
from coinspark.core.errors import AuditError, InputError
from coinspark.core.hashing import digest
from coinspark.evaluation import metrics
from coinspark.evaluation.metric_rows import metric_rows
from coinspark.pipeline import scratch
from coinspark.pipeline.stage import Change, Context, Stage
from coinspark.training.baselines import BASELINES
from coinspark.training.classifier.predict import RunModel, predict, run_model
from coinspark.training.split_digest import split_digests
from coinspark.vision.backbones import BACKBONES
from coinspark.warehouse.content import hash_sum
from coinspark.warehouse.local_frame import local_frame
from coinspark.warehouse.locations import warehouse_location
from coinspark.warehouse.schemas import METRICS, PREDICTIONS

_PREDICTIONS = "predictions"


def build(context: Context) -> Mapping[str, DataFrame | Change]:
    """Predict the test images of every run and score them: {"predictions", "confusion", "metrics"}.

    Raises:
        InputError: There is no run, or a run was trained on another split.
        AuditError: A test image has no prediction.
    """
    config, spark = context.config, context.spark
    runs, splits = context.read("runs"), context.read("splits")
    run_rows = runs.orderBy("layer", "model", "fold").collect()
    if not run_rows:
        raise InputError("evaluate: there is no run; train first (`coinspark train`)")
    digests, views = split_digests(splits), config.training.prediction_views
    folder = warehouse_location(config)
    models = [run_model(run.asDict(), folder, digests, views) for run in run_rows]
    tests = metrics.test_images(runs, splits)
    images = _jpegs(tests, context.read("coins"), context.read("images"), config.image_size)
    parts = _part_names(images, models, config.evaluation.top_k)
    scratch.remove_others(context.scratch / _PREDICTIONS, parts.values())
    predictions = reduce(
        DataFrame.unionAll, [_predictions(context, images, model, parts[model.run_id]) for model in models]
    )
    outcomes = metrics.outcomes(tests, predictions).persist()
    _check_complete(outcomes, config)
    networks = [(run["layer"], run["model"]) for run in run_rows if run["role"] == "network"]
    comparisons = metrics.comparisons(config, networks, splits)
    rows = outcomes.drop("run_id", "predicted").collect()
    if comparisons.reference is not None:
        layer = comparisons.reference[0]
        rows += metrics.majority_outcomes(splits, layer, comparisons.top_k).collect()
    values = metric_rows(rows, comparisons)
    return {
        "predictions": predictions,
        "confusion": metrics.confusion_counts(outcomes),
        "metrics": local_frame(spark, values, METRICS.ddl),
    }


def _part_names(images: DataFrame, models: Sequence[RunModel], top_k: int) -> dict[str, str]:
    """Run → name of its predictions in the scratch folder, with a hash of everything that decides them."""
    by_run = images.groupBy("run_id").agg(F.count("*").alias("n"), hash_sum(images).alias("hash"))
    contents = {row["run_id"]: f"{row['n']}-{row['hash']}" for row in by_run.collect()}
    names = {}
    for model in models:
        facts = {**asdict(model), "weights": None, "access": None}  # the hash counts
        registry = BASELINES if model.role == "baseline" else BACKBONES
        code = code_version(RunModel.__module__, registry.module(model.model))
        names[model.run_id] = (
            f"{model.run_id}-{digest([facts, contents.get(model.run_id), top_k, code])[:16]}"
        )
    return names


def _predictions(context: Context, images: DataFrame, model: RunModel, part: str) -> DataFrame:
    """Predictions of one run, kept in the scratch folder: they are read three times, and inference is slow.

    A build that resumes after a kill finds the runs that were finished.
    """
    folder = context.scratch / _PREDICTIONS / part
    if not (folder / "_SUCCESS").exists():
        own = images.where(F.col("run_id") == model.run_id).drop("run_id")
        predict(own, model, context.config.evaluation.top_k).write.mode("overwrite").parquet(folder.uri)
        context.say(f"evaluate: predicted the test images of {model.run_id}")
    return context.spark.read.schema(PREDICTIONS.ddl).parquet(folder.uri)


def _jpegs(tests: DataFrame, coins: DataFrame, images: DataFrame, size: int) -> DataFrame:
    """The merged images of the test coins, as `predict` expects them: [run_id, coin_id, medium, jpeg]."""
    image_ids = coins.select("coin_id", "medium", "image_id")
    sized = images.where(F.col("size") == size).select("image_id", "jpeg")
    return (
        tests.join(image_ids, ["coin_id", "medium"])
        .join(sized, "image_id")
        .select("run_id", "coin_id", "medium", "jpeg")
    )


def _check_complete(outcomes: DataFrame, config: Config) -> None:
    missing = outcomes.where("predicted IS NULL").orderBy("coin_id", "medium", "run_id").head()
    if missing:
        raise AuditError(
            f"evaluate: test coin {missing['coin_id']} ({missing['medium']}) of layer {missing['layer']} "
            f"has no prediction; check that the table images has its image of size {config.image_size}"
        )


def _settings(config: Config) -> Any:
    return {
        "top_k": config.evaluation.top_k,  # the others decide the report and a view only
        "size": config.image_size,
        "reference_layer": config.reference_layer,
        "views": config.training.prediction_views,
        "unsupervised": metrics.unsupervised_steps(config),
        "network_steps": metrics.network_steps(config),
    }


STAGE = Stage(
    name="evaluate",
    help="Predict the test coins; compute metrics.",
    reads=lambda config: ("runs", "splits", "images", "coins"),
    writes=("predictions", "confusion", "metrics"),
    settings=_settings,
    build=build,
)
