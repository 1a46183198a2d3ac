"""The stage `evaluate`: runs, splits, images and coins → predictions, confusion, metrics."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.core.errors import AuditError, InputError
from coinspark.evaluation import metrics
from coinspark.pipeline.stage import Change, Context, Stage
from coinspark.training.classifier.predict import predict, run_model
from coinspark.warehouse.locations import local_folder
from coinspark.warehouse.schemas import METRICS, PREDICTIONS


def build(context: Context) -> Mapping[str, DataFrame | Change]:
    """{"predictions", "confusion", "metrics"}.

    Raises InputError without runs, AuditError where a test image has no prediction.
    """
    config, spark = context.config, context.spark
    runs, splits = context.read("runs"), context.read("splits")
    listed = runs.orderBy("layer", "model", "fold").collect()
    if not listed:
        raise InputError("evaluate: there is no run; train first (`coinspark train`)")
    tests = metrics.held_out(runs, splits)
    photos = pictures(tests, context.read("coins"), context.read("images"), config.image_size)
    predictions = reduce(DataFrame.unionAll, [_kept(context, photos, run) for run in listed])
    found = metrics.hits(tests, predictions).persist()
    if lost := found.where("predicted IS NULL").orderBy("coin_id", "medium", "run_id").head():
        raise AuditError(
            f"evaluate: test coin {lost['coin_id']} ({lost['medium']}) of layer {lost['layer']} has no "
            f"prediction; is its image of size {config.image_size} in the table images?"
        )
    base = metrics.baseline(config, [(run["layer"], run["model"]) for run in listed])
    rows = found.select("layer", "model", "level", "coin_id", "medium", "truth", "rank").collect()
    if base is not None:
        rows += metrics.majority(splits, base[0], config.evaluation.top).collect()
    values = metrics.metric_rows(rows, base, config.evaluation, config.seed)
    return {
        "predictions": predictions,
        "confusion": metrics.confusion(found),
        "metrics": spark.createDataFrame(values, METRICS.ddl),
    }


def _kept(context: Context, photos: DataFrame, run: Row) -> DataFrame:
    """The predictions of one run, from the stage's own folder: inference is dear, and they are read three times.

    What a killed evaluation had finished is not done again.
    """
    place = context.scratch / "predictions" / run["run_id"]
    if not (place / "_SUCCESS").exists():
        own = photos.where(F.col("run_id") == run["run_id"]).drop("run_id")
        model = run_model(run.asDict(), local_folder(context.config))
        predict(own, model, context.config.evaluation.top).write.mode("overwrite").parquet(str(place))
        context.say(f"evaluate: {run['run_id']} tested")
    return context.spark.read.schema(PREDICTIONS.ddl).parquet(str(place))


def pictures(tests: DataFrame, coins: DataFrame, images: DataFrame, size: int) -> DataFrame:
    """The merged photographs of the test coins, as `predict` takes them: [run_id, coin_id, medium, jpeg]."""
    known = coins.select("coin_id", "medium", "image_id")
    sized = images.where(F.col("size") == size).select("image_id", "jpeg")
    return (
        tests.join(known, ["coin_id", "medium"])
        .join(sized, "image_id")
        .select("run_id", "coin_id", "medium", "jpeg")
    )


def _settings(config: Config) -> Any:
    return {
        "evaluation": config.evaluation,
        "seed": config.seed,
        "size": config.image_size,
        "kinds": {layer.name: layer.kind for layer in config.layers},
    }


STAGE = Stage(
    name="evaluate",
    help="Predictions of the test coins, confusion and metrics.",
    reads=lambda config: ("runs", "splits", "images", "coins"),
    writes=("predictions", "confusion", "metrics"),
    settings=_settings,
    build=build,
)
