"""The classifier: initial weights and predictions, weights file, frozen layers, dropout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from coinspark.core.errors import ConfigError, InputError
from coinspark.core.hashing import file_hash
from coinspark.training.classifier import model
from coinspark.training.classifier.model import Architecture, build_classifier

SMALL = Architecture("vgg16", 32, 32, 3)


def _small(seed: int) -> tf.keras.Model:
    return build_classifier(Architecture("vgg16", 32, 32, 3, seed=seed))


@pytest.mark.parametrize("backbone", ["vgg16", "efficientnet_lite0"])
def test_first_prediction_is_uniform(backbone: str) -> None:
    architecture = Architecture(backbone, 64, 128, 3, head_units=(8,), dropout=0.5)
    logits = build_classifier(architecture)(np.ones((1, 64, 128, 3), np.float32), training=True)
    assert logits.shape == (1, 3)
    assert (np.asarray(logits) == 0).all()


def test_equal_seeds_give_equal_initial_weights() -> None:
    first, same, other = (_small(seed).get_weights() for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(first, same, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


def test_weights_file_is_deterministic_and_loaded_by_hash(tmp_path: Path) -> None:
    first, other = _small(1), _small(2)
    digest = model.save_weights(first, first.get_weights(), tmp_path / "a.npz")
    assert model.save_weights(first, first.get_weights(), tmp_path / "b.npz") == digest
    assert file_hash(tmp_path / "a.npz") == digest
    model.load_weights(other, tmp_path / "a.npz", digest)
    assert all((a == b).all() for a, b in zip(first.get_weights(), other.get_weights(), strict=True))
    with pytest.raises(InputError, match="the weights were not loaded"):
        model.load_weights(other, tmp_path / "a.npz", "0" * 64)
    without_batch_norm = build_classifier(Architecture("vgg16", 32, 32, 3, batch_norm=False))
    with pytest.raises(InputError, match="layers of the file and of the model differ"):
        model.load_weights(without_batch_norm, tmp_path / "a.npz", digest)


def test_auxiliary_head_is_not_saved(tmp_path: Path) -> None:
    trained = build_classifier(Architecture("vgg16", 32, 32, 3, seed=1, types=4))
    loaded = _small(2)
    assert trained.output_shape == (None, 7)
    rng = np.random.default_rng(2)
    trained.get_layer("logits").set_weights([rng.normal(size=(512, 3)), rng.normal(size=3)])
    digest = model.save_weights(trained, trained.get_weights(), tmp_path / "a.npz")
    model.load_weights(loaded, tmp_path / "a.npz", digest)
    image = np.random.default_rng(1).normal(size=(1, 32, 32, 3)).astype(np.float32)
    assert loaded.get_layer("logits").get_weights()[0].shape == (512, 3)
    np.testing.assert_allclose(loaded(image), trained(image)[:, :3], atol=1e-6)


def test_freeze_stops_at_the_named_layer() -> None:
    network = build_classifier(SMALL)
    model.freeze(network, "block4_pool")
    names = {weight.name.split("/")[0] for weight in network.trainable_weights}
    assert "block5_conv1" in names and "logits" in names
    assert not any(name.startswith(("block1", "block2", "block3", "block4")) for name in names)
    expected = r"training\.freeze_until: vgg16 has no layer 'block9'; its layers are input, block1_conv1"
    with pytest.raises(ConfigError, match=expected):
        model.freeze(network, "block9")


def test_dropout_resumes_from_its_step_count() -> None:
    layer = model.SeededDropout(0.5, 3)
    ones = tf.ones((1, 1000))
    first, second = layer(ones, training=True), layer(ones, training=True)
    assert (first.numpy() != second.numpy()).any()
    assert set(np.unique(first)) == {0.0, 2.0}
    layer.count.assign(1)
    assert (layer(ones, training=True).numpy() == second.numpy()).all()
    assert (layer(ones, training=False).numpy() == 1).all()
