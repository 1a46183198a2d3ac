"""Predictions: ranks and roll-up by hand; the network on Spark gives what it gives on arrays."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from pyspark.sql import SparkSession

from coinspark.training.classifier import model, predict
from coinspark.training.classifier.predict import RunModel
from coinspark.vision import preprocess
from coinspark.vision.network import Picture
from coinspark.warehouse import schemas
from tests.training_shards import shade

RUN = RunModel("r", "vgg16", ("P/Athena", "P/Zeus", "Rome"), ("P", "P", "Rome"), "w", "s")


def test_a_mint_has_the_sum_of_its_classes() -> None:
    rows = predict.ranked(["c"], ["original"], np.array([[0.3, 0.3, 0.4]]), RUN, 2)
    assert list(rows.columns) == list(schemas.PREDICTIONS.columns)
    found = rows[["level", "rank", "class", "mint", "probability"]].values.tolist()
    assert found == [
        ["class", 1, "Rome", "Rome", 0.4],
        ["class", 2, "P/Athena", "P", 0.3],
        ["mint", 1, "P", "P", 0.6],
        ["mint", 2, "Rome", "Rome", 0.4],
    ]


def test_top_is_cut_to_what_there_is() -> None:
    rows = predict.ranked(["a", "b"], ["original", "cast"], np.array([[0.2, 0.5, 0.3], [1, 0, 0]]), RUN, 5)
    assert rows.groupby("level").size().to_dict() == {"class": 6, "mint": 4}
    assert rows[(rows["coin_id"] == "b") & (rows["level"] == "class")]["rank"].tolist() == [1, 2, 3]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> RunModel:
    folder = tmp_path_factory.mktemp("run")
    architecture = {
        "height": 32,
        "width": 64,
        "classes": 3,
        "batch_norm": True,
        "head": [],
        "dropout": 0.3,
        "seed": 5,
    }
    network = model.vgg16(model.Architecture(**{**architecture, "head": ()}))
    weights = network.get_weights()
    weights[-2] = (
        np.random.default_rng(1).normal(size=weights[-2].shape).astype(np.float32)
    )  # the last layer starts at 0
    digest = model.save_weights(network, weights, folder / "weights.npz")
    row = {
        "run_id": "mint-0-abc",
        "model": "vgg16",
        "classes": list(RUN.classes),
        "weights": "weights.npz",
        "sha256": digest,
        "config": json.dumps(
            {
                "mints": RUN.mints,
                "network": {
                    "architecture": architecture,
                    "picture": {"height": 32, "width": 64, "convention": "standard"},
                    "precision": "float32",
                    "views": 1,
                },
            }
        ),
    }
    return predict.run_model(row, folder)


def _directly(run: RunModel, jpegs: list[bytes]) -> np.ndarray:
    network = model.vgg16(model.Architecture(32, 64, 3, dropout=0.3, seed=9))
    model.load_weights(network, Path(run.weights), run.sha256)
    images = np.stack([tf.io.decode_jpeg(jpeg).numpy() for jpeg in jpegs])
    return tf.nn.softmax(network(preprocess.prepare(images, Picture(32, 64)), training=False)).numpy()


def test_a_coins_numbers_do_not_depend_on_its_company(trained: RunModel) -> None:
    jpegs = [shade(n) for n in range(19)]
    together = predict.probabilities(trained, jpegs)
    np.testing.assert_allclose(together, _directly(trained, jpegs), atol=1e-4)
    assert (predict.probabilities(trained, jpegs[7:9]) == together[7:9]).all()


def test_five_views_are_averaged(trained: RunModel) -> None:
    five = dataclasses.replace(trained, settings=json.dumps({**json.loads(trained.settings), "views": 5}))
    jpegs = [shade(n) for n in range(3)]
    images = np.stack([tf.io.decode_jpeg(jpeg).numpy() for jpeg in jpegs]).astype(np.float32)
    across = [
        np.stack([_shift(image, *move) for image in images])
        for move in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
    ]
    network = model.vgg16(model.Architecture(32, 64, 3))
    model.load_weights(network, Path(trained.weights), trained.sha256)
    wanted = np.mean(
        [
            tf.nn.softmax(network(preprocess.prepare(view, Picture(32, 64)), training=False))
            for view in across
        ],
        axis=0,
    )
    np.testing.assert_allclose(predict.probabilities(five, jpegs), wanted, atol=1e-3)


def _shift(image: np.ndarray, across: int, down: int) -> np.ndarray:
    """Each side 0.96 of a pixel (3 % of 32) that way, the edge repeated: between the pixel and its neighbour."""

    def moved(side: np.ndarray) -> np.ndarray:
        wide = np.pad(side, ((1, 1), (1, 1), (0, 0)), mode="edge")
        return side * 0.04 + wide[1 + down : 33 + down, 1 + across : 33 + across] * 0.96

    return np.concatenate([moved(image[:, :32]), moved(image[:, 32:])], axis=1)


def test_spark_gives_what_arrays_give(spark: SparkSession, trained: RunModel) -> None:
    images = spark.createDataFrame(
        [(f"c{n}", "original", bytearray(shade(n))) for n in range(6)],
        "coin_id string, medium string, jpeg binary",
    ).repartition(2)
    rows = predict.predict(images, trained, top=3).toPandas()
    assert len(rows) == 6 * (3 + 2)
    assert set(rows["run_id"]) == {"mint-0-abc"}
    wanted = _directly(trained, [shade(n) for n in range(6)])
    best = rows[(rows["level"] == "class") & (rows["rank"] == 1)].set_index("coin_id")
    for n in range(6):
        assert best.loc[f"c{n}", "probability"] == pytest.approx(wanted[n].max(), abs=1e-4)
        assert best.loc[f"c{n}", "class"] == RUN.classes[int(wanted[n].argmax())]
