"""VGG16 (Simonyan and Zisserman 2015) in tf.keras, its layers named as in Keras applications, and weights loaded by hash.

Only weights are ever read: HDF5 in the layout of Keras applications, or this project's own npz of named arrays. Never a
pickle, never a whole model (DESIGN section 6, fault 18).
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from coinspark.errors import ConfigError, InputError
from coinspark.hashes import file_hash

BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
_EPSILON = 1e-3
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
        self.count = self.add_weight(name="count", shape=(), dtype=tf.int64, trainable=False, initializer="zeros")

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        if not training or not self.rate:
            return inputs
        drawn = tf.random.stateless_uniform(tf.shape(inputs), seed=tf.stack([tf.cast(self.seed, tf.int64), self.count]))
        with tf.control_dependencies([self.count.assign_add(1)]):
            return tf.where(drawn >= self.rate, inputs / (1 - self.rate), tf.zeros_like(inputs))


def vgg16(shape: Architecture) -> tf.keras.Model:
    """Float32 images (n, height, width, 3) → float32 logits (n, classes), or of classes and then types (n, classes + types).

    He initialisation, batch normalisation after each convolution where asked for, the last maps averaged (each side's
    apart where the two stand 1:2 without bars), dense layers of `head`, dropout, and a last layer that starts at zero:
    the first loss is that of guessing.
    """
    tf.keras.utils.set_random_seed(shape.seed)
    x = inputs = layers.Input((shape.height, shape.width, 3), name="input")
    for block, widths in enumerate(BLOCKS, 1):
        for n, width in enumerate(widths, 1):
            name = f"block{block}_conv{n}"
            x = layers.Conv2D(width, 3, padding="same", use_bias=not shape.batch_norm, kernel_initializer="he_normal",
                              name=name)(x)
            if shape.batch_norm:
                x = layers.BatchNormalization(momentum=0.9, epsilon=_EPSILON, name=f"{name}_bn")(x)
            x = layers.ReLU(name=f"{name}_relu")(x)
        x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    sides = 2 if shape.width == 2 * shape.height else 1
    x = layers.AveragePooling2D((x.shape[1], x.shape[2] // sides), name="pool")(x)
    x = layers.Flatten(name="flatten")(x)  # obverse before reverse
    for n, width in enumerate(shape.head, 1):
        x = layers.Dense(width, activation="relu", kernel_initializer="he_normal", name=f"head{n}")(x)
    x = SeededDropout(shape.dropout, shape.seed, name="dropout")(x)
    logits = layers.Dense(shape.classes, kernel_initializer="zeros", name="logits")(x)
    if shape.types:
        types = layers.Dense(shape.types, kernel_initializer="zeros", name=_TYPES)(x)
        logits = layers.Concatenate(name="both")([logits, types])
    return tf.keras.Model(inputs, layers.Activation("linear", dtype="float32", name="float32")(logits), name="vgg16")


def freeze(model: tf.keras.Model, name: str | None) -> None:
    """Keep the weights of every layer up to the named one as they are; their normalisation uses what it has stored."""
    if name is None:
        return
    names = [layer.name for layer in model.layers]
    if name not in names:
        raise ConfigError(f"training.frozen_to: VGG16 has no layer {name!r}; there are {', '.join(names)}")
    for layer in model.layers[: names.index(name) + 1]:
        layer.trainable = False


def load_backbone(model: tf.keras.Model, weights: str | None, digest: str | None) -> None:
    """Set the convolutions from `imagenet`, an `.h5` of Keras applications' VGG16 or an `.npz` of our own; None: leave them.

    A file's SHA-256 must be `digest`. Raises InputError naming the file where it is missing, another, or not weights.
    """
    if weights is None:
        return
    if weights == "imagenet":
        given = tf.keras.applications.VGG16(include_top=False, weights="imagenet")
        _copy(model, {w.name.replace(":0", ""): w.numpy() for w in given.weights}, "imagenet")
    else:
        file = Path(weights)
        check_hash(file, digest)
        _copy(model, _read_npz(file) if file.suffix == ".npz" else _read_h5(file), weights)


def check_hash(file: Path, digest: str | None) -> None:
    """Stop unless the file's SHA-256 is the one that was stated; read in pieces, before anything parses it."""
    if digest is None:
        raise ConfigError(f"training.weights_sha256: missing; {file} is only loaded by its hash (sha256sum {file})")
    try:
        found = file_hash(file)
    except OSError as error:
        raise InputError(f"{file}: weights cannot be read ({error.strerror})") from None
    if found != digest.lower():
        raise InputError(f"{file}: SHA-256 is {found}, but {digest} was expected; the weights were not loaded")


