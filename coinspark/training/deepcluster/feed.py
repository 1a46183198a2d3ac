"""Images of one worker: their features, and the augmented batches of an epoch."""

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
from coinspark.training.feed import dataset_options
from coinspark.vision.edges import edges
from coinspark.vision.network import Edges, ImageSpec
from coinspark.vision.preprocess import decode, prepare

_ROWS = 256  # rows per call of the generator


@dataclass(frozen=True)
class InputPipeline:
    """Preprocessing of the network's images: size, input convention and filter."""

    image: ImageSpec
    input_filter: Edges

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """(n, h, w, 3), values 0 to 255 → float32 (n, h, w, 3), or (n, h, w, 2) with a filter."""
        return edges(prepare(images, self.image), self.input_filter)


@dataclass(frozen=True)
class EpochImages:
    """The images of one epoch on one worker.

    Attributes:
        jpegs: (n,) JPEG bytes of the worker's rows.
        labels: (n,) their clusters.
        order: (m,) indices of the rows to show.
        draws: (m, DRAWS) random numbers in [-1, 1) for their augmentation.
    """

    jpegs: NDArray[np.object_]
    labels: NDArray[np.int32]
    order: NDArray[np.int64]
    draws: NDArray[np.float32]


def extract_features(
    backbone: tf.keras.Model, jpegs: NDArray[np.object_], pipeline: InputPipeline, batch: int
) -> Block:
    """Features float32 (n, width) of the images, without augmentation."""
    shape = (batch, pipeline.image.height, pipeline.image.width, 3)

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.uint8)])  # type: ignore[untyped-decorator]
    def forward(images: tf.Tensor) -> tf.Tensor:
        return tf.cast(backbone(pipeline(images), training=False), tf.float32)

    features = []
    for start in range(0, len(jpegs), batch):
        images = [decode(tf.constant(jpeg), pipeline.image) for jpeg in jpegs[start : start + batch]]
        padding = images[:1] * (batch - len(images))  # one shape, so that the graph is traced once
        features.append(forward(tf.stack(images + padding)).numpy()[: len(images)])
    return np.concatenate(features)


def batches(epoch: EpochImages, pipeline: InputPipeline, steps: int, settings: Augment) -> tf.data.Dataset:
    """A dataset of `steps` batches whose sizes differ by at most one.

    Returns:
        Tuples of float32 images (n, height, width, channels) and int32 labels (n,).
    """
    signature = (
        tf.TensorSpec((None,), tf.string),
        tf.TensorSpec((None,), tf.int32),
        tf.TensorSpec((None, augment.DRAWS), tf.float32),
    )

    def row_groups() -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(epoch.order), _ROWS):
            rows = epoch.order[start : start + _ROWS]
            yield epoch.jpegs[rows], epoch.labels[rows], epoch.draws[start : start + _ROWS]

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def decode_row(jpeg: tf.Tensor, label: tf.Tensor, draws: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return decode(jpeg, pipeline.image), label, draws

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def prepare_batch(images: tf.Tensor, labels: tf.Tensor, draws: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return pipeline(augment.augment(images, draws, pipeline.image, settings)), labels

    sizes = shards.batch_sizes(len(epoch.order), steps)
    dataset = tf.data.Dataset.from_generator(row_groups, output_signature=signature).unbatch()
    dataset = dataset.with_options(dataset_options())
    dataset = dataset.map(decode_row, num_parallel_calls=2, deterministic=True)
    dataset = dataset.batch(sizes[0]).rebatch(sizes)
    return dataset.map(prepare_batch, num_parallel_calls=2, deterministic=True).prefetch(4)
