"""VGG16's convolutions (Simonyan and Zisserman 2015) in tf.keras, named as in Keras applications, and weights given to them."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from coinspark.core.errors import InputError
from coinspark.vision import weights as files
from coinspark.vision.weights import Arrays

BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
_EPSILON = 1e-3
layers = tf.keras.layers


def pooled(inputs: tf.Tensor, batch_norm: bool) -> tf.Tensor:
    """Images (n, height, width, channels) → the last maps, averaged: (n, 512), or (n, 1024) where two sides stand 1:2, no bars.

    He initialisation, batch normalisation after each convolution where asked for, each side averaged apart, obverse before
    reverse. The layers are `block1_conv1` … `block5_pool`, `pool`, `flatten`.
    """
    x = inputs
    for block, widths in enumerate(BLOCKS, 1):
        for n, width in enumerate(widths, 1):
            name = f"block{block}_conv{n}"
            x = layers.Conv2D(
                width, 3, padding="same", use_bias=not batch_norm, kernel_initializer="he_normal", name=name
            )(x)
            if batch_norm:
                x = layers.BatchNormalization(momentum=0.9, epsilon=_EPSILON, name=f"{name}_bn")(x)
            x = layers.ReLU(name=f"{name}_relu")(x)
        x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    sides = 2 if inputs.shape[2] == 2 * inputs.shape[1] else 1
    x = layers.AveragePooling2D((x.shape[1], x.shape[2] // sides), name="pool")(x)
    return layers.Flatten(name="flatten")(x)  # obverse before reverse


def network(height: int, width: int, batch_norm: bool, seed: int = 0, channels: int = 3) -> tf.keras.Model:
    """Float32 (n, height, width, channels) → `pooled`, with the initial weights of this seed, which are training's too."""
    tf.keras.utils.set_random_seed(seed)
    inputs = layers.Input((height, width, channels), name="input")
    return tf.keras.Model(inputs, pooled(inputs, batch_norm), name="vgg16")


def load(model: tf.keras.Model, weights: str | None, digest: str | None, section: str) -> None:
    """Set the convolutions from `imagenet`, an `.h5` of Keras applications' VGG16 or an `.npz` of our own; None: leave them.

    A file's SHA-256 must be `digest`, which stands in this section of the configuration. Raises InputError naming the file
    where it is missing, another, or not weights.
    """
    if weights is None:
        return
    if weights == "imagenet":
        fill(model, _imagenet(section), "imagenet")
    else:
        fill(model, files.read(Path(weights), digest, section), weights)


def fill(model: tf.keras.Model, arrays: Arrays, where: str) -> None:
    """Set what the convolutions have. A bias given to a normalised network becomes its shift: the same function."""
    used = 0
    for layer in model.layers:
        known = [name for name in _variables(layer) if f"{layer.name}/{name}" in arrays]
        if not layer.name.startswith("block") or not known:
            continue
        if (bias := arrays.get(f"{layer.name}/bias")) is not None and not getattr(layer, "use_bias", True):
            _shift(model.get_layer(f"{layer.name}_bn"), bias)
        values = dict(zip(_variables(layer), layer.get_weights(), strict=True))
        for name in known:
            if arrays[f"{layer.name}/{name}"].shape != values[name].shape:
                raise InputError(
                    f"{where}: {layer.name}/{name} is {arrays[f'{layer.name}/{name}'].shape}, VGG16's is "
                    f"{values[name].shape}"
                )
            values[name] = arrays[f"{layer.name}/{name}"]
        layer.set_weights(list(values.values()))
        used += isinstance(layer, layers.Conv2D)
    if used != sum(map(len, BLOCKS)):
        raise InputError(
            f"{where}: holds {used} of the 13 convolutions of VGG16 (block1_conv1 …); it is no weights file of it"
        )


def names_of(model: tf.keras.Model) -> list[str]:
    """`layer/variable` of every weight, in the order of `model.get_weights()`."""
    return [f"{layer.name}/{name}" for layer in model.layers for name in _variables(layer)]


def settle(precision: str, threads: int) -> None:
    """How TensorFlow works in a Spark worker: with so many threads, since there is a worker for each core already."""
    with contextlib.suppress(RuntimeError):  # a process that has used TensorFlow before keeps its threads
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.keras.mixed_precision.set_global_policy(precision)


def _imagenet(section: str) -> Arrays:
    try:
        given = tf.keras.applications.VGG16(include_top=False, weights="imagenet")
    except Exception as error:  # Keras raises a bare Exception where it cannot download
        raise InputError(
            f"{section}.weights: imagenet: Keras cannot get the weights here ({error}); name a file of them "
            f"({section}.weights and {section}.weights_sha256) instead"
        ) from None
    return {weight.name.replace(":0", ""): weight.numpy() for weight in given.weights}


def _variables(layer: tf.keras.layers.Layer) -> list[str]:
    """Names of a layer's own variables, in the order of its `get_weights()`."""
    return [weight.name.split("/")[-1].split(":")[0] for weight in layer.weights]


def _shift(norm: tf.keras.layers.Layer, bias: np.ndarray[Any, Any]) -> None:
    values = dict(zip(_variables(norm), norm.get_weights(), strict=True))
    values["beta"] = bias
    values["gamma"] = np.full_like(
        bias, np.sqrt(1 + _EPSILON)
    )  # stored mean 0, variance 1: then it is x + bias exactly
    norm.set_weights(list(values.values()))
