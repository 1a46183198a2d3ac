"""Hits, confusion and metric rows: worked out by hand on a few coins."""

from __future__ import annotations

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from coinspark.config import Config, Evaluation
from coinspark.evaluation import metrics
from coinspark.warehouse.schemas import PREDICTIONS, RUNS, SPLITS


@pytest.fixture(scope="module")
def hits(spark: SparkSession) -> DataFrame:
    """Three test coins of the layer designs; coin c's owl is taken for Zeus of the same mint, d's Ilion for Pergamon."""
    runs = [("r", "designs", 0, "vgg16", "network", [], "", "", "", "", "", "", "")]
    splits = [
        ("designs", 0, "c", "original", "Pergamon", "Pergamon/owl", "test"),
        ("designs", 0, "d", "original", "Ilion", "Ilion", "test"),
        ("designs", 0, "e", "original", "Ilion", "Ilion", "test"),
        ("designs", 0, "t", "original", "Ilion", "Ilion", "train"),
        ("designs", 1, "t", "original", "Ilion", "Ilion", "test"),
    ]
    said = {
        ("class", "c"): ["Pergamon/Zeus", "Pergamon/owl"],
        ("mint", "c"): ["Pergamon", "Ilion"],
        ("class", "d"): ["Pergamon/Zeus", "Pergamon/owl"],
        ("mint", "d"): ["Pergamon", "Ilion"],
    }
    predictions = [
        ("r", level, coin, "original", rank, name, name.split("/")[0], 0.5)
        for (level, coin), names in said.items()
        for rank, name in enumerate(names, 1)
    ]
    tests = metrics.held_out(spark.createDataFrame(runs, RUNS.ddl), spark.createDataFrame(splits, SPLITS.ddl))
    return metrics.hits(tests, spark.createDataFrame(predictions, PREDICTIONS.ddl)).persist()


def test_hits_by_hand(hits: DataFrame) -> None:
    found = {
        (row["level"], row["coin_id"]): (row["truth"], row["predicted"], row["rank"])
        for row in hits.collect()
    }
    assert found == {
        ("class", "c"): ("Pergamon/owl", "Pergamon/Zeus", 2),
        ("mint", "c"): ("Pergamon", "Pergamon", 1),
        ("class", "d"): ("Ilion", "Pergamon/Zeus", None),
        ("mint", "d"): ("Ilion", "Pergamon", 2),
        ("class", "e"): ("Ilion", None, None),
        ("mint", "e"): ("Ilion", None, None),
    }


def test_confusion_by_hand(hits: DataFrame) -> None:
    found = {tuple(row) for row in metrics.confusion(hits.where("coin_id <> 'e'")).collect()}
    assert found == {
        ("r", "class", "Pergamon/owl", "Pergamon/Zeus", 1),
        ("r", "class", "Ilion", "Pergamon/Zeus", 1),
        ("r", "mint", "Pergamon", "Pergamon", 1),
        ("r", "mint", "Ilion", "Pergamon", 1),
    }


def test_majority_names_the_biggest_mints_of_the_training_coins_of_the_fold(spark: SparkSession) -> None:
    rows = [
        ("mint", fold, f"{mint}{i}", "original", mint, mint, side)
        for fold, sizes in ((0, {"A": 3, "B": 2, "C": 1}), (1, {"A": 1, "B": 3, "C": 2}))
        for mint, n in sizes.items()
        for i, side in enumerate(["test", *["train"] * n])
    ]
    found = {
        (row["coin_id"], row["predicted"]): row["rank"]
        for row in metrics.majority(spark.createDataFrame(rows, SPLITS.ddl), "mint", 2).collect()
    }
    assert found == {
        ("A0", "A"): 1,
        ("B0", "A"): 2,
        ("C0", "A"): None,
        ("A0", "B"): None,
        ("B0", "B"): 1,
        ("C0", "B"): 2,
    }


def hit(
    layer: str, model: str, level: str, coin: str, truth: str, rank: int | None, medium: str = "original"
) -> Row:
    return Row(layer=layer, model=model, level=level, coin_id=coin, medium=medium, truth=truth, rank=rank)


def test_metric_rows_pool_folds_and_compare_the_same_coins() -> None:
    base = [
        hit("mint", "vgg16", "mint", f"c{i}", "A" if i < 6 else "B", 1 if i % 2 else 2) for i in range(10)
    ]
    layer = [
        hit("designs", "vgg16", "mint", f"c{i}", "A" if i < 6 else "B", 1 if i else 3) for i in range(10)
    ]
    layer.append(hit("designs", "vgg16", "mint", "only here", "B", None))
    rows = metrics.metric_rows([*base, *layer], ("mint", "vgg16"), Evaluation(bootstrap=200, top=3), seed=1)
    found = {(row[0], row[3]): row for row in rows}
    assert set(found) == {
        (layer, metric) for layer in ("mint", "designs") for metric in ("top1", "top3", "macro_recall")
    }
    assert found["mint", "top1"][4:6] == (10, 0.5) and found["mint", "top1"][8:] == (None, None, None)
    assert found["designs", "top1"][4:6] == (11, pytest.approx(9 / 11))
    assert found["designs", "top1"][8] == pytest.approx(0.9 - 0.5)  # over the ten coins that both tested
    assert found["designs", "macro_recall"][5] == pytest.approx((5 / 6 + 4 / 5) / 2)
    low, high = found["designs", "top1"][9:]
    assert low is not None and high is not None and low < 0.4 < high


def test_levels_are_counted_apart_and_a_layer_without_common_coins_has_no_difference() -> None:
    rows = metrics.metric_rows(
        [
            hit("mint", "vgg16", "mint", "a", "A", 1),
            hit("x", "vgg16", "mint", "b", "A", 1),
            hit("x", "vgg16", "class", "b", "A/o", 2),
        ],
        ("mint", "vgg16"),
        Evaluation(bootstrap=100, top=1),
        seed=1,
    )
    found = {(row[0], row[2], row[3]): row for row in rows}
    assert found["x", "class", "top1"][5] == 0 and found["x", "mint", "top1"][5] == 1
    assert found["x", "mint", "top1"][8:] == (None, None, None)


def test_baseline_is_the_network_of_the_plain_mint_layer() -> None:
    config = Config.model_validate(
        {"layers": [{"name": "d", "kind": "entities"}, {"name": "plain", "kind": "mint"}]}
    )
    assert metrics.baseline(config, [("d", "vgg16"), ("plain", "hog-svm"), ("plain", "vgg16")]) == (
        "plain",
        "vgg16",
    )
    assert metrics.baseline(config, [("d", "vgg16"), ("plain", "hog-svm")]) is None


def test_pooled_adds_the_folds_of_a_layer() -> None:
    rows = [Row(run_id=run, level="mint", truth="A", predicted="A", n=2) for run in ("f0", "f1", "gone")]
    found = metrics.pooled(rows, {"f0": ("mint", "vgg16"), "f1": ("mint", "vgg16")}, "mint")
    assert found["mint", "vgg16"].counts.tolist() == [[4]]