def names_of(model: tf.keras.Model) -> list[str]:
    """`layer/variable` of every weight, in the order of `model.get_weights()`."""
    return [f"{layer.name}/{weight.name.split('/')[-1].split(':')[0]}" for layer in model.layers for weight in layer.weights]


def save_weights(model: tf.keras.Model, values: list[np.ndarray[Any, Any]], file: Path) -> str:
    """Write named arrays to an npz, atomically; the file's SHA-256. Equal weights give equal bytes.

    What tells types apart stays behind: it was there to learn with.
    """
    part = file.with_suffix(".part")
    kept = {name: value for name, value in zip(names_of(model), values, strict=True) if not name.startswith(f"{_TYPES}/")}
    with part.open("wb") as opened:
        np.savez(opened, **kept)
    part.replace(file)
    return file_hash(file)


def load_weights(model: tf.keras.Model, file: Path, digest: str) -> None:
    """Set every weight of the model from an npz of `save_weights`, checked by its hash first."""
    check_hash(file, digest)
    arrays = _read_npz(file)
    names = names_of(model)
    if set(names) != set(arrays):
        raise InputError(f"{file}: holds other layers than the model: {sorted(set(names) ^ set(arrays))[:4]}")
    model.set_weights([arrays[name] for name in names])


def _read_npz(file: Path) -> dict[str, np.ndarray[Any, Any]]:
    try:
        with np.load(file, allow_pickle=False) as opened:
            return {name: opened[name] for name in opened.files}
    except (ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{file}: is no npz of plain arrays ({error})") from None


def _read_h5(file: Path) -> dict[str, np.ndarray[Any, Any]]:
    import h5py  # type: ignore[import-untyped]

    arrays: dict[str, np.ndarray[Any, Any]] = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            layer, variable = name.split("/")[0], name.split("/")[-1].split(":")[0]
            old = {f"{layer}_W_1": "kernel", f"{layer}_b_1": "bias"}  # how Keras 1 named them, in the published file
            arrays[f"{layer}/{old.get(variable, variable)}"] = item[()]

    try:
        with h5py.File(file, "r") as opened:
            opened.visititems(visit)
    except OSError as error:
        raise InputError(f"{file}: is no HDF5 file of weights ({error})") from None
    return arrays


def _copy(model: tf.keras.Model, arrays: dict[str, np.ndarray[Any, Any]], where: str) -> None:
    """Set what the convolutions have. A bias given to a normalised network becomes its shift: the same function."""
    used = 0
    for layer in model.layers:
        known = [name for name in names_of_layer(layer) if f"{layer.name}/{name}" in arrays]
        if not layer.name.startswith("block") or not known:
            continue
        if (bias := arrays.get(f"{layer.name}/bias")) is not None and not getattr(layer, "use_bias", True):
            _shift(model.get_layer(f"{layer.name}_bn"), bias)
        values = dict(zip(names_of_layer(layer), layer.get_weights(), strict=True))
        for name in known:
            if arrays[f"{layer.name}/{name}"].shape != values[name].shape:
                raise InputError(f"{where}: {layer.name}/{name} is {arrays[f'{layer.name}/{name}'].shape}, VGG16's is "
                                 f"{values[name].shape}")
            values[name] = arrays[f"{layer.name}/{name}"]
        layer.set_weights(list(values.values()))
        used += isinstance(layer, layers.Conv2D)
    if used != sum(map(len, BLOCKS)):
        raise InputError(f"{where}: holds {used} of the 13 convolutions of VGG16 (block1_conv1 …); it is no weights file of it")


def names_of_layer(layer: tf.keras.layers.Layer) -> list[str]:
    """Names of a layer's own variables, in the order of its `get_weights()`."""
    return [weight.name.split("/")[-1].split(":")[0] for weight in layer.weights]


def _shift(norm: tf.keras.layers.Layer, bias: np.ndarray[Any, Any]) -> None:
    values = dict(zip(names_of_layer(norm), norm.get_weights(), strict=True))
    values["beta"] = bias
    values["gamma"] = np.full_like(bias, np.sqrt(1 + _EPSILON))  # stored mean 0, variance 1: then it is x + bias exactly
    norm.set_weights(list(values.values()))
