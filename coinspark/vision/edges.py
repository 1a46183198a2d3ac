"""Edge filters between preprocessing and network, which remove color, patina and light. Graph functions.

`sobel`: gray values, then Sobel gradients, as in DeepCluster (Caron et al. 2018, section 4).

`relief`: gradients that do not depend on the direction of the light. On a coin, light from the opposite side
inverts the sign of every slope, so that two photos of one die can look like negatives of each other. Doubling
the angle of a gradient makes it equal to its negative (Bigün and Granlund 1987). Dividing it by the strength
of the gradients around it gives worn and sharp parts of a coin the same weight.
"""

from __future__ import annotations

import tensorflow as tf

from coinspark.vision.network import Edges

_WINDOW = 9  # pixels; side of the square whose gradients a gradient is compared with
_MIN_SQUARE = 0.25  # added to the mean squared gradient: keeps a blank field from being amplified to noise


def channels(kind: Edges) -> int:
    """Number of channels that the network receives."""
    return 3 if kind == "none" else 2


def edges(images: tf.Tensor, kind: Edges) -> tf.Tensor:
    """Apply an edge filter to preprocessed images: float32 (n, h, w, 3) → (n, h, w, `channels`).

    `none` returns the images. `sobel` returns the horizontal and the vertical gradient of the mean of the
    channels: Sobel kernels without normalization, 8 times the slope per pixel; the image is mirrored at its
    border. `relief` returns cosine and sine of the doubled angle, times the strength of the gradient relative
    to its surroundings.
    """
    if kind == "none":
        return images
    gray = tf.reduce_mean(images, axis=3, keepdims=True)
    gradients = tf.image.sobel_edges(gray)[:, :, :, 0, ::-1]  # TensorFlow returns the vertical one first
    return gradients if kind == "sobel" else _relief(gradients)


def _relief(gradients: tf.Tensor) -> tf.Tensor:
    right, down = gradients[..., 0], gradients[..., 1]
    squares = right * right + down * down
    around = tf.nn.avg_pool2d(squares[..., None], _WINDOW, 1, "SAME")[..., 0]
    scale = tf.math.rsqrt(tf.maximum(squares, 1e-6) * (around + _MIN_SQUARE))
    return tf.stack([(right * right - down * down) * scale, 2 * right * down * scale], axis=3)
