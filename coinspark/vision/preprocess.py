"""JPEG bytes → input of a network, as TensorFlow graph functions."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from coinspark.core.registry import Registry
from coinspark.vision.network import ImageSpec

Convention = Callable[[tf.Tensor, ImageSpec], tf.Tensor]
"""`convention(images, spec)`: float32 (n, height, width, 3) of 0 to 255 → float32 of the same shape."""

CONVENTIONS: Registry[Convention] = Registry(
    "input convention",
    {
        "standard": "coinspark.vision.preprocess:standardize_sides",
        "caffe": "coinspark.vision.preprocess:subtract_imagenet_mean",
        "centered": "coinspark.vision.preprocess:center",
    },
)
_IMAGENET_MEAN_BGR = (103.939, 116.779, 123.68)
_MIN_DEVIATION = 8.0  # grey values; keeps a blank side from being amplified to noise


def decode(jpeg: tf.Tensor, image: ImageSpec) -> tf.Tensor:
    """Decode a JPEG to (height, width, 3) uint8. Fails if the image has another size."""
    pixels = tf.io.decode_jpeg(jpeg, channels=3, dct_method="INTEGER_ACCURATE")
    return tf.ensure_shape(pixels, (image.height, image.width, 3))


def prepare(images: tf.Tensor, image: ImageSpec) -> tf.Tensor:
    """Apply the input convention: (n, height, width, 3) with values 0 to 255 → float32 of the same shape."""
    return CONVENTIONS[image.convention](tf.cast(images, tf.float32), image)


def standardize_sides(images: tf.Tensor, image: ImageSpec) -> tf.Tensor:
    """`standard`: each side to mean 0 and deviation 1 over pixels and channels, which evens out lighting."""
    sides = split_sides(images, image)
    mean, variance = tf.nn.moments(sides, axes=(1, 2, 3), keepdims=True)
    return join_sides((sides - mean) / (tf.sqrt(variance) + _MIN_DEVIATION), image)


def subtract_imagenet_mean(images: tf.Tensor, image: ImageSpec) -> tf.Tensor:
    """`caffe`: blue, green, red minus their means over ImageNet, as for the published VGG16 weights."""
    return images[..., ::-1] - tf.constant(_IMAGENET_MEAN_BGR)


def center(images: tf.Tensor, image: ImageSpec) -> tf.Tensor:
    """`centered`: (x - 127) / 128, as for the published EfficientNet-Lite weights."""
    return (images - 127.0) / 128.0


def split_sides(images: tf.Tensor, image: ImageSpec) -> tf.Tensor:
    """(n, h, w, 3) → (n × sides, h, w / sides, 3), with the sides of a coin next to each other."""
    if image.sides == 1:
        return images
    columns = tf.reshape(images, (-1, image.height, 2, image.height, 3))
    return tf.reshape(tf.transpose(columns, (0, 2, 1, 3, 4)), (-1, image.height, image.height, 3))


def join_sides(sides: tf.Tensor, image: ImageSpec) -> tf.Tensor:
    """Undo `split_sides`."""
    if image.sides == 1:
        return sides
    pairs = tf.reshape(sides, (-1, 2, image.height, image.height, 3))
    return tf.reshape(tf.transpose(pairs, (0, 2, 1, 3, 4)), (-1, image.height, image.width, 3))
