"""Test images and predictions → outcomes and confusion counts; which runs are compared.

Every prediction is scored at two levels. At level `class` the label is the class of the layer. At level
`mint` the probabilities of a mint's classes are summed (roll-up): confusing two classes of one mint is then
no error. Only level `mint` compares layers with different classes.
"""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from coinspark.classes.kinds import KINDS
from coinspark.config import Config
from coinspark.evaluation.metric_rows import Comparisons, Key
from coinspark.training import run_folder
from coinspark.warehouse.locations import warehouse_location
from coinspark.warehouse.schemas import CONFUSION

LEVELS = ("class", "mint")
MAJORITY = "majority"
"""Name of the majority-class baseline in the table `metrics`; it has no run."""
_DEEPCLUSTER = "DeepCluster network"


def test_images(runs: DataFrame, splits: DataFrame) -> DataFrame:
    """The test images of each run: [run_id, layer, model, fold, unit, coin_id, medium, class, mint]."""
    columns = ["fold", "unit", "coin_id", "medium", "class", "mint"]
    test_rows = splits.where("split = 'test'").select("layer", *columns)
    return (
        runs.select("run_id", "layer", "model", "fold")
        .join(test_rows, ["layer", "fold"])
        .select("run_id", "layer", "model", *columns)
    )


def outcomes(tests: DataFrame, predictions: DataFrame) -> DataFrame:
    """Truth and prediction of each test image.

    Columns: run_id, layer, model, level, fold, unit, coin_id, medium, truth, predicted, rank.
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
    test = ["run_id", "layer", "model", "level", "fold", "unit", "coin_id", "medium", "truth"]
    return joined.groupBy(*test).agg(
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
            "fold",
            "unit",
            "coin_id",
            "medium",
            F.col("mint").alias("truth"),
            "predicted",
            F.when(F.col("position") <= top_k, F.col("position")).alias("rank"),
        )
    )


def comparisons(config: Config, networks: Iterable[Key], splits: DataFrame) -> Comparisons:
    """Which runs are compared, and how.

    Args:
        networks: Layer and model of the trained networks.
        splits: Table `splits`.
    """
    keys = frozenset(networks)
    return Comparisons(
        reference=reference_run(config, keys),
        networks=keys,
        test_to_train=test_to_train(splits),
        unsupervised=unsupervised_steps(config),
        network_steps=network_steps(config),
        top_k=config.evaluation.top_k,
    )


def reference_run(config: Config, networks: Iterable[Key]) -> Key | None:
    """The run to compare with: the network of the reference layer; None if it was not trained.

    The reference layer is the first layer of the configuration whose kind is a reference.
    """
    return next((key for key in networks if key[0] == config.reference_layer), None)


def test_to_train(splits: DataFrame) -> dict[str, float]:
    """Layer → test units divided by training units, summed over the folds."""

    def units(side: str) -> Column:
        is_side = F.col("split") == side
        return F.countDistinct(F.when(is_side, F.col("fold")), F.when(is_side, F.col("unit"))).alias(side)

    rows = splits.groupBy("layer").agg(units("test"), units("train")).collect()
    return {row["layer"]: row["test"] / max(1, row["train"]) for row in rows}


def unsupervised_steps(config: Config) -> dict[str, tuple[str, ...]]:
    """Layer → the steps that it fitted on all coins, test coins included."""
    steps = {layer.name: KINDS[layer.kind].unsupervised_steps(config) for layer in config.layers}
    if _is_deepcluster_file(config, config.features.weights_sha256):
        for layer in config.layers_reading("clusters"):
            steps[layer.name] = (_DEEPCLUSTER, *steps[layer.name])
    return steps


def network_steps(config: Config) -> tuple[str, ...]:
    """The steps that fitted the initial weights of the trained networks on all coins, test coins included."""
    return (_DEEPCLUSTER,) if _is_deepcluster_file(config, config.training.weights_sha256) else ()


def _is_deepcluster_file(config: Config, sha256: str | None) -> bool:
    return run_folder.is_deepcluster_file(warehouse_location(config) / "networks", sha256)
