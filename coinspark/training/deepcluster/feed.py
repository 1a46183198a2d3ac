"""A worker's pictures: their features as they are, and the batches of an epoch, changed at random."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from coinspark.clustering.blocks import Block
from coinspark.config import Augment
from coinspark.training import augment, shards
from coinspark.training.feed import plain_options
from coinspark.vision.edges import edges
from coinspark.vision.network import Edges, Picture
from coinspark.vision.preprocess import decode, prepare

DRAWS = augment.DRAWS
_ROWS = 256  # handed to TensorFlow at a time


@dataclass(frozen=True)
class Look:
    """How the network is given its pictures: of which size and convention, and as what edges."""

    picture: Picture
    edges: Edges

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """(n, h, w, 3) of 0…255 → what the network is given: float32 (n, h, w, 3), or (n, h, w, 2) of edges."""
        return edges(prepare(images, self.picture), self.edges)


@dataclass(frozen=True)
class Shown:
    """`jpegs` and `labels` (n,) of a worker's rows; `order` (m,) of an epoch, and its `draws` (m, DRAWS) in [-1, 1)."""

    jpegs: NDArray[np.object_]
    labels: NDArray[np.int32]
    order: NDArray[np.int64]
    draws: NDArray[np.float32]


def features(eye: tf.keras.Model, jpegs: NDArray[np.object_], look: Look, batch: int) -> Block:
    """(n, width) float32 of the pictures as they are."""
    shape = (batch, look.picture.height, look.picture.width, 3)

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.uint8)])  # type: ignore[untyped-decorator]
    def forward(images: tf.Tensor) -> tf.Tensor:
        return tf.cast(eye(look(images), training=False), tf.float32)

    found = []
    for start in range(0, len(jpegs), batch):
        part = [decode(tf.constant(jpeg), look.picture) for jpeg in jpegs[start : start + batch]]
        whole = tf.stack(
            part + part[:1] * (batch - len(part))
        )  # one shape: nothing is traced anew for the last of them
        found.append(forward(whole).numpy()[: len(part)])
    return np.concatenate(found)


def batches(shown: Shown, look: Look, steps: int, how: Augment) -> tf.data.Dataset:
    """`steps` batches of (float32 images (n, h, w, 3), int32 labels (n,)), whose sizes differ by at most one."""
    kinds = (
        tf.TensorSpec((None,), tf.string),
        tf.TensorSpec((None,), tf.int32),
        tf.TensorSpec((None, DRAWS), tf.float32),
    )

    def parts() -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(shown.order), _ROWS):
            rows = shown.order[start : start + _ROWS]
            yield shown.jpegs[rows], shown.labels[rows], shown.draws[start : start + _ROWS]

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def decoded(jpeg: tf.Tensor, label: tf.Tensor, draws: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return decode(jpeg, look.picture), label, draws

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def ready(images: tf.Tensor, labels: tf.Tensor, draws: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return look(augment.augment(images, draws, look.picture, how)), labels

    cut = shards.cuts(len(shown.order), steps)
    rows = (
        tf.data.Dataset.from_generator(parts, output_signature=kinds).unbatch().with_options(plain_options())
    )
    rows = rows.map(decoded, num_parallel_calls=2, deterministic=True).batch(cut[0]).rebatch(cut)
    return rows.map(ready, num_parallel_calls=2, deterministic=True).prefetch(4)
