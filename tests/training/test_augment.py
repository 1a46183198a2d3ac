"""Changes: what a turn, a shift and the light do, by hand; draws that depend on the coin alone."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from coinspark.config import Augment
from coinspark.training import augment
from coinspark.training.augment import DRAWS
from coinspark.vision.network import Picture

STILL = Augment(shift=0, rotate=0, zoom=0, brightness=0, contrast=0)


def _draws(**at: float) -> tf.Tensor:
    draws = np.zeros((1, DRAWS), np.float32)
    for place, value in at.items():
        draws[0, int(place[1:])] = value
    return tf.constant(draws)


def _coin() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (1, 4, 8, 3)).astype(np.uint8)


def test_nothing_drawn_changes_nothing() -> None:
    coin = _coin()
    np.testing.assert_allclose(augment.augment(coin, _draws(), Picture(4, 8), Augment()), coin, atol=1e-3)


def test_each_side_turns_about_its_own_centre() -> None:
    coin = _coin()
    turned = augment.augment(coin, _draws(_0=1.0), Picture(4, 8), STILL.model_copy(update={"rotate": 90.0}))[
        0
    ].numpy()
    obverse, reverse = coin[0, :, :4], coin[0, :, 4:]
    np.testing.assert_allclose(turned[:, 4:], reverse, atol=1e-2)
    assert any(np.allclose(turned[:, :4], np.rot90(obverse, k), atol=1e-2) for k in (1, 3))


def test_a_shift_keeps_to_its_side_and_repeats_the_edge() -> None:
    coin = _coin()
    moved = augment.augment(coin, _draws(_6=1.0), Picture(4, 8), STILL.model_copy(update={"shift": 0.25}))[
        0
    ].numpy()
    np.testing.assert_allclose(moved[:, :4], coin[0, :, :4], atol=1e-3)  # draw 6 is the reverse's, across
    np.testing.assert_allclose(moved[:, 4:7], coin[0, :, 5:8], atol=1e-3)
    np.testing.assert_allclose(moved[:, 7], coin[0, :, 7], atol=1e-3)


def test_a_square_is_one_side() -> None:
    coin = _coin()[:, :, :4]
    moved = augment.augment(coin, _draws(_2=1.0), Picture(4, 4), STILL.model_copy(update={"shift": 0.25}))[
        0
    ].numpy()
    np.testing.assert_allclose(moved[:, :3], coin[0, :, 1:], atol=1e-3)


def test_brightness_and_contrast() -> None:
    coin = np.full((1, 4, 8, 3), 100, np.uint8)
    coin[0, :, :4] = 80  # mean 90
    light = augment.augment(
        coin, _draws(_8=0.5), Picture(4, 8), STILL.model_copy(update={"brightness": 0.2})
    ).numpy()
    assert light[0, 0, 0, 0] == pytest.approx(80 + 0.5 * 0.2 * 255)
    contrast = augment.augment(
        coin, _draws(_9=1.0), Picture(4, 8), STILL.model_copy(update={"contrast": 0.5})
    ).numpy()
    assert contrast[0, 0, 0, 0] == pytest.approx(90 - 10 * 1.5)


def test_draws_come_from_the_key_the_seed_and_the_epoch() -> None:
    first = augment.draw(tf.constant("CN 1"), 7, 0).numpy()
    assert (first == augment.draw(tf.constant("CN 1"), 7, 0).numpy()).all()
    assert first.min() >= -1 and first.max() < 1
    for key, seed, epoch in (("CN 2", 7, 0), ("CN 1", 8, 0), ("CN 1", 7, 1)):
        assert (first != augment.draw(tf.constant(key), seed, epoch).numpy()).any()
