"""VGG16 against Keras applications' own, and what is refused as weights."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from coinspark.errors import ConfigError, InputError
from coinspark.hashes import file_hash
from coinspark.training import model
from coinspark.training.model import Architecture

PLAIN = Architecture(32, 32, 3, batch_norm=False)


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
    return np.asarray(tf.keras.Model(network.input, network.get_layer("block5_pool").output)(pictures, training=False))


def test_the_layers_are_those_of_keras_applications(published: tf.keras.Model) -> None:
    ours = model.vgg16(PLAIN)
    for layer in published.layers[1:]:
        assert ours.get_layer(layer.name).output_shape == layer.output_shape
    convolutions = [layer.name for layer in published.layers if "conv" in layer.name]
    assert sum(ours.get_layer(name).count_params() for name in convolutions) == published.count_params() == 14_714_688


@pytest.mark.parametrize("batch_norm", [False, True])
def test_given_weights_compute_what_they_did(published: tf.keras.Model, weights: Path, batch_norm: bool) -> None:
    ours = model.vgg16(Architecture(32, 32, 3, batch_norm=batch_norm))
    model.load_backbone(ours, str(weights), file_hash(weights))
    pictures = np.random.default_rng(1).normal(size=(2, 32, 32, 3)).astype(np.float32)
    wanted = published(pictures, training=False).numpy()
    np.testing.assert_allclose(_features(ours, pictures), wanted, atol=1e-4 * np.abs(wanted).max())


def test_both_sides_are_averaged_apart() -> None:
    wide, square = model.vgg16(Architecture(32, 64, 3)), model.vgg16(Architecture(32, 32, 3))
    assert wide.get_layer("flatten").output_shape == (None, 1024)
    assert square.get_layer("flatten").output_shape == (None, 512)


def test_the_first_guess_is_that_of_chance() -> None:
    logits = model.vgg16(Architecture(32, 64, 3, head=(8,), dropout=0.5))(np.ones((1, 32, 64, 3), np.float32), training=True)
    assert (np.asarray(logits) == 0).all()


def test_equal_seeds_give_equal_weights() -> None:
    first, again, other = (model.vgg16(Architecture(32, 32, 3, seed=seed)).get_weights() for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


def test_a_hash_mismatch_stops_before_anything_is_read(weights: Path) -> None:
    with pytest.raises(InputError, match=r"vgg16_notop\.h5: SHA-256 is .*, but 0000.* was expected"):
        model.load_backbone(model.vgg16(PLAIN), str(weights), "0" * 64)
    with pytest.raises(ConfigError, match="weights_sha256: missing"):
        model.load_backbone(model.vgg16(PLAIN), str(weights), None)
    with pytest.raises(InputError, match="cannot be read"):
        model.load_backbone(model.vgg16(PLAIN), "no.h5", "0" * 64)


class _Evil:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, (f"open({str(self.mark)!r}, 'w')",)


@pytest.mark.parametrize("name", ["evil.npz", "evil.h5"])
def test_a_pickle_with_the_right_hash_is_not_unpickled(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(pickle.dumps(_Evil(tmp_path / "mark")))
    with pytest.raises(InputError, match="evil"):
        model.load_backbone(model.vgg16(PLAIN), str(tmp_path / name), file_hash(tmp_path / name))
    with (tmp_path / "object.npz").open("wb") as opened:
        np.savez(opened, **{"block1_conv1/kernel": np.array([_Evil(tmp_path / "mark")], dtype=object)})
    with pytest.raises(InputError, match=r"object\.npz"):
        model.load_backbone(model.vgg16(PLAIN), str(tmp_path / "object.npz"), file_hash(tmp_path / "object.npz"))
    assert not (tmp_path / "mark").exists()


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(InputError, match=r"holds 0 of the 13 convolutions"):
        model.load_backbone(model.vgg16(PLAIN), str(tmp_path / "other.npz"), file_hash(tmp_path / "other.npz"))


def test_weights_come_back_and_equal_ones_have_equal_bytes(tmp_path: Path) -> None:
    first, other = model.vgg16(Architecture(32, 32, 3, seed=1)), model.vgg16(Architecture(32, 32, 3, seed=2))
    digest = model.save_weights(first, first.get_weights(), tmp_path / "a.npz")
    assert model.save_weights(first, first.get_weights(), tmp_path / "b.npz") == digest == file_hash(tmp_path / "a.npz")
    model.load_weights(other, tmp_path / "a.npz", digest)
    assert all((a == b).all() for a, b in zip(first.get_weights(), other.get_weights(), strict=True))
    with pytest.raises(InputError, match="was expected"):
        model.load_weights(other, tmp_path / "a.npz", "0" * 64)
    with pytest.raises(InputError, match="other layers"):
        model.load_weights(model.vgg16(PLAIN), tmp_path / "a.npz", digest)


def test_what_tells_types_is_not_kept(tmp_path: Path) -> None:
    learner, kept = model.vgg16(Architecture(32, 32, 3, seed=1, types=4)), model.vgg16(Architecture(32, 32, 3, seed=2))
    assert learner.output_shape == (None, 7)
    draw = np.random.default_rng(2)
    learner.get_layer("logits").set_weights([draw.normal(size=(512, 3)), draw.normal(size=3)])
    model.load_weights(kept, tmp_path / "a.npz", model.save_weights(learner, learner.get_weights(), tmp_path / "a.npz"))
    picture = np.random.default_rng(1).normal(size=(1, 32, 32, 3)).astype(np.float32)
    assert kept.get_layer("logits").get_weights()[0].shape == (512, 3)
    np.testing.assert_allclose(kept(picture), learner(picture)[:, :3], atol=1e-6)


def test_a_run_of_ours_gives_its_backbone_to_another_number_of_classes(tmp_path: Path) -> None:
    first = model.vgg16(Architecture(32, 64, 7, seed=1))
    digest = model.save_weights(first, first.get_weights(), tmp_path / "weights.npz")
    other = model.vgg16(Architecture(32, 64, 3, seed=2))
    model.load_backbone(other, str(tmp_path / "weights.npz"), digest)
    assert (other.get_layer("block5_conv3").get_weights()[0] == first.get_layer("block5_conv3").get_weights()[0]).all()


def test_frozen_to_a_named_layer() -> None:
    network = model.vgg16(Architecture(32, 32, 3))
    model.freeze(network, "block4_pool")
    names = {weight.name.split("/")[0] for weight in network.trainable_weights}
    assert "block5_conv1" in names and "logits" in names
    assert not any(name.startswith(("block1", "block2", "block3", "block4")) for name in names)
    with pytest.raises(ConfigError, match=r"training\.frozen_to: VGG16 has no layer 'block9'; there are input, block1_conv1"):
        model.freeze(network, "block9")


def test_dropout_goes_on_where_it_was() -> None:
    layer = model.SeededDropout(0.5, 3)
    ones = tf.ones((1, 1000))
    first, second = layer(ones, training=True), layer(ones, training=True)
    assert (first.numpy() != second.numpy()).any()
    assert set(np.unique(first)) == {0.0, 2.0}
    layer.count.assign(1)
    assert (layer(ones, training=True).numpy() == second.numpy()).all()
    assert (layer(ones, training=False).numpy() == 1).all()
