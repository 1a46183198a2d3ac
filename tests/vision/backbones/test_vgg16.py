"""VGG16: layers and outputs as in Keras applications; loading of weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from coinspark.core.errors import InputError
from coinspark.core.hashing import file_hash
from coinspark.vision import weights as weight_files
from coinspark.vision.backbones import BACKBONES
from coinspark.vision.backbones.backbone import weight_arrays

VGG16 = BACKBONES["vgg16"]


@pytest.fixture(scope="module")
def keras_vgg16() -> tf.keras.Model:
    return tf.keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))


@pytest.fixture(scope="module")
def keras_file(keras_vgg16: tf.keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("weights") / "vgg16_notop.h5"
    for weight in keras_vgg16.weights:
        if "bias" in weight.name:
            weight.assign(tf.random.stateless_normal(weight.shape, (1, 2)) * 0.1)
    keras_vgg16.save_weights(file)
    return file


def _last_map(network: tf.keras.Model, images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    last = network.get_layer("block5_pool").output
    return np.asarray(tf.keras.Model(network.input, last)(images, training=False))


def test_layers_are_those_of_keras_applications(keras_vgg16: tf.keras.Model) -> None:
    network = VGG16.network(32, 32, batch_norm=False)
    for layer in keras_vgg16.layers[1:]:
        assert network.get_layer(layer.name).output_shape == layer.output_shape
    convolutions = [layer.name for layer in keras_vgg16.layers if "conv" in layer.name]
    parameters = sum(network.get_layer(name).count_params() for name in convolutions)
    assert parameters == keras_vgg16.count_params() == 14_714_688


@pytest.mark.parametrize("batch_norm", [False, True])
def test_backbone_lists_the_layers_of_its_network_in_order(batch_norm: bool) -> None:
    network = VGG16.network(32, 32, batch_norm)
    names = [name for name in VGG16.layers if batch_norm or not name.endswith("_bn")]
    assert [layer.name for layer in network.layers] == ["input", *names, "pool", "flatten"]
    assert set(VGG16.arrays) <= set(weight_arrays(network))


@pytest.mark.parametrize("batch_norm", [False, True])
def test_keras_weights_compute_the_same_function(
    keras_vgg16: tf.keras.Model, keras_file: Path, batch_norm: bool
) -> None:
    network = VGG16.network(32, 32, batch_norm)
    VGG16.load(network, str(keras_file), file_hash(keras_file), "training")
    images = np.random.default_rng(1).normal(size=(2, 32, 32, 3)).astype(np.float32)
    expected = keras_vgg16(images, training=False).numpy()
    np.testing.assert_allclose(_last_map(network, images), expected, atol=1e-4 * np.abs(expected).max())


def test_each_side_is_pooled_separately() -> None:
    wide, square = VGG16.network(32, 64, True), VGG16.network(32, 32, True)
    assert (wide.output_shape, square.output_shape) == ((None, 1024), (None, 512))
    image = np.random.default_rng(4).normal(size=(1, 32, 64, 3)).astype(np.float32)
    last = _last_map(wide, image)[0]  # (1, 2, 512)
    np.testing.assert_allclose(wide(image)[0], np.concatenate([last[0, 0], last[0, 1]]), rtol=1e-6)


def test_file_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    network = VGG16.network(32, 32, batch_norm=False)
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(InputError, match=r"other\.npz: SHA-256 is .*, expected None"):
        VGG16.load(network, str(tmp_path / "other.npz"), None, "features")
    with pytest.raises(
        InputError,
        match=r"other\.npz: not a weights file of VGG16: 13 of 13 arrays are missing, such as block1_conv1",
    ):
        VGG16.load(network, str(tmp_path / "other.npz"), file_hash(tmp_path / "other.npz"), "training")
    np.savez(tmp_path / "odd.npz", **{"block1_conv1/kernel": np.zeros((3, 3, 3, 8))})
    with pytest.raises(
        InputError,
        match=r"odd\.npz: block1_conv1/kernel has the shape \(3, 3, 3, 8\), VGG16 needs \(3, 3, 3, 64\)",
    ):
        VGG16.load(network, str(tmp_path / "odd.npz"), file_hash(tmp_path / "odd.npz"), "training")


def test_imagenet_without_internet_access_names_the_keys_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(**options: Any) -> None:
        raise Exception("URL fetch failure on …: None -- no route to host")  # as Keras raises it

    monkeypatch.setattr(tf.keras.applications, "VGG16", offline)
    with pytest.raises(
        InputError,
        match=r"features\.weights: imagenet: Keras cannot download the weights \(URL fetch failure.*set "
        r"features\.weights and features\.weights_sha256",
    ):
        VGG16.load(VGG16.network(32, 32, batch_norm=False), "imagenet", None, "features")


def test_imagenet_weights_are_those_of_keras(
    keras_vgg16: tf.keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tf.keras.applications, "VGG16", lambda **options: keras_vgg16)
    network = VGG16.network(32, 32, batch_norm=False)
    VGG16.load(network, "imagenet", None, "features")
    pairs = zip(network.get_weights(), keras_vgg16.get_weights(), strict=True)
    assert all((ours == theirs).all() for ours, theirs in pairs)


def _classifier(classes: int, seed: int) -> tf.keras.Model:
    layers = tf.keras.layers
    tf.keras.utils.set_random_seed(seed)
    inputs = layers.Input((32, 64, 3), name="input")
    return tf.keras.Model(inputs, layers.Dense(classes, name="logits")(VGG16.features(inputs, True)))


def test_classifier_of_the_same_seed_starts_with_the_same_backbone() -> None:
    backbone, classifier = VGG16.network(32, 64, True, seed=7), _classifier(3, seed=7)
    arrays, started = weight_arrays(backbone), weight_arrays(classifier)
    assert len(arrays) == 13 * 5 and all((started[name] == values).all() for name, values in arrays.items())


def test_weights_of_a_classifier_fit_one_with_another_number_of_classes(tmp_path: Path) -> None:
    first, other = _classifier(7, seed=1), _classifier(3, seed=2)
    digest = weight_files.save(weight_arrays(first), tmp_path / "weights.npz")
    VGG16.load(other, str(tmp_path / "weights.npz"), digest, "training")
    arrays, loaded = weight_arrays(first), weight_arrays(other)
    assert all((loaded[name] == arrays[name]).all() for name in VGG16.arrays)
    assert loaded["logits/kernel"].shape == (1024, 3)


@pytest.mark.parametrize(
    ("weights", "convention"),
    [
        (None, "standard"),
        ("imagenet", "caffe"),
        ("vgg16_notop.h5", "caffe"),
        ("runs/x/weights.npz", "standard"),
    ],
)
def test_weights_decide_the_input_convention(weights: str | None, convention: str) -> None:
    assert VGG16.convention(weights) == convention
