"""Augmentation: each transform by hand; random numbers depend on the key, seed and epoch only."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from coinspark.config import Augment
from coinspark.training import augment
from coinspark.training.augment import DRAWS
from coinspark.vision.network import ImageSpec

OFF = Augment(shift=0, rotate=0, zoom=0, brightness=0, contrast=0)


def _draws(values: dict[int, float]) -> tf.Tensor:
    """Random numbers of one image: zero except for the given indices."""
    draws = np.zeros((1, DRAWS), np.float32)
    for index, value in values.items():
        draws[0, index] = value
    return tf.constant(draws)


def _augment(coin: np.ndarray, values: dict[int, float], **settings: float) -> np.ndarray:
    image = ImageSpec(*coin.shape[1:3])
    augmented = augment.augment(coin, _draws(values), image, OFF.model_copy(update=settings))
    return np.asarray(augmented[0])


def _coin() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (1, 4, 8, 3)).astype(np.uint8)


def test_zero_draws_leave_the_image_unchanged() -> None:
    coin = _coin()
    np.testing.assert_allclose(augment.augment(coin, _draws({}), ImageSpec(4, 8), Augment()), coin, atol=1e-3)


def test_rotation_is_about_the_centre_of_each_side() -> None:
    coin = _coin()
    rotated = _augment(coin, {0: 1.0}, rotate=90.0)
    obverse, reverse = coin[0, :, :4], coin[0, :, 4:]
    np.testing.assert_allclose(rotated[:, 4:], reverse, atol=1e-2)
    assert any(np.allclose(rotated[:, :4], np.rot90(obverse, k), atol=1e-2) for k in (1, 3))


def test_shift_of_one_side_repeats_its_edge() -> None:
    coin = _coin()
    shifted = _augment(coin, {6: 1.0}, shift=0.25)  # x shift of the reverse
    np.testing.assert_allclose(shifted[:, :4], coin[0, :, :4], atol=1e-3)
    np.testing.assert_allclose(shifted[:, 4:7], coin[0, :, 5:8], atol=1e-3)
    np.testing.assert_allclose(shifted[:, 7], coin[0, :, 7], atol=1e-3)


def test_square_image_is_one_side() -> None:
    coin = _coin()[:, :, :4]
    shifted = _augment(coin, {2: 1.0}, shift=0.25)
    np.testing.assert_allclose(shifted[:, :3], coin[0, :, 1:], atol=1e-3)


def test_brightness_and_contrast_change_by_the_expected_amount() -> None:
    coin = np.full((1, 4, 8, 3), 100, np.uint8)
    coin[0, :, :4] = 80  # mean 90
    assert _augment(coin, {8: 0.5}, brightness=0.2)[0, 0, 0] == pytest.approx(80 + 0.5 * 0.2 * 255)
    assert _augment(coin, {9: 1.0}, contrast=0.5)[0, 0, 0] == pytest.approx(90 - 10 * 1.5)


def test_draws_depend_on_key_seed_and_epoch() -> None:
    draws = augment.random_draws(tf.constant("CN 1"), 7, 0).numpy()
    assert (draws == augment.random_draws(tf.constant("CN 1"), 7, 0).numpy()).all()
    assert draws.min() >= -1 and draws.max() < 1
    for key, seed, epoch in (("CN 2", 7, 0), ("CN 1", 8, 0), ("CN 1", 7, 1)):
        assert (draws != augment.random_draws(tf.constant(key), seed, epoch).numpy()).any()
