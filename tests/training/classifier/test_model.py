"""The classifier: how it begins, what of it is kept, what is frozen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from coinspark.core.errors import ConfigError, InputError
from coinspark.core.hashing import file_hash
from coinspark.training.classifier import model
from coinspark.training.classifier.model import Architecture


def test_the_first_guess_is_that_of_chance() -> None:
    logits = model.vgg16(Architecture(32, 64, 3, head=(8,), dropout=0.5))(
        np.ones((1, 32, 64, 3), np.float32), training=True
    )
    assert (np.asarray(logits) == 0).all()


def test_equal_seeds_give_equal_weights() -> None:
    first, again, other = (
        model.vgg16(Architecture(32, 32, 3, seed=seed)).get_weights() for seed in (1, 1, 2)
    )
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


def test_weights_come_back_and_equal_ones_have_equal_bytes(tmp_path: Path) -> None:
    first, other = model.vgg16(Architecture(32, 32, 3, seed=1)), model.vgg16(Architecture(32, 32, 3, seed=2))
    digest = model.save_weights(first, first.get_weights(), tmp_path / "a.npz")
    assert (
        model.save_weights(first, first.get_weights(), tmp_path / "b.npz")
        == digest
        == file_hash(tmp_path / "a.npz")
    )
    model.load_weights(other, tmp_path / "a.npz", digest)
    assert all((a == b).all() for a, b in zip(first.get_weights(), other.get_weights(), strict=True))
    with pytest.raises(InputError, match="was expected"):
        model.load_weights(other, tmp_path / "a.npz", "0" * 64)
    with pytest.raises(InputError, match="other layers"):
        model.load_weights(model.vgg16(Architecture(32, 32, 3, batch_norm=False)), tmp_path / "a.npz", digest)


def test_what_tells_types_is_not_kept(tmp_path: Path) -> None:
    learner, kept = (
        model.vgg16(Architecture(32, 32, 3, seed=1, types=4)),
        model.vgg16(Architecture(32, 32, 3, seed=2)),
    )
    assert learner.output_shape == (None, 7)
    draw = np.random.default_rng(2)
    learner.get_layer("logits").set_weights([draw.normal(size=(512, 3)), draw.normal(size=3)])
    model.load_weights(
        kept, tmp_path / "a.npz", model.save_weights(learner, learner.get_weights(), tmp_path / "a.npz")
    )
    picture = np.random.default_rng(1).normal(size=(1, 32, 32, 3)).astype(np.float32)
    assert kept.get_layer("logits").get_weights()[0].shape == (512, 3)
    np.testing.assert_allclose(kept(picture), learner(picture)[:, :3], atol=1e-6)


def test_freeze_until_a_named_layer() -> None:
    network = model.vgg16(Architecture(32, 32, 3))
    model.freeze(network, "block4_pool")
    names = {weight.name.split("/")[0] for weight in network.trainable_weights}
    assert "block5_conv1" in names and "logits" in names
    assert not any(name.startswith(("block1", "block2", "block3", "block4")) for name in names)
    with pytest.raises(
        ConfigError,
        match=r"training\.freeze_until: VGG16 has no layer 'block9'; there are input, block1_conv1",
    ):
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
