"""VGG16 as a classifier: the backbone of vision/backbone.py with a head, and a run's weights written and read by hash."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from coinspark.core.errors import ConfigError, InputError
from coinspark.vision import weights
from coinspark.vision.backbones import vgg16 as backbone

_TYPES = "types"  # the layer that a network learns with and is not kept with
layers = tf.keras.layers


@dataclass(frozen=True)
class Architecture:
    """Everything that decides which variables the network has; seeds its initial weights."""

    height: int
    width: int
    classes: int
    batch_norm: bool = True
    head: tuple[int, ...] = ()
    dropout: float = 0.0
    seed: int = 0
    types: int = 0


class SeededDropout(tf.keras.layers.Layer):  # type: ignore[misc]
    """Dropout whose mask follows from a seed and a count of steps kept among the weights: a resumed run goes on alike."""

    def __init__(self, rate: float, seed: int, **named: Any) -> None:
        super().__init__(**named)
        self.rate, self.seed = rate, seed
        self.count = self.add_weight(
            name="count", shape=(), dtype=tf.int64, trainable=False, initializer="zeros"
        )

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        if not training or not self.rate:
            return inputs
        drawn = tf.random.stateless_uniform(
            tf.shape(inputs), seed=tf.stack([tf.cast(self.seed, tf.int64), self.count])
        )
        with tf.control_dependencies([self.count.assign_add(1)]):
            return tf.where(drawn >= self.rate, inputs / (1 - self.rate), tf.zeros_like(inputs))


def vgg16(shape: Architecture) -> tf.keras.Model:
    """Float32 images (n, height, width, 3) → float32 logits (n, classes), or of classes and then types (n, classes + types).

    The pooled backbone, dense layers of `head`, dropout, and a last layer that starts at zero: the first loss is that of
    guessing.
    """
    tf.keras.utils.set_random_seed(shape.seed)
    inputs = layers.Input((shape.height, shape.width, 3), name="input")
    x = backbone.pooled(inputs, shape.batch_norm)
    for n, width in enumerate(shape.head, 1):
        x = layers.Dense(width, activation="relu", kernel_initializer="he_normal", name=f"head{n}")(x)
    x = SeededDropout(shape.dropout, shape.seed, name="dropout")(x)
    logits = layers.Dense(shape.classes, kernel_initializer="zeros", name="logits")(x)
    if shape.types:
        types = layers.Dense(shape.types, kernel_initializer="zeros", name=_TYPES)(x)
        logits = layers.Concatenate(name="both")([logits, types])
    return tf.keras.Model(
        inputs, layers.Activation("linear", dtype="float32", name="float32")(logits), name="vgg16"
    )


def freeze(model: tf.keras.Model, name: str | None) -> None:
    """Keep the weights of every layer up to the named one as they are; their normalisation uses what it has stored."""
    if name is None:
        return
    names = [layer.name for layer in model.layers]
    if name not in names:
        raise ConfigError(f"training.freeze_until: VGG16 has no layer {name!r}; there are {', '.join(names)}")
    for layer in model.layers[: names.index(name) + 1]:
        layer.trainable = False


def save_weights(model: tf.keras.Model, values: list[np.ndarray[Any, Any]], file: Path) -> str:
    """Write named arrays to an npz, atomically; the file's SHA-256. Equal weights give equal bytes.

    What tells types apart stays behind: it was there to learn with.
    """
    named = zip(backbone.names_of(model), values, strict=True)
    return weights.save({name: value for name, value in named if not name.startswith(f"{_TYPES}/")}, file)


def load_weights(model: tf.keras.Model, file: Path, digest: str) -> None:
    """Set every weight of the model from an npz of `save_weights`, checked by its hash first."""
    arrays, names = weights.read(file, digest, "training"), backbone.names_of(model)
    if set(names) != set(arrays):
        raise InputError(f"{file}: holds other layers than the model: {sorted(set(names) ^ set(arrays))[:4]}")
    model.set_weights([arrays[name] for name in names])
