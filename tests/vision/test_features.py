"""Feature vectors: same as those of the Keras model for any batches and partitions; faults; models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from pyspark.sql import DataFrame, SparkSession

from coinspark.core.errors import InputError
from coinspark.vision import features, preprocess, weights
from coinspark.vision.backbones.backbone import weight_arrays
from coinspark.vision.network import ImageSpec, Network
from coinspark.warehouse import schemas
from coinspark.warehouse.local_frame import local_frame
from tests.training_shards import striped_image
from tests.vision import networks

JPEGS = [striped_image(n) for n in range(11)]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return networks.write(tmp_path_factory.mktemp("weights") / "weights.npz")


@pytest.fixture(autouse=True)
def policy() -> Iterator[None]:
    yield
    tf.keras.mixed_precision.set_global_policy("float32")


@pytest.fixture
def images(spark: SparkSession) -> DataFrame:
    rows = [(f"i{n:02d}", bytearray(jpeg)) for n, jpeg in enumerate(JPEGS)]
    return local_frame(spark, rows, "image_id string, jpeg binary")


def test_vector_is_that_of_the_keras_model_in_any_batch(network: Network) -> None:
    values, faults = features.vectors(network, JPEGS, batch=4)
    assert values.shape == (11, 1024) and values.dtype == np.float32 and not faults
    np.testing.assert_allclose(values, networks.expected_vectors(network, JPEGS), rtol=1e-4, atol=1e-4)
    assert (features.vectors(network, JPEGS[5:7], batch=4)[0] == values[5:7]).all()


def test_vector_is_the_pooled_feature_of_a_classifier(tmp_path: Path) -> None:
    """The weights of a whole classifier give the output of its layer `flatten`."""
    tf.keras.utils.set_random_seed(8)
    inputs = tf.keras.layers.Input((32, 64, 3), name="input")
    logits = tf.keras.layers.Dense(3, name="logits")(networks.VGG16.features(inputs, True))
    classifier = tf.keras.Model(inputs, logits)
    file = tmp_path / "weights.npz"
    digest = weights.save(weight_arrays(classifier), file)
    values, _ = features.vectors(Network(str(file), digest, networks.IMAGE, "vgg16"), JPEGS[:2], batch=2)
    images = np.stack([tf.io.decode_jpeg(jpeg, dct_method="INTEGER_ACCURATE").numpy() for jpeg in JPEGS[:2]])
    pool = tf.keras.Model(classifier.input, classifier.get_layer("flatten").output)
    expected = pool(preprocess.prepare(images, networks.IMAGE), training=False)
    np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-4)


def test_square_image_gives_one_side_without_batch_norm_too(tmp_path: Path) -> None:
    square_network = networks.VGG16.network(32, 32, False, seed=3)
    digest = weights.save(weight_arrays(square_network), tmp_path / "plain.npz")
    square = Network(
        str(tmp_path / "plain.npz"), digest, ImageSpec(32, 32, "caffe"), "vgg16", batch_norm=False
    )
    jpegs = [striped_image(n, 32, 32) for n in range(2)]
    values, _ = features.vectors(square, jpegs, batch=2)
    assert values.shape == (2, 512)
    np.testing.assert_allclose(
        values, networks.expected_vectors(square, jpegs), rtol=1e-4, atol=1e-4 * np.abs(values).max()
    )


def test_bfloat16_gives_nearly_the_same_float32_vectors(network: Network) -> None:
    exact = features.vectors(network, JPEGS[:2], batch=2)[0]
    rounded, _ = features.vectors(replace(network, precision="mixed_bfloat16"), JPEGS[:2], batch=2)
    assert rounded.dtype == np.float32
    assert np.linalg.norm(rounded - exact) < 0.05 * np.linalg.norm(exact)


@pytest.mark.parametrize("partitions", [1, 3])
def test_spark_gives_the_same_vectors_for_any_partitions(
    images: DataFrame, network: Network, partitions: int
) -> None:
    rows = features.extract(images.repartition(partitions), network, batch=4).orderBy("image_id").collect()
    assert [row["image_id"] for row in rows] == [f"i{n:02d}" for n in range(11)]
    assert all(row["fault"] is None for row in rows)
    values = np.array([row["vector"] for row in rows], np.float32)
    assert (values == features.vectors(network, JPEGS, batch=4)[0]).all()


def test_broken_image_is_reported_and_does_not_affect_others(spark: SparkSession, network: Network) -> None:
    broken = {"torn": JPEGS[1][:300], "none": None, "text": b"no JPEG", "small": striped_image(1, 16, 32)}
    frame_rows = [
        ("good", bytearray(JPEGS[0])),
        *((name, jpeg and bytearray(jpeg)) for name, jpeg in broken.items()),
        ("last", bytearray(JPEGS[2])),
    ]
    frame = local_frame(spark, frame_rows, "image_id string, jpeg binary").coalesce(1)
    rows = {row["image_id"]: row for row in features.extract(frame, network, batch=4).collect()}
    assert {name for name, row in rows.items() if row["fault"]} == set(broken)
    assert all(rows[name]["vector"] is None for name in broken)
    expected = features.vectors(network, [JPEGS[0], JPEGS[2]], batch=4)[0]
    assert (np.array([rows["good"]["vector"], rows["last"]["vector"]], np.float32) == expected).all()


def test_vector_with_infinity_is_returned_as_it_is(network: Network, tmp_path: Path) -> None:
    arrays = weights.read(Path(network.weights), network.sha256)
    arrays["block5_conv3_bn/beta"][7] = np.inf
    broken = replace(
        network, weights=str(tmp_path / "sick.npz"), sha256=weights.save(arrays, tmp_path / "sick.npz")
    )
    values, faults = features.vectors(broken, JPEGS[:1], batch=1)
    assert faults == {} and (~np.isfinite(values[0])).nonzero()[0].tolist() == [7, 512 + 7]  # of both sides


def test_vectors_that_are_not_finite_are_selected(spark: SparkSession) -> None:
    nan, inf = float("nan"), float("inf")
    rows = [("nan", [1.0, nan]), ("inf", [inf, 1.0]), ("minus", [1.0, -inf]), ("hole", [1.0, None])]
    rows += [("finite", [1.0, 3e38]), ("missing", None)]
    frame = local_frame(spark, rows, "image_id string, vector array<float>")
    selected = frame.where(features.not_finite("vector")).collect()
    assert {row["image_id"] for row in selected} == {"nan", "inf", "minus", "hole"}
    assert {row["image_id"] for row in frame.where(~features.not_finite("vector")).collect()} == {
        "finite",
        "missing",
    }


def test_weights_with_another_hash_are_refused(network: Network) -> None:
    with pytest.raises(InputError, match=r"weights\.npz: SHA-256 is .*, expected 0000"):
        features.vectors(replace(network, sha256="0" * 64), JPEGS[:1], batch=1)


def test_rows_of_several_models_are_not_mixed(spark: SparkSession) -> None:
    rows_of_two_models = local_frame(
        spark, [("a", "first", [1.0]), ("a", "second", [2.0]), ("b", "second", [3.0])], schemas.FEATURES.ddl
    )
    assert {row["image_id"] for row in features.of_model(rows_of_two_models, "second").collect()} == {
        "a",
        "b",
    }
    with pytest.raises(
        InputError, match="there are 2 models, whose vectors cannot be compared; name one of first, second"
    ):
        features.of_model(rows_of_two_models)
    with pytest.raises(InputError, match="no rows of model third, found: first, second"):
        features.of_model(rows_of_two_models, "third")
    assert features.of_model(rows_of_two_models.where("model = 'first'")).count() == 1
    with pytest.raises(InputError, match=r"no rows of model any, found: none; run `coinspark features`"):
        features.of_model(rows_of_two_models.limit(0))
