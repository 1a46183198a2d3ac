"""A classifier: the pooled features of a backbone with a softmax head, and its weights file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from coinspark.core.errors import ConfigError, InputError
from coinspark.vision import weights
from coinspark.vision.backbones import BACKBONES
from coinspark.vision.backbones.backbone import weight_names
from coinspark.warehouse.files import Location

_TYPES = "types"  # name of the auxiliary head, which is not saved
layers = tf.keras.layers


@dataclass(frozen=True)
class Architecture:
    """Everything that determines the variables of a classifier and their initial values.

    Attributes:
        model: Name of the backbone.
        height: Height of the images in pixels.
        width: Width of the images in pixels.
        classes: Number of classes.
        batch_norm: Whether the backbone has batch normalization.
        head_units: Units of the dense layers between backbone and softmax.
        dropout: Dropout rate before the last layer.
        seed: Seed of the initial weights and of dropout.
        types: Number of outputs of the auxiliary type head; 0: no such head.
    """

    model: str
    height: int
    width: int
    classes: int
    batch_norm: bool = True
    head_units: tuple[int, ...] = ()
    dropout: float = 0.0
    seed: int = 0
    types: int = 0

    @staticmethod
    def from_dict(values: dict[str, Any]) -> Architecture:
        """Inverse of `dataclasses.asdict`. Accepts a list in place of a tuple, as it comes from JSON."""
        return Architecture(**{**values, "head_units": tuple(values["head_units"])})


class SeededDropout(tf.keras.layers.Layer):  # type: ignore[misc]
    """Dropout whose mask depends on a seed and a step count.

    The count is a weight, so that a resumed run continues it.
    """

    def __init__(self, rate: float, seed: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate, self.seed = rate, seed
        self.count = self.add_weight(
            name="count", shape=(), dtype=tf.int64, trainable=False, initializer="zeros"
        )

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        if not training or not self.rate:
            return inputs
        uniform = tf.random.stateless_uniform(
            tf.shape(inputs), seed=tf.stack([tf.cast(self.seed, tf.int64), self.count])
        )
        with tf.control_dependencies([self.count.assign_add(1)]):
            return tf.where(uniform >= self.rate, inputs / (1 - self.rate), tf.zeros_like(inputs))


def build_classifier(architecture: Architecture) -> tf.keras.Model:
    """Keras model from float32 images (n, height, width, 3) to float32 logits (n, classes + types).

    Layers: backbone, dense layers, dropout, and a last layer with zero weights, so that the first
    prediction is uniform.
    """
    backbone = BACKBONES[architecture.model]
    tf.keras.utils.set_random_seed(architecture.seed)
    inputs = layers.Input((architecture.height, architecture.width, 3), name="input")
    x = backbone.features(inputs, architecture.batch_norm)
    for n, units in enumerate(architecture.head_units, 1):
        x = layers.Dense(units, activation="relu", kernel_initializer="he_normal", name=f"head{n}")(x)
    x = SeededDropout(architecture.dropout, architecture.seed, name="dropout")(x)
    logits = layers.Dense(architecture.classes, kernel_initializer="zeros", name="logits")(x)
    if architecture.types:
        types = layers.Dense(architecture.types, kernel_initializer="zeros", name=_TYPES)(x)
        logits = layers.Concatenate(name="both")([logits, types])
    outputs = layers.Activation("linear", dtype="float32", name="float32")(logits)
    return tf.keras.Model(inputs, outputs, name=backbone.name)


def freeze(model: tf.keras.Model, last_layer: str | None) -> None:
    """Freeze all layers up to the named one; None freezes no layer.

    Frozen batch normalization uses its stored statistics.

    Raises:
        ConfigError: The model has no such layer.
    """
    if last_layer is None:
        return
    names = [layer.name for layer in model.layers]
    if last_layer not in names:
        raise ConfigError(
            f"training.freeze_until: {model.name} has no layer {last_layer!r}; "
            f"its layers are {', '.join(names)}"
        )
    for layer in model.layers[: names.index(last_layer) + 1]:
        layer.trainable = False


def save_weights(model: tf.keras.Model, values: list[np.ndarray[Any, Any]], file: Path) -> str:
    """Write weights, in the order of `get_weights()`, to an npz; SHA-256 hex of the file.

    The type head is left out. Equal weights give equal files.
    """
    arrays = zip(weight_names(model), values, strict=True)
    return weights.save({name: array for name, array in arrays if not name.startswith(f"{_TYPES}/")}, file)


def load_weights(model: tf.keras.Model, file: Path | Location, sha256: str) -> None:
    """Set all weights of the model from a file that `save_weights` wrote.

    Raises:
        InputError: The file has another hash or other layers.
    """
    arrays, names = weights.read(file, sha256), weight_names(model)
    if set(names) != set(arrays):
        difference = sorted(set(names) ^ set(arrays))[:4]
        raise InputError(f"{file}: the layers of the file and of the model differ: {', '.join(difference)}")
    model.set_weights([arrays[name] for name in names])
