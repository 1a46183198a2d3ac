"""Test images and predictions → outcomes, confusion counts, and the rows of the table `metrics`.

Every prediction is scored at two levels. At level `class` the label is the class of the layer. At level
`mint` the probabilities of a mint's classes are summed (roll-up): confusing two classes of one mint is then
no error. Only level `mint` compares layers with different classes.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from pyspark.sql import DataFrame, Row, Window
from pyspark.sql import functions as F

from coinspark.config import Config, Evaluation
from coinspark.evaluation.scores import (
    TestResults,
    bootstrap_interval,
    common_images,
    metric_counts,
    test_results,
)
from coinspark.warehouse.schemas import CONFUSION

LEVELS = ("class", "mint")
MAJORITY = "majority"
"""Name of the majority-class baseline in the table `metrics`; it has no run."""
Key = tuple[str, str]
"""Layer and model. The folds of a layer and model are scored together."""
MetricRow = tuple[str, str, str, str, int, float, float, float, float | None, float | None, float | None]
"""A row of the table `metrics`."""


def test_images(runs: DataFrame, splits: DataFrame) -> DataFrame:
    """The test images of each run: [run_id, layer, model, fold, coin_id, medium, class, mint]."""
    test_rows = splits.where("split = 'test'").select("layer", "fold", "coin_id", "medium", "class", "mint")
    return (
        runs.select("run_id", "layer", "model", "fold")
        .join(test_rows, ["layer", "fold"])
        .select("run_id", "layer", "model", "fold", "coin_id", "medium", "class", "mint")
    )


def outcomes(tests: DataFrame, predictions: DataFrame) -> DataFrame:
    """Truth and prediction of each test image.

    Columns: run_id, layer, model, level, coin_id, medium, truth, predicted, rank.
    `predicted` is the first prediction, null if there is none. `rank` is the rank of the truth, null if it is
    not predicted.

    Args:
        tests: Frame of `test_images`.
        predictions: Table `predictions`.
    """
    labelled = (
        tests.withColumn("level", F.explode(F.array(*map(F.lit, LEVELS))))
        .withColumn("truth", F.when(F.col("level") == "class", F.col("class")).otherwise(F.col("mint")))
        .drop("class", "mint")
    )
    label = F.when(F.col("level") == "class", F.col("class")).otherwise(F.col("mint"))
    keys = ["run_id", "level", "coin_id", "medium"]
    ranked = predictions.select(*keys, F.col("rank").alias("position"), label.alias("label"))
    joined = labelled.join(ranked, keys, "left")
    return joined.groupBy("run_id", "layer", "model", "level", "coin_id", "medium", "truth").agg(
        F.max(F.when(F.col("position") == 1, F.col("label"))).alias("predicted"),
        F.min(F.when(F.col("label") == F.col("truth"), F.col("position"))).alias("rank"),
    )


def confusion_counts(outcomes: DataFrame) -> DataFrame:
    """Test images by truth and first prediction: a CONFUSION frame."""
    return (
        outcomes.groupBy("run_id", "level", "truth", "predicted")
        .agg(F.count("*").alias("n"))
        .select(list(CONFUSION.columns))
    )


def majority_outcomes(splits: DataFrame, layer: str, top_k: int) -> DataFrame:
    """Outcomes of a baseline that always predicts the largest mints of the training split, largest first.

    Columns as in `outcomes`, without run_id.
    """
    rows = splits.where(F.col("layer") == layer)
    by_size = Window.partitionBy("fold").orderBy(F.col("n").desc(), "mint")
    positions = (
        rows.where("split = 'train'")
        .groupBy("fold", "mint")
        .agg(F.count("*").alias("n"))
        .select("fold", "mint", F.row_number().over(by_size).alias("position"))
    )
    largest = positions.where("position = 1").select("fold", F.col("mint").alias("predicted"))
    return (
        rows.where("split = 'test'")
        .join(F.broadcast(positions), ["fold", "mint"], "left")
        .join(F.broadcast(largest), "fold")
        .select(
            "layer",
            F.lit(MAJORITY).alias("model"),
            F.lit("mint").alias("level"),
            "coin_id",
            "medium",
            F.col("mint").alias("truth"),
            "predicted",
            F.when(F.col("position") <= top_k, F.col("position")).alias("rank"),
        )
    )


def reference_run(config: Config, networks: Iterable[Key]) -> Key | None:
    """The (layer, model) to compare with: the network of the reference layer; None without one."""
    return min((key for key in networks if key[0] == config.reference_layer), default=None)


def metric_names(top_k: int) -> tuple[str, ...]:
    """The metrics of a comparison, in the order in which they are shown."""
    return ("top1", f"top{top_k}", "macro_recall") if top_k > 1 else ("top1", "macro_recall")


def metric_rows(
    outcomes: Sequence[Row], reference: Key | None, settings: Evaluation, seed: int
) -> list[MetricRow]:
    """Rows of the table `metrics`: value, interval and difference of every layer, model, level and metric.

    All folds of a layer and model are scored together; `n` is the number of test coins. Differences from the
    reference run are taken at level `mint`, over the images that both runs tested.
    """
    grouped: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in outcomes:
        grouped[row["layer"], row["model"], row["level"]].append(row)
    results = {key: test_results(rows) for key, rows in sorted(grouped.items())}
    reference_results = results.get((*reference, "mint")) if reference else None
    rows: list[MetricRow] = []
    for key, result in results.items():
        compared = reference_results if key[2] == "mint" and key[:2] != reference else None
        coins = len(set(result.coin))
        for metric in metric_names(settings.top_k):
            value = _value(result, metric, settings, seed)
            rows.append((*key, metric, coins, *value, *_difference(result, compared, metric, settings, seed)))
    return rows


def _value(results: TestResults, metric: str, settings: Evaluation, seed: int) -> tuple[float, float, float]:
    counts = metric_counts(results, metric)
    return (counts.value(), *bootstrap_interval(counts, None, settings.bootstrap_samples, seed))


def _difference(
    results: TestResults, reference: TestResults | None, metric: str, settings: Evaluation, seed: int
) -> tuple[float | None, float | None, float | None]:
    """Difference from the reference and its interval over common images; three nulls if there are none."""
    if reference is None:
        return None, None, None
    first, second = (metric_counts(side, metric) for side in common_images(results, reference))
    difference = first.value() - second.value()
    if math.isnan(difference):
        return None, None, None
    return (difference, *bootstrap_interval(first, second, settings.bootstrap_samples, seed))
