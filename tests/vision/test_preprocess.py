"""Pixels: equal light by hand, ImageNet's convention by Keras; a picture of another size fails."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from coinspark.vision import preprocess
from coinspark.vision.network import ImageSpec
from tests.training_shards import striped_image


def _coin() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (1, 4, 8, 3)).astype(np.uint8)


def test_each_side_is_brought_to_equal_light() -> None:
    coin = _coin().astype(np.float32)
    coin[:, :, 4:] = coin[:, :, 4:] / 2 + 100
    ready = preprocess.prepare(coin, ImageSpec(4, 8)).numpy()
    for side in (ready[0, :, :4], ready[0, :, 4:]):
        assert abs(side.mean()) < 1e-5
    wanted = (coin[0, :, :4] - coin[0, :, :4].mean()) / (coin[0, :, :4].std() + 8)
    np.testing.assert_allclose(ready[0, :, :4], wanted, atol=1e-4)
    assert np.isfinite(preprocess.prepare(np.zeros((1, 4, 8, 3), np.uint8), ImageSpec(4, 8))).all()


def test_imagenets_convention_is_keras_own() -> None:
    coin = _coin().astype(np.float32)
    wanted = tf.keras.applications.vgg16.preprocess_input(coin.copy())
    np.testing.assert_allclose(preprocess.prepare(coin, ImageSpec(4, 8, "caffe")), wanted, atol=1e-4)


def test_a_picture_of_another_size_fails() -> None:
    assert preprocess.decode(tf.constant(striped_image(1)), ImageSpec(32, 64)).shape == (32, 64, 3)
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        preprocess.decode(tf.constant(striped_image(1)), ImageSpec(64, 128))
