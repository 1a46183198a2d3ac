"""Predictions: ranks and roll-up by hand; networks on Spark against the same network on arrays."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from pyspark.sql import SparkSession

from coinspark.training.classifier import model, predict
from coinspark.training.classifier.model import Architecture, build_classifier
from coinspark.training.classifier.predict import RunModel
from coinspark.vision import preprocess
from coinspark.vision.network import ImageSpec
from coinspark.warehouse import schemas
from coinspark.warehouse.files import Location
from coinspark.warehouse.local_frame import local_frame
from tests.training_shards import striped_image

IMAGE = ImageSpec(32, 64)
ARCHITECTURE = Architecture("vgg16", 32, 64, 3, dropout=0.3, seed=5)
RUN = RunModel("r", "vgg16", "network", ("P/Athena", "P/Zeus", "Rome"), ("P", "P", "Rome"), "w", "s")


def test_probability_of_a_mint_is_the_sum_of_its_classes() -> None:
    rows = predict.ranked(["c"], ["original"], np.array([[0.3, 0.3, 0.4]]), RUN, 2)
    assert list(rows.columns) == list(schemas.PREDICTIONS.columns)
    assert rows[["level", "rank", "class", "mint", "probability"]].values.tolist() == [
        ["class", 1, "Rome", "Rome", 0.4],
        ["class", 2, "P/Athena", "P", 0.3],
        ["mint", 1, "P", "P", 0.6],
        ["mint", 2, "Rome", "Rome", 0.4],
    ]


def test_top_is_limited_to_the_number_of_classes() -> None:
    values = np.array([[0.2, 0.5, 0.3], [1, 0, 0]])
    rows = predict.ranked(["a", "b"], ["original", "cast"], values, RUN, 5)
    assert rows.groupby("level").size().to_dict() == {"class": 6, "mint": 4}
    assert rows[(rows["coin_id"] == "b") & (rows["level"] == "class")]["rank"].tolist() == [1, 2, 3]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunModel:
    """A run whose last layer is random; it is zero initially."""
    folder = tmp_path_factory.mktemp("run")
    network = build_classifier(ARCHITECTURE)
    values = network.get_weights()
    values[-2] = np.random.default_rng(1).normal(size=values[-2].shape).astype(np.float32)
    settings = {
        "mints": RUN.mints,
        "network": {
            "architecture": dataclasses.asdict(ARCHITECTURE),
            "image": dataclasses.asdict(IMAGE),
            "precision": "float32",
        },
    }
    row = {
        "run_id": "mint-0-abc",
        "model": "vgg16",
        "role": "network",
        "classes": list(RUN.classes),
        "weights": "weights.npz",
        "sha256": model.save_weights(network, values, folder / "weights.npz"),
        "config": json.dumps(settings),
        "inputs": json.dumps({"split": "ab12"}),
        "layer": "mint",
        "fold": 0,
    }
    return predict.run_model(row, Location.of(folder), {("mint", 0): "ab12"})


def _arrays(jpegs: list[bytes]) -> np.ndarray:
    return np.stack([tf.io.decode_jpeg(jpeg).numpy() for jpeg in jpegs]).astype(np.float32)


def _predict_arrays(run: RunModel, images: np.ndarray) -> np.ndarray:
    network = build_classifier(dataclasses.replace(ARCHITECTURE, seed=9))
    model.load_weights(network, Path(run.weights), run.sha256)
    return tf.nn.softmax(network(preprocess.prepare(images, IMAGE), training=False)).numpy()


def test_probabilities_do_not_depend_on_the_other_images(run: RunModel) -> None:
    jpegs = [striped_image(n) for n in range(19)]
    values = predict.probabilities(run, jpegs)
    np.testing.assert_allclose(values, _predict_arrays(run, _arrays(jpegs)), atol=1e-4)
    assert (predict.probabilities(run, jpegs[7:9]) == values[7:9]).all()


def test_five_views_are_averaged(run: RunModel) -> None:
    five = dataclasses.replace(run, views=5)
    jpegs = [striped_image(n) for n in range(3)]
    shifts = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
    views = [np.stack([_shift(image, *shift) for image in _arrays(jpegs)]) for shift in shifts]
    expected = np.mean([_predict_arrays(run, view) for view in views], axis=0)
    np.testing.assert_allclose(predict.probabilities(five, jpegs), expected, atol=1e-3)


def _shift(image: np.ndarray, x: int, y: int) -> np.ndarray:
    """Shift each side by 0.96 pixels (3 % of 32) with repeated edges, by linear interpolation."""

    def shift_side(side: np.ndarray) -> np.ndarray:
        padded = np.pad(side, ((1, 1), (1, 1), (0, 0)), mode="edge")
        return side * 0.04 + padded[1 + y : 33 + y, 1 + x : 33 + x] * 0.96

    return np.concatenate([shift_side(image[:, :32]), shift_side(image[:, 32:])], axis=1)


def test_predictions_on_spark_equal_those_on_arrays(spark: SparkSession, run: RunModel) -> None:
    jpegs = [striped_image(n) for n in range(6)]
    images = local_frame(
        spark,
        [(f"c{n}", "original", bytearray(jpeg)) for n, jpeg in enumerate(jpegs)],
        "coin_id string, medium string, jpeg binary",
    ).repartition(2)
    rows = predict.predict(images, run, top=3).toPandas()
    assert len(rows) == 6 * (3 + 2)
    assert set(rows["run_id"]) == {"mint-0-abc"}
    expected = _predict_arrays(run, _arrays(jpegs))
    best = rows[(rows["level"] == "class") & (rows["rank"] == 1)].set_index("coin_id")
    for n in range(6):
        assert best.loc[f"c{n}", "probability"] == pytest.approx(expected[n].max(), abs=1e-4)
        assert best.loc[f"c{n}", "class"] == RUN.classes[int(expected[n].argmax())]
