"""Colours out, edges in: what a network may be given instead of pictures, so that it cannot go by patina and lighting.

As DeepCluster has it (Caron et al. 2018, section 4, after Bojanowski and Joulin 2017): grey, then Sobel's two gradients.
TensorFlow graph functions.
"""

from __future__ import annotations

import tensorflow as tf

CHANNELS = 2


def sobel(images: tf.Tensor) -> tf.Tensor:
    """Standardised images, float32 (n, h, w, 3) → (n, h, w, 2): how the mean of the colours grows to the right, and downwards.

    Sobel's kernels as they are, eight times the slope a pixel; the picture is mirrored at its rim, which is no edge.
    """
    edges = tf.image.sobel_edges(tf.reduce_mean(images, axis=3, keepdims=True))  # (n, h, w, 1, 2): downwards first
    return edges[:, :, :, 0, ::-1]
