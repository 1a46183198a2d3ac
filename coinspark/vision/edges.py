"""Colours out, edges in: what a network may be given instead of pictures, so that it cannot go by patina and lighting.

`sobel`, as DeepCluster has it (Caron et al. 2018, section 4, after Bojanowski and Joulin 2017): grey, then Sobel's gradients.
`relief` goes on from there. A coin is a relief: light from the other side turns the sign of every slope, and makes of two
photographs of one die each other's negatives. With its angle doubled a slope is the same as its negative (Bigün and Granlund
1987), and divided by how strong the slopes around it are the worn part of a coin counts like the sharp one. TensorFlow graph
functions.
"""

from __future__ import annotations

import tensorflow as tf

from coinspark.vision.network import Edges

_AROUND = 9  # pixels each way that a slope is compared with
_QUIET = 0.25  # of a squared slope, in deviations of the picture a pixel: a blank field stays quiet


def channels(kind: Edges) -> int:
    """How many channels the network is given."""
    return 3 if kind == "none" else 2


def edges(images: tf.Tensor, kind: Edges) -> tf.Tensor:
    """Standardised images, float32 (n, h, w, 3) → (n, h, w, `channels`).

    `sobel`: how the mean of the colours grows to the right, and downwards: Sobel's kernels as they are, eight times the slope a
    pixel; the picture is mirrored at its rim, which is no edge. `relief`: cosine and sine of twice that direction, as long as
    the slope is steep compared with those around it.
    """
    if kind == "none":
        return images
    found = tf.image.sobel_edges(tf.reduce_mean(images, axis=3, keepdims=True))[
        :, :, :, 0, ::-1
    ]  # downwards came first
    return found if kind == "sobel" else _undirected(found)


def _undirected(slopes: tf.Tensor) -> tf.Tensor:
    right, down = slopes[..., 0], slopes[..., 1]
    square = right * right + down * down
    around = tf.nn.avg_pool2d(square[..., None], _AROUND, 1, "SAME")[..., 0]
    length = tf.math.rsqrt(tf.maximum(square, 1e-6) * (around + _QUIET))
    return tf.stack([(right * right - down * down) * length, 2 * right * down * length], axis=3)
