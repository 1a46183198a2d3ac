"""Sobel's gradients against values worked out by hand and against SciPy's."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from scipy import ndimage

from coinspark.vision.sobel import CHANNELS, sobel


def test_a_slope_by_hand() -> None:
    down, right = np.indices((5, 6)).astype(np.float32)
    grey = 3 * right - 2 * down
    picture = np.stack([grey - 1, grey, grey + 1], axis=2)[None]  # the mean of the colours counts
    found = sobel(tf.constant(picture)).numpy()
    assert found.shape == (1, 5, 6, CHANNELS)
    np.testing.assert_allclose(found[0, 1:-1, 1:-1, 0], 8 * 3, rtol=1e-5)
    np.testing.assert_allclose(found[0, 1:-1, 1:-1, 1], 8 * -2, rtol=1e-5)
    np.testing.assert_allclose(found[0, :, 0, 0], 0, atol=1e-5)  # mirrored there


def test_any_picture_as_scipy_has_it() -> None:
    pictures = np.random.default_rng(0).normal(size=(3, 8, 16, 3)).astype(np.float32)
    found = sobel(tf.constant(pictures)).numpy()
    for n, grey in enumerate(pictures.mean(axis=3)):
        np.testing.assert_allclose(found[n, ..., 0], ndimage.sobel(grey, 1, mode="mirror"), atol=1e-5)
        np.testing.assert_allclose(found[n, ..., 1], ndimage.sobel(grey, 0, mode="mirror"), atol=1e-5)


def test_colour_and_light_alone_are_nothing() -> None:
    plain = np.zeros((1, 4, 4, 3), np.float32) + np.array([0.5, -1, 2], np.float32)
    np.testing.assert_allclose(sobel(tf.constant(plain)), 0, atol=1e-6)
