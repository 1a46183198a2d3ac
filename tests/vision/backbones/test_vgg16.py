"""VGG16's convolutions against Keras applications' own, and whose weights they take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from coinspark.core.errors import ConfigError, InputError
from coinspark.core.hashing import file_hash
from coinspark.training.classifier import model
from coinspark.training.classifier.model import Architecture
from coinspark.vision.backbones import vgg16


@pytest.fixture(scope="module")
def published() -> tf.keras.Model:
    return tf.keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))


@pytest.fixture(scope="module")
def weights(published: tf.keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("weights") / "vgg16_notop.h5"
    for weight in published.weights:
        if "bias" in weight.name:
            weight.assign(tf.random.stateless_normal(weight.shape, (1, 2)) * 0.1)
    published.save_weights(file)
    return file


def _features(network: tf.keras.Model, pictures: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.asarray(
        tf.keras.Model(network.input, network.get_layer("block5_pool").output)(pictures, training=False)
    )


def test_the_layers_are_those_of_keras_applications(published: tf.keras.Model) -> None:
    ours = vgg16.network(32, 32, batch_norm=False)
    for layer in published.layers[1:]:
        assert ours.get_layer(layer.name).output_shape == layer.output_shape
    convolutions = [layer.name for layer in published.layers if "conv" in layer.name]
    assert (
        sum(ours.get_layer(name).count_params() for name in convolutions)
        == published.count_params()
        == 14_714_688
    )


@pytest.mark.parametrize("batch_norm", [False, True])
def test_given_weights_compute_what_they_did(
    published: tf.keras.Model, weights: Path, batch_norm: bool
) -> None:
    ours = vgg16.network(32, 32, batch_norm)
    vgg16.load(ours, str(weights), file_hash(weights), "training")
    pictures = np.random.default_rng(1).normal(size=(2, 32, 32, 3)).astype(np.float32)
    wanted = published(pictures, training=False).numpy()
    np.testing.assert_allclose(_features(ours, pictures), wanted, atol=1e-4 * np.abs(wanted).max())


def test_both_sides_are_averaged_apart() -> None:
    wide, square = vgg16.network(32, 64, True), vgg16.network(32, 32, True)
    assert (wide.output_shape, square.output_shape) == ((None, 1024), (None, 512))
    picture = np.random.default_rng(4).normal(size=(1, 32, 64, 3)).astype(np.float32)
    maps = tf.keras.Model(wide.input, wide.get_layer("block5_pool").output)(picture)[0]  # (1, 2, 512)
    np.testing.assert_allclose(wide(picture)[0], np.concatenate([maps[0, 0], maps[0, 1]]), rtol=1e-6)


def test_untrained_weights_are_those_that_training_begins_with() -> None:
    alone, whole = vgg16.network(32, 32, True, seed=7), model.vgg16(Architecture(32, 32, 3, seed=7))
    mine, begun = (dict(zip(vgg16.names_of(one), one.get_weights(), strict=True)) for one in (alone, whole))
    assert len(mine) == 13 * 5 and all((begun[name] == values).all() for name, values in mine.items())


def test_what_is_no_weights_of_vgg16_is_named(tmp_path: Path) -> None:
    network = vgg16.network(32, 32, batch_norm=False)
    with pytest.raises(ConfigError, match=r"features\.weights_sha256: missing"):
        vgg16.load(network, "some.h5", None, "features")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(InputError, match=r"holds 0 of the 13 convolutions"):
        vgg16.load(network, str(tmp_path / "other.npz"), file_hash(tmp_path / "other.npz"), "training")
    np.savez(tmp_path / "odd.npz", **{"block1_conv1/kernel": np.zeros((3, 3, 3, 8))})
    with pytest.raises(
        InputError, match=r"odd\.npz: block1_conv1/kernel is \(3, 3, 3, 8\), VGG16's is \(3, 3, 3, 64\)"
    ):
        vgg16.load(network, str(tmp_path / "odd.npz"), file_hash(tmp_path / "odd.npz"), "training")


def test_imagenet_without_a_network_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(**named: Any) -> None:
        raise Exception("URL fetch failure on …: None -- no route to host")  # as Keras raises it

    monkeypatch.setattr(tf.keras.applications, "VGG16", offline)
    with pytest.raises(
        InputError,
        match=r"features\.weights: imagenet: Keras cannot get the weights here \(URL fetch failure",
    ):
        vgg16.load(vgg16.network(32, 32, batch_norm=False), "imagenet", None, "features")


def test_imagenets_weights_are_taken_as_keras_gives_them(
    published: tf.keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tf.keras.applications, "VGG16", lambda **named: published)
    ours = vgg16.network(32, 32, batch_norm=False)
    vgg16.load(ours, "imagenet", None, "features")
    assert all((a == b).all() for a, b in zip(ours.get_weights(), published.get_weights(), strict=True))


def test_a_run_of_ours_gives_its_backbone_to_another_number_of_classes(tmp_path: Path) -> None:
    first = model.vgg16(Architecture(32, 64, 7, seed=1))
    digest = model.save_weights(first, first.get_weights(), tmp_path / "weights.npz")
    other = model.vgg16(Architecture(32, 64, 3, seed=2))
    vgg16.load(other, str(tmp_path / "weights.npz"), digest, "training")
    assert (
        other.get_layer("block5_conv3").get_weights()[0] == first.get_layer("block5_conv3").get_weights()[0]
    ).all()
