"""Outcomes, confusion counts and metric rows of a few coins, computed by hand."""

from __future__ import annotations

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from coinspark.config import Config, Evaluation
from coinspark.evaluation import metrics
from coinspark.warehouse.schemas import PREDICTIONS, RUNS, SPLITS


@pytest.fixture(scope="module")
def outcomes(spark: SparkSession) -> DataFrame:
    """Test coins of the layer designs: c (owl) is predicted as Zeus of its mint, d (Ilion) as Pergamon."""
    runs = [("r", "designs", 0, "vgg16", "network", [], "", "", "", "", "", "", "")]
    splits = [
        ("designs", 0, "c", "original", "Pergamon", "Pergamon/owl", "test", "c"),
        ("designs", 0, "d", "original", "Ilion", "Ilion", "test", "d"),
        ("designs", 0, "e", "original", "Ilion", "Ilion", "test", "e"),
        ("designs", 0, "t", "original", "Ilion", "Ilion", "train", "t"),
        ("designs", 1, "t", "original", "Ilion", "Ilion", "test", "t"),
    ]
    predicted = {
        ("class", "c"): ["Pergamon/Zeus", "Pergamon/owl"],
        ("mint", "c"): ["Pergamon", "Ilion"],
        ("class", "d"): ["Pergamon/Zeus", "Pergamon/owl"],
        ("mint", "d"): ["Pergamon", "Ilion"],
    }
    predictions = [
        ("r", level, coin, "original", rank, name, name.split("/")[0], 0.5)
        for (level, coin), names in predicted.items()
        for rank, name in enumerate(names, 1)
    ]
    tests = metrics.test_images(
        spark.createDataFrame(runs, RUNS.ddl), spark.createDataFrame(splits, SPLITS.ddl)
    )
    return metrics.outcomes(tests, spark.createDataFrame(predictions, PREDICTIONS.ddl)).persist()


def test_outcomes_have_truth_prediction_and_rank_at_both_levels(outcomes: DataFrame) -> None:
    rows = {
        (row["level"], row["coin_id"]): (row["truth"], row["predicted"], row["rank"])
        for row in outcomes.collect()
    }
    assert rows == {
        ("class", "c"): ("Pergamon/owl", "Pergamon/Zeus", 2),
        ("mint", "c"): ("Pergamon", "Pergamon", 1),
        ("class", "d"): ("Ilion", "Pergamon/Zeus", None),
        ("mint", "d"): ("Ilion", "Pergamon", 2),
        ("class", "e"): ("Ilion", None, None),
        ("mint", "e"): ("Ilion", None, None),
    }


def test_confusion_counts_images_by_truth_and_prediction(outcomes: DataFrame) -> None:
    cells = {tuple(row) for row in metrics.confusion_counts(outcomes.where("coin_id <> 'e'")).collect()}
    assert cells == {
        ("r", "class", "Pergamon/owl", "Pergamon/Zeus", 1),
        ("r", "class", "Ilion", "Pergamon/Zeus", 1),
        ("r", "mint", "Pergamon", "Pergamon", 1),
        ("r", "mint", "Ilion", "Pergamon", 1),
    }


def test_majority_predicts_the_largest_mints_of_the_training_split_of_each_fold(spark: SparkSession) -> None:
    rows = [
        ("mint", fold, f"{mint}{i}", "original", mint, mint, side, f"{mint}{i}")
        for fold, sizes in ((0, {"A": 3, "B": 2, "C": 1}), (1, {"A": 1, "B": 3, "C": 2}))
        for mint, n in sizes.items()
        for i, side in enumerate(["test", *["train"] * n])
    ]
    ranks = {
        (row["coin_id"], row["predicted"]): row["rank"]
        for row in metrics.majority_outcomes(spark.createDataFrame(rows, SPLITS.ddl), "mint", 2).collect()
    }
    assert ranks == {
        ("A0", "A"): 1,
        ("B0", "A"): 2,
        ("C0", "A"): None,
        ("A0", "B"): None,
        ("B0", "B"): 1,
        ("C0", "B"): 2,
    }


def outcome(
    layer: str, model: str, level: str, coin: str, truth: str, rank: int | None, medium: str = "original"
) -> Row:
    return Row(layer=layer, model=model, level=level, coin_id=coin, medium=medium, truth=truth, rank=rank)


def test_metric_rows_pool_folds_and_compare_common_coins() -> None:
    reference = [
        outcome("mint", "vgg16", "mint", f"c{i}", "A" if i < 6 else "B", 1 if i % 2 else 2) for i in range(10)
    ]
    layer = [
        outcome("designs", "vgg16", "mint", f"c{i}", "A" if i < 6 else "B", 1 if i else 3) for i in range(10)
    ]
    layer.append(outcome("designs", "vgg16", "mint", "only here", "B", None))
    rows = metrics.metric_rows(
        [*reference, *layer], ("mint", "vgg16"), Evaluation(bootstrap_samples=200, top_k=3), seed=1
    )
    by_key = {(row[0], row[3]): row for row in rows}
    assert set(by_key) == {
        (layer, metric) for layer in ("mint", "designs") for metric in ("top1", "top3", "macro_recall")
    }
    assert by_key["mint", "top1"][4:6] == (10, 0.5) and by_key["mint", "top1"][8:] == (None, None, None)
    assert by_key["designs", "top1"][4:6] == (11, pytest.approx(9 / 11))
    assert by_key["designs", "top1"][8] == pytest.approx(0.9 - 0.5)  # ten common coins
    assert by_key["designs", "macro_recall"][5] == pytest.approx((5 / 6 + 4 / 5) / 2)
    low, high = by_key["designs", "top1"][9:]
    assert low is not None and high is not None and low < 0.4 < high


def test_levels_are_separate_and_a_layer_without_common_coins_has_no_difference() -> None:
    rows = metrics.metric_rows(
        [
            outcome("mint", "vgg16", "mint", "a", "A", 1),
            outcome("x", "vgg16", "mint", "b", "A", 1),
            outcome("x", "vgg16", "class", "b", "A/o", 2),
        ],
        ("mint", "vgg16"),
        Evaluation(bootstrap_samples=100, top_k=1),
        seed=1,
    )
    by_key = {(row[0], row[2], row[3]): row for row in rows}
    assert by_key["x", "class", "top1"][5] == 0 and by_key["x", "mint", "top1"][5] == 1
    assert by_key["x", "mint", "top1"][8:] == (None, None, None)


def test_reference_run_is_the_network_of_the_reference_layer() -> None:
    config = Config.model_validate(
        {"layers": [{"name": "d", "kind": "entities"}, {"name": "plain", "kind": "mint"}]}
    )
    networks = [("d", "vgg16"), ("plain", "vgg16")]
    assert metrics.reference_run(config, networks) == ("plain", "vgg16")
    assert metrics.reference_run(config, networks[:1]) is None
