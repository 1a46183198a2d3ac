"""Preprocessing: input conventions, computed by hand and by Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from coinspark.vision import preprocess
from coinspark.vision.network import ImageSpec
from tests.training_shards import striped_image


def _coin() -> np.ndarray[Any, Any]:
    return np.random.default_rng(3).integers(0, 256, (1, 4, 8, 3)).astype(np.uint8)


def test_standard_convention_standardizes_each_side() -> None:
    coin = _coin().astype(np.float32)
    coin[:, :, 4:] = coin[:, :, 4:] / 2 + 100
    prepared = preprocess.prepare(coin, ImageSpec(4, 8)).numpy()
    for side in (prepared[0, :, :4], prepared[0, :, 4:]):
        assert abs(side.mean()) < 1e-5
    expected = (coin[0, :, :4] - coin[0, :, :4].mean()) / (coin[0, :, :4].std() + 8)
    np.testing.assert_allclose(prepared[0, :, :4], expected, atol=1e-4)
    assert np.isfinite(preprocess.prepare(np.zeros((1, 4, 8, 3), np.uint8), ImageSpec(4, 8))).all()


def test_caffe_convention_is_that_of_keras() -> None:
    coin = _coin().astype(np.float32)
    expected = tf.keras.applications.vgg16.preprocess_input(coin.copy())
    np.testing.assert_allclose(preprocess.prepare(coin, ImageSpec(4, 8, "caffe")), expected, atol=1e-4)


def test_centered_convention_maps_0_127_and_255_to_about_minus_1_0_and_1() -> None:
    image = np.full((1, 1, 3, 3), [[0], [127], [255]], np.uint8)
    prepared = preprocess.prepare(image, ImageSpec(1, 3, "centered")).numpy()
    np.testing.assert_allclose(prepared[0, 0], [[-127 / 128] * 3, [0] * 3, [1] * 3])


def test_sides_are_split_and_joined_again() -> None:
    coin = tf.constant(_coin())
    sides = preprocess.split_sides(coin, ImageSpec(4, 8))
    np.testing.assert_array_equal(sides, [coin[0, :, :4], coin[0, :, 4:]])
    np.testing.assert_array_equal(preprocess.join_sides(sides, ImageSpec(4, 8)), coin)


def test_image_of_another_size_is_refused() -> None:
    assert preprocess.decode(tf.constant(striped_image(1)), ImageSpec(32, 64)).shape == (32, 64, 3)
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        preprocess.decode(tf.constant(striped_image(1)), ImageSpec(64, 128))
