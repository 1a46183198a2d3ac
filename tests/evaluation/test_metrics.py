"""Outcomes, confusion counts and compared runs of a few coins, computed by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from coinspark.config import Config
from coinspark.evaluation import metrics
from coinspark.warehouse.local_frame import local_frame
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
    tests = metrics.test_images(local_frame(spark, runs, RUNS.ddl), local_frame(spark, splits, SPLITS.ddl))
    return metrics.outcomes(tests, local_frame(spark, predictions, PREDICTIONS.ddl)).persist()


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
    """C has the most test coins of fold 0, and D is only among the validation coins."""
    sizes = {  # fold → mint → training, validation and test coins
        0: {"A": (3, 0, 1), "B": (2, 3, 1), "C": (1, 0, 5), "D": (0, 7, 0)},
        1: {"A": (1, 6, 1), "B": (3, 0, 1), "C": (2, 0, 1)},
    }
    rows = [
        ("mint", fold, f"{mint}-{side}-{i}", "original", mint, mint, side, f"{mint}-{side}-{i}")
        for fold, of_mint in sizes.items()
        for mint, counts in of_mint.items()
        for side, n in zip(("train", "validation", "test"), counts, strict=True)
        for i in range(n)
    ]
    outcomes = metrics.majority_outcomes(local_frame(spark, rows, SPLITS.ddl), "mint", 2).collect()
    assert len(outcomes) == 7 + 3
    assert {(row["fold"], row["truth"], row["predicted"], row["rank"]) for row in outcomes} == {
        (0, "A", "A", 1),
        (0, "B", "A", 2),
        (0, "C", "A", None),
        (1, "A", "B", None),
        (1, "B", "B", 1),
        (1, "C", "B", 2),
    }


def test_reference_layer_is_the_first_of_its_kind_in_the_configuration() -> None:
    kinds = (("d", "entities"), ("plain", "mint"), ("also", "mint"))
    config = Config.model_validate({"layers": [{"name": name, "kind": kind} for name, kind in kinds]})
    networks = [("also", "vgg16"), ("d", "vgg16"), ("plain", "vgg16")]
    assert metrics.reference_run(config, networks) == ("plain", "vgg16")
    assert metrics.reference_run(config, networks[:2]) is None  # it was not trained


def test_ratio_of_test_to_training_units_counts_units_of_all_folds(spark: SparkSession) -> None:
    """Two folds; the units t and u are of several coins or media."""
    sides = {0: {"t": "test", "u": "train", "v": "validation"}, 1: {"t": "train", "u": "train", "v": "test"}}
    coins = [("1", "original", "t"), ("1", "plaster", "t"), ("2", "original", "u"), ("3", "original", "u")]
    rows = [
        ("mint", fold, coin, medium, "A", "A", of_unit[unit], unit)
        for fold, of_unit in sides.items()
        for coin, medium, unit in [*coins, ("4", "original", "v")]
    ]
    assert metrics.test_to_train(local_frame(spark, rows, SPLITS.ddl)) == {"mint": 2 / 3}


def test_unsupervised_steps_are_declared_by_the_kind_and_the_configuration() -> None:
    layers = [{"name": kind, "kind": kind} for kind in ("mint", "type", "entities", "clusters")]
    steps = {
        weights: metrics.unsupervised_steps(
            Config.model_validate({"layers": layers, "features": {"weights": weights}, "entities": entities})
        )
        for weights, entities in (
            ("imagenet", {"engines": ["lexicon"]}),
            ("deepcluster", {"engines": ["lexicon", "spacy"]}),
            (
                None,
                {
                    "engines": ["spacy"],
                    "languages": ["en"],
                    "recogniser": {"pretrained": {"en": {"path": "x"}}},
                },
            ),
        )
    }
    assert steps["imagenet"] == {
        "mint": (),
        "type": (),
        "entities": ("class selection",),
        "clusters": ("PCA", "k-means"),
    }
    assert steps["deepcluster"]["clusters"] == ("DeepCluster network", "PCA", "k-means")
    assert steps["deepcluster"]["entities"] == ("class selection", "entity recogniser", "word vectors")
    assert steps[None]["entities"] == ("class selection",)


@pytest.mark.parametrize("section", ["training", "features"])
def test_deepcluster_file_named_as_weights_is_marked(tmp_path: Path, section: str) -> None:
    """A copy of the file counts as well: it is recognised by its hash."""
    (tmp_path / "networks" / "deepcluster-1").mkdir(parents=True)
    (tmp_path / "networks" / "deepcluster-1" / "network.json").write_text('{"sha256": "%s"}' % ("ab" * 32))
    layers = [{"name": kind, "kind": kind} for kind in ("mint", "clusters")]
    steps = {}
    for sha256 in ("AB" * 32, "cd" * 32):
        weights = {"weights": str(tmp_path / "copy.npz"), "weights_sha256": sha256}
        sections = {"features": {"weights": None}, section: weights}
        config = Config.model_validate({"layers": layers, "warehouse": str(tmp_path), **sections})
        steps[sha256] = metrics.unsupervised_steps(config), metrics.network_steps(config)
    without = {"mint": (), "clusters": ("PCA", "k-means")}
    assert steps["cd" * 32] == (without, ())
    assert (
        steps["AB" * 32]
        == {
            "training": (without, ("DeepCluster network",)),
            "features": (without | {"clusters": ("DeepCluster network", "PCA", "k-means")}, ()),
        }[section]
    )
