"""Edges against values worked out by hand and against SciPy's."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from scipy import ndimage

from coinspark.vision.edges import channels, edges


def test_a_slope_by_hand() -> None:
    down, right = np.indices((5, 6)).astype(np.float32)
    grey = 3 * right - 2 * down
    picture = np.stack([grey - 1, grey, grey + 1], axis=2)[None]  # the mean of the colours counts
    found = edges(tf.constant(picture), "sobel").numpy()
    assert found.shape == (1, 5, 6, channels("sobel"))
    np.testing.assert_allclose(found[0, 1:-1, 1:-1, 0], 8 * 3, rtol=1e-5)
    np.testing.assert_allclose(found[0, 1:-1, 1:-1, 1], 8 * -2, rtol=1e-5)
    np.testing.assert_allclose(found[0, :, 0, 0], 0, atol=1e-5)  # mirrored there


def test_any_picture_as_scipy_has_it() -> None:
    pictures = np.random.default_rng(0).normal(size=(3, 8, 16, 3)).astype(np.float32)
    found = edges(tf.constant(pictures), "sobel").numpy()
    for n, grey in enumerate(pictures.mean(axis=3)):
        np.testing.assert_allclose(found[n, ..., 0], ndimage.sobel(grey, 1, mode="mirror"), atol=1e-5)
        np.testing.assert_allclose(found[n, ..., 1], ndimage.sobel(grey, 0, mode="mirror"), atol=1e-5)


def test_colour_and_light_alone_are_nothing() -> None:
    plain = np.zeros((1, 4, 4, 3), np.float32) + np.array([0.5, -1, 2], np.float32)
    for kind in "sobel", "relief":
        np.testing.assert_allclose(edges(tf.constant(plain), kind), 0, atol=1e-6)
    np.testing.assert_array_equal(edges(tf.constant(plain), "none"), plain)
    assert channels("none") == plain.shape[3]


def test_relief_is_the_same_from_whichever_side_the_light_comes() -> None:
    pictures = np.random.default_rng(0).normal(size=(2, 8, 16, 3)).astype(np.float32)
    lit, other = (edges(tf.constant(sign * pictures), "relief").numpy() for sign in (1, -1))
    np.testing.assert_allclose(lit, other, atol=1e-6)
    assert np.abs(lit).max() > 0.5


def test_relief_by_hand_is_twice_the_direction_of_a_slope_compared_with_those_around() -> None:
    down, right = np.indices((16, 16)).astype(np.float32)
    for across, along, doubled in (1, 0, (1, 0)), (0, 1, (-1, 0)), (1, 1, (0, 1)), (1, -1, (0, -1)):
        grey = across * right + along * down
        found = edges(tf.constant(np.repeat(grey[None, ..., None], 3, 3)), "relief").numpy()
        square = 64 * (across**2 + along**2)  # eight times the slope; equal all around it
        np.testing.assert_allclose(
            found[0, 7, 7], np.array(doubled) * np.sqrt(square / (square + 0.25)), atol=1e-4
        )
