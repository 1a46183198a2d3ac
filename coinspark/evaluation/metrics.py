"""Predictions against the record: hits, confusion, and the METRICS rows with their differences from the baseline.

A prediction counts at two levels. At level `class` the label is the layer's class. At level `mint` the probabilities of
the classes of a mint have been summed: a mix-up between two classes of one mint is no error there, which the paper's
Table 1 counted as one, so that its rows could not be compared (DESIGN section 4, Evaluation).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame, Row, Window
from pyspark.sql import functions as F

from coinspark.config import Config, Evaluation
from coinspark.evaluation import scores
from coinspark.warehouse.schemas import CONFUSION

LEVELS = ("class", "mint")
BASELINES = ("hog-svm", "majority")
"""Models that are not trained networks: printed for comparison, never the baseline."""
Values = tuple[str, str, str, str, int, float, float, float, float | None, float | None, float | None]
Key = tuple[str, str]


def held_out(runs: DataFrame, splits: DataFrame) -> DataFrame:
    """What each run is tested on: [run_id, layer, model, fold, coin_id, medium, class, mint]."""
    held = splits.where("split = 'test'").select("layer", "fold", "coin_id", "medium", "class", "mint")
    return (
        runs.select("run_id", "layer", "model", "fold")
        .join(held, ["layer", "fold"])
        .select("run_id", "layer", "model", "fold", "coin_id", "medium", "class", "mint")
    )


def hits(tests: DataFrame, predictions: DataFrame) -> DataFrame:
    """Truth and outcome of each test image: [run_id, layer, model, level, coin_id, medium, truth, predicted, rank].

    `predicted` is the first prediction (null where there is none), `rank` the place of the truth, null where it is not
    among the predictions. `tests` as `held_out` gives them.
    """
    labelled = (
        tests.withColumn("level", F.explode(F.array(*map(F.lit, LEVELS))))
        .withColumn("truth", F.when(F.col("level") == "class", F.col("class")).otherwise(F.col("mint")))
        .drop("class", "mint")
    )
    label = F.when(F.col("level") == "class", F.col("class")).otherwise(F.col("mint"))
    said = predictions.select("run_id", "level", "coin_id", "medium", "rank", label.alias("label"))
    keys = ["run_id", "level", "coin_id", "medium"]
    joined = labelled.join(said.withColumnRenamed("rank", "place"), keys, "left")
    return joined.groupBy("run_id", "layer", "model", "level", "coin_id", "medium", "truth").agg(
        F.max(F.when(F.col("place") == 1, F.col("label"))).alias("predicted"),
        F.min(F.when(F.col("label") == F.col("truth"), F.col("place"))).alias("rank"),
    )


def confusion(hits: DataFrame) -> DataFrame:
    """Test images by truth and first prediction: a CONFUSION frame."""
    return (
        hits.groupBy("run_id", "level", "truth", "predicted")
        .agg(F.count("*").alias("n"))
        .select(list(CONFUSION.columns))
    )


def majority(splits: DataFrame, layer: str, top: int) -> DataFrame:
    """What always naming the biggest mints of the training coins comes to: rows like those of `hits`, without run_id."""
    held = splits.where(F.col("layer") == layer)
    order = Window.partitionBy("fold").orderBy(F.col("n").desc(), "mint")
    places = (
        held.where("split = 'train'")
        .groupBy("fold", "mint")
        .agg(F.count("*").alias("n"))
        .select("fold", "mint", F.row_number().over(order).alias("place"))
    )
    first = places.where("place = 1").select("fold", F.col("mint").alias("predicted"))
    rank = F.when(F.col("place") <= top, F.col("place"))
    return (
        held.where("split = 'test'")
        .join(F.broadcast(places), ["fold", "mint"], "left")
        .join(F.broadcast(first), "fold")
        .select(
            "layer",
            F.lit("majority").alias("model"),
            F.lit("mint").alias("level"),
            "coin_id",
            "medium",
            F.col("mint").alias("truth"),
            "predicted",
            rank.alias("rank"),
        )
    )


def baseline(config: Config, keys: Sequence[Key]) -> Key | None:
    """The (layer, model) that the others are compared with: the plain mint layer's network; None where there is none."""
    reference = config.reference_layer
    return min((key for key in keys if key[0] == reference and key[1] not in BASELINES), default=None)


def metric_rows(hits: Sequence[Row], base: Key | None, settings: Evaluation, seed: int) -> list[Values]:
    """The rows of METRICS: every layer, model, level and metric with its value, interval, and difference from `base`.

    All folds of a layer and model count together. `n` is the number of test coins. Differences are taken at level mint,
    over the images that both tested, a coin's media drawn together.
    """
    grouped: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in hits:
        grouped[row["layer"], row["model"], row["level"]].append(row)
    tested = {key: scores.tested(rows) for key, rows in sorted(grouped.items())}
    names = ("top1", f"top{settings.top}", "macro_recall") if settings.top > 1 else ("top1", "macro_recall")
    against = tested.get((*base, "mint")) if base else None
    return [
        (
            *key,
            metric,
            len(set(found.coin)),
            *_value(found, metric, settings.bootstrap, seed),
            *(
                _difference(found, against, metric, settings.bootstrap, seed)
                if against is not None and key[2] == "mint" and key[:2] != base
                else (None, None, None)
            ),
        )
        for key, found in tested.items()
        for metric in names
    ]


def _value(found: scores.Tested, metric: str, times: int, seed: int) -> tuple[float, float, float]:
    tally = scores.tally(found, metric)
    return (tally.value(), *scores.interval(tally, None, times, seed))


def _difference(
    found: scores.Tested, against: scores.Tested, metric: str, times: int, seed: int
) -> tuple[float | None, float | None, float | None]:
    """Difference and its interval over the common images; three nulls where there is none in common."""
    first, second = (scores.tally(side, metric) for side in scores.common(found, against))
    difference = first.value() - second.value()
    if math.isnan(difference):
        return None, None, None
    return (difference, *scores.interval(first, second, times, seed))


def pooled(confusion: Sequence[Row], runs: Mapping[str, Key], level: str) -> dict[Key, scores.Matrix]:
    """The confusion matrix of each (layer, model) at `level`, its folds added up. `runs`: run_id → (layer, model)."""
    cells: dict[Key, list[tuple[str, str, int]]] = defaultdict(list)
    for row in confusion:
        if row["level"] == level and row["run_id"] in runs:
            cells[runs[row["run_id"]]].append((row["truth"], row["predicted"], row["n"]))
    return {key: scores.matrix(rows) for key, rows in sorted(cells.items())}
