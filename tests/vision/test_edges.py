"""Edge filters: values computed by hand and by SciPy."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from scipy import ndimage

from coinspark.vision.edges import channels, edges


def test_sobel_of_a_slope_is_8_times_the_slope() -> None:
    down, right = np.indices((5, 6)).astype(np.float32)
    gray = 3 * right - 2 * down
    image = np.stack([gray - 1, gray, gray + 1], axis=2)[None]  # the mean of the channels counts
    filtered = edges(tf.constant(image), "sobel").numpy()
    assert filtered.shape == (1, 5, 6, channels("sobel"))
    np.testing.assert_allclose(filtered[0, 1:-1, 1:-1, 0], 8 * 3, rtol=1e-5)
    np.testing.assert_allclose(filtered[0, 1:-1, 1:-1, 1], 8 * -2, rtol=1e-5)
    np.testing.assert_allclose(filtered[0, :, 0, 0], 0, atol=1e-5)  # mirrored at the border


def test_sobel_is_that_of_scipy() -> None:
    images = np.random.default_rng(0).normal(size=(3, 8, 16, 3)).astype(np.float32)
    filtered = edges(tf.constant(images), "sobel").numpy()
    for n, gray in enumerate(images.mean(axis=3)):
        np.testing.assert_allclose(filtered[n, ..., 0], ndimage.sobel(gray, 1, mode="mirror"), atol=1e-5)
        np.testing.assert_allclose(filtered[n, ..., 1], ndimage.sobel(gray, 0, mode="mirror"), atol=1e-5)


def test_uniform_image_has_no_edges_whatever_its_color() -> None:
    plain = np.zeros((1, 4, 4, 3), np.float32) + np.array([0.5, -1, 2], np.float32)
    for kind in "sobel", "relief":
        np.testing.assert_allclose(edges(tf.constant(plain), kind), 0, atol=1e-6)
    np.testing.assert_array_equal(edges(tf.constant(plain), "none"), plain)
    assert channels("none") == plain.shape[3]


def test_relief_does_not_change_when_the_light_comes_from_the_opposite_side() -> None:
    images = np.random.default_rng(0).normal(size=(2, 8, 16, 3)).astype(np.float32)
    one, opposite = (edges(tf.constant(sign * images), "relief").numpy() for sign in (1, -1))
    np.testing.assert_allclose(one, opposite, atol=1e-6)
    assert np.abs(one).max() > 0.5


def test_relief_of_a_slope_is_its_doubled_direction_relative_to_its_surroundings() -> None:
    down, right = np.indices((16, 16)).astype(np.float32)
    for across, along, doubled in (1, 0, (1, 0)), (0, 1, (-1, 0)), (1, 1, (0, 1)), (1, -1, (0, -1)):
        gray = across * right + along * down
        filtered = edges(tf.constant(np.repeat(gray[None, ..., None], 3, 3)), "relief").numpy()
        square = 64 * (across**2 + along**2)  # 8 times the slope, the same all around
        expected = np.array(doubled) * np.sqrt(square / (square + 0.25))
        np.testing.assert_allclose(filtered[0, 7, 7], expected, atol=1e-4)
