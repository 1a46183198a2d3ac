"""JPEG bytes → what VGG16 is given, as TensorFlow graph functions."""

from __future__ import annotations

import tensorflow as tf

from coinspark.vision.network import Picture

_CAFFE_MEANS = (
    103.939,
    116.779,
    123.68,
)  # blue, green, red of ImageNet, as the published VGG16 weights were trained with


def decode(jpeg: tf.Tensor, picture: Picture) -> tf.Tensor:
    """A JPEG → (height, width, 3) uint8. A picture of another size fails: shards and models hold to one size."""
    image = tf.io.decode_jpeg(jpeg, channels=3, dct_method="INTEGER_ACCURATE")
    return tf.ensure_shape(image, (picture.height, picture.width, 3))


def prepare(images: tf.Tensor, picture: Picture) -> tf.Tensor:
    """(n, height, width, 3) of 0…255 → float32 of the same shape, as the weights want it.

    `standard`: each side has mean 0 and deviation 1 over its pixels and colours, which takes out the photographer's
    lighting; `caffe`: blue, green, red less ImageNet's means.
    """
    images = tf.cast(images, tf.float32)
    if picture.convention == "caffe":
        return images[..., ::-1] - tf.constant(_CAFFE_MEANS)
    apart = sides(images, picture)
    mean, variance = tf.nn.moments(apart, axes=(1, 2, 3), keepdims=True)
    return whole(
        (apart - mean) / (tf.sqrt(variance) + 8.0), picture
    )  # 8 grey values: a blank side stays quiet


def sides(images: tf.Tensor, picture: Picture) -> tf.Tensor:
    """(n, h, w, 3) → (n × sides, h, w / sides, 3), the sides of a coin next to each other."""
    if picture.sides == 1:
        return images
    cut = tf.reshape(images, (-1, picture.height, 2, picture.height, 3))
    return tf.reshape(tf.transpose(cut, (0, 2, 1, 3, 4)), (-1, picture.height, picture.height, 3))


def whole(apart: tf.Tensor, picture: Picture) -> tf.Tensor:
    """The way back from `sides`."""
    if picture.sides == 1:
        return apart
    paired = tf.reshape(apart, (-1, 2, picture.height, picture.height, 3))
    return tf.reshape(tf.transpose(paired, (0, 2, 1, 3, 4)), (-1, picture.height, picture.width, 3))
