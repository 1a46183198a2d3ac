"""Augmentation of training images, and shifted views for predictions, as TensorFlow graph functions.

Random numbers depend on the seed, the epoch and the coin's key only. An image is augmented the same way on
any number of workers and in any order of reading.
"""

from __future__ import annotations

import math

import tensorflow as tf

from coinspark.config import Augment
from coinspark.vision.network import ImageSpec
from coinspark.vision.preprocess import join_sides, split_sides

DRAWS = 12
"""Random numbers per image: rotation, zoom, x and y shift of each side; brightness, contrast; 2 unused."""
_VIEW_SHIFT = Augment(shift=0.03, rotate=0, zoom=0, brightness=0, contrast=0)


def random_draws(key: tf.Tensor, seed: int, epoch: int) -> tf.Tensor:
    """(DRAWS,) float32 in [-1, 1), determined by the coin's key (a string), the seed and the epoch."""
    key_hash = tf.strings.to_hash_bucket_fast(key, 2**31 - 1)
    epoch_seed = (seed * 1_000_003 + epoch) % 2**62
    return tf.random.stateless_uniform((DRAWS,), seed=tf.stack([key_hash, epoch_seed]), minval=-1, maxval=1)


def augment(images: tf.Tensor, draws: tf.Tensor, image: ImageSpec, settings: Augment) -> tf.Tensor:
    """Rotate, zoom and shift each side about its centre, then change brightness and contrast of the image.

    Args:
        images: (n, height, width, 3), values 0 to 255.
        draws: (n, DRAWS) float32 in [-1, 1), as from `random_draws`.

    Returns:
        (n, height, width, 3) float32, values 0 to 255.
    """
    images = tf.cast(images, tf.float32)
    n = tf.shape(images)[0]
    sides = split_sides(images, image)
    moves = tf.reshape(tf.reshape(draws[:, :8], (n, 2, 4))[:, : image.sides], (-1, 4))
    size = (float(image.height), image.width / image.sides)
    sides = tf.raw_ops.ImageProjectiveTransformV3(
        images=sides,
        transforms=_transforms(moves, size, settings),
        output_shape=tf.shape(sides)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )
    images = join_sides(sides, image)
    brightness = draws[:, 8, None, None, None] * settings.brightness * 255.0
    contrast = 1.0 + draws[:, 9, None, None, None] * settings.contrast
    mean = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
    return tf.clip_by_value((images - mean) * contrast + mean + brightness, 0.0, 255.0)


def shifted_views(images: tf.Tensor, image: ImageSpec, n: int) -> list[tf.Tensor]:
    """The images as float32, and `n` - 1 (0 or 4) copies with sides shifted by 3 %: right, left, down, up."""
    views = [tf.cast(images, tf.float32)]
    for x, y in ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0))[: n - 1]:
        move = [0.0, 0.0, x, y] * 2 + [0.0] * (DRAWS - 8)
        draws = tf.tile(tf.constant([move]), (tf.shape(images)[0], 1))
        views.append(augment(images, draws, image, _VIEW_SHIFT))
    return views


def _transforms(moves: tf.Tensor, size: tuple[float, float], settings: Augment) -> tf.Tensor:
    """(n, 8) projective transforms from output to input pixels: rotation and zoom about the centre, shift."""
    height, width = size
    angle = moves[:, 0] * settings.rotate * math.pi / 180
    zoom = 1.0 + moves[:, 1] * settings.zoom
    cos, sin = tf.cos(angle) / zoom, tf.sin(angle) / zoom
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    x = centre_x - cos * centre_x + sin * centre_y + moves[:, 2] * settings.shift * width
    y = centre_y - sin * centre_x - cos * centre_y + moves[:, 3] * settings.shift * height
    zero = tf.zeros_like(angle)
    return tf.stack([cos, -sin, x, sin, cos, y, zero, zero], axis=1)
