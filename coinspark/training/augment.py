"""The random changes of a training image, and the shifted views of a prediction, as TensorFlow graph functions.

Every draw comes from the seed, the epoch and the coin's key, so a coin is changed alike whichever worker reads it, in
whatever order.
"""

from __future__ import annotations

import math

import tensorflow as tf

from coinspark.config import Augment
from coinspark.vision.network import Picture
from coinspark.vision.preprocess import sides, whole

DRAWS = 12  # uniform numbers an image: 2 sides × (turn, zoom, shift across, shift down), brightness, contrast, 2 spare
_SHIFT = Augment(shift=0.03, rotate=0, zoom=0, brightness=0, contrast=0)


def draw(key: tf.Tensor, seed: int, epoch: int) -> tf.Tensor:
    """(DRAWS,) float32 in [-1, 1) of one coin in one epoch, from its key (a string) and nothing else."""
    hashed = tf.strings.to_hash_bucket_fast(key, 2**31 - 1)
    mixed = (seed * 1_000_003 + epoch) % 2**62
    return tf.random.stateless_uniform((DRAWS,), seed=tf.stack([hashed, mixed]), minval=-1, maxval=1)


def augment(images: tf.Tensor, draws: tf.Tensor, picture: Picture, how: Augment) -> tf.Tensor:
    """Turn, zoom and shift each side about its own centre, then change brightness and contrast: (n, h, w, 3) float32 0…255."""
    images = tf.cast(images, tf.float32)
    n = tf.shape(images)[0]
    apart = sides(images, picture)
    moves = tf.reshape(tf.reshape(draws[:, :8], (n, 2, 4))[:, : picture.sides], (-1, 4))
    size = (float(picture.height), picture.width / picture.sides)
    apart = tf.raw_ops.ImageProjectiveTransformV3(
        images=apart,
        transforms=_transforms(moves, size, how),
        output_shape=tf.shape(apart)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )
    images = whole(apart, picture)
    light = draws[:, 8, None, None, None] * how.brightness * 255.0
    contrast = 1.0 + draws[:, 9, None, None, None] * how.contrast
    mean = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
    return tf.clip_by_value((images - mean) * contrast + mean + light, 0.0, 255.0)


def views(images: tf.Tensor, picture: Picture, n: int) -> list[tf.Tensor]:
    """The pictures as they are and, where `n` is 5, with their sides shifted by 3 % each way: what a prediction averages."""
    shifted = [tf.cast(images, tf.float32)]
    for across, down in ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0))[: n - 1]:
        move = [0.0, 0.0, across, down] * 2 + [0.0] * (DRAWS - 8)
        draws = tf.tile(tf.constant([move]), (tf.shape(images)[0], 1))
        shifted.append(augment(images, draws, picture, _SHIFT))
    return shifted


def _transforms(moves: tf.Tensor, size: tuple[float, float], how: Augment) -> tf.Tensor:
    """(n, 8) projective transforms from output to input pixels: about the centre, then shifted."""
    height, width = size
    turn = moves[:, 0] * how.rotate * math.pi / 180
    zoom = 1.0 + moves[:, 1] * how.zoom
    cos, sin = tf.cos(turn) / zoom, tf.sin(turn) / zoom
    across, down = (width - 1) / 2, (height - 1) / 2
    left = across - cos * across + sin * down + moves[:, 2] * how.shift * width
    top = down - sin * across - cos * down + moves[:, 3] * how.shift * height
    none = tf.zeros_like(turn)
    return tf.stack([cos, -sin, left, sin, cos, top, none, none], axis=1)
