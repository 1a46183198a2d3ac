"""Interface of a backbone: a convolutional network without classifier, its weights and its input.

A classifier puts its head on the pooled feature vector:

    backbone = BACKBONES[config.training.model]
    tf.keras.utils.set_random_seed(seed)
    inputs = tf.keras.layers.Input((height, width, 3), name="input")
    x = backbone.features(inputs, batch_norm)                  # (n, channels × sides)
    model = tf.keras.Model(inputs, head(x))
    backbone.load(model, weights, weights_sha256, "training")  # layers of the head keep their values

`backbone.layers` are the layers up to which a classifier can be frozen, `backbone.convention(weights)` is the
input convention of these weights, `BACKBONES.module(name)` belongs into the code version, and
`BACKBONES[name].title` is the name in reports.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coinspark.config import DeepCluster, Training
from coinspark.core.errors import InputError
from coinspark.vision import weights as weight_files
from coinspark.vision.weights import Arrays

IMAGENET = "imagenet"
"""The value of a `weights` key that asks for weights pretrained on ImageNet."""


def initial_weights(settings: Training | DeepCluster) -> str | None:
    """The initial weights of a training, for run ids and fingerprints: a weights file counts by its hash."""
    return IMAGENET if settings.weights == IMAGENET else settings.weights_sha256


@dataclass(frozen=True)
class Backbone:
    """A convolutional network without classifier. Creating and registering one does not import TensorFlow.

    Attributes:
        name: Name in the registry and in the columns `model` of the tables.
        title: Name in reports.
        layers: Names of its Keras layers, from input to output. All other layers of a model belong to its
            head.
        arrays: Arrays (`layer/variable`) that a weights file must contain.
        build: `build(inputs, batch_norm)` adds the layers to a Keras tensor (n, height, width, channels of
            the image) and returns the last feature map (n, h, w, channels). It must create the layers in a
            fixed order: the order decides the initial weights of a seed. Raises ConfigError if it has no
            variant with this `batch_norm`.
        convention: Input convention for the value of a `weights` key, a key of `preprocess.CONVENTIONS`.
        imagenet: Returns the ImageNet weights; its argument is the configuration section for error messages.
            Raises InputError if they are not available.
        convert: `convert(arrays, batch_norm)` adapts arrays of another variant of the network, for example of
            one without batch normalization.
    """

    name: str
    title: str
    layers: tuple[str, ...]
    arrays: tuple[str, ...]
    build: Callable[[Any, bool], Any]
    convention: Callable[[str | None], str]
    imagenet: Callable[[str], Arrays]
    convert: Callable[[Arrays, bool], Arrays] = lambda arrays, batch_norm: arrays

    def features(self, inputs: Any, batch_norm: bool) -> Any:
        """Add the backbone and its pooling to a Keras tensor of images.

        Args:
            inputs: Keras tensor (n, height, width, channels of the image).

        Returns:
            Feature vectors (n, channels), or (n, 2 × channels) with the obverse first if images are twice as
            wide as high.
        """
        return pool_sides(
            self.build(inputs, batch_norm), sides=2 if inputs.shape[2] == 2 * inputs.shape[1] else 1
        )

    def network(self, height: int, width: int, batch_norm: bool, seed: int = 0, channels: int = 3) -> Any:
        """Keras model from float32 images (n, height, width, channels) to `features`, initialized by seed.

        A classifier with the same seed starts with the same weights.
        """
        import tensorflow as tf

        tf.keras.utils.set_random_seed(seed)
        inputs = tf.keras.layers.Input((height, width, channels), name="input")
        return tf.keras.Model(inputs, self.features(inputs, batch_norm), name=self.name)

    def load(self, model: Any, weights: str | None, sha256: str | None, section: str) -> None:
        """Set the weights of the backbone's layers in a model.

        Args:
            weights: None keeps the initial weights; `imagenet`; or a file, .npz of this project or .h5 of
                Keras.
            sha256: SHA-256 that the file must have.
            section: Section of the configuration, for error messages.

        Raises:
            InputError: The file is missing, has another hash, or does not fit this backbone.
        """
        if weights == IMAGENET:
            self.fill(model, self.imagenet(section), weights)
        elif weights is not None:
            self.fill(model, weight_files.read(Path(weights), sha256), weights)

    def fill(self, model: Any, arrays: Arrays, source: str) -> None:
        """Set the weights of the backbone's layers from named arrays; layers of the head keep theirs.

        `source` names the arrays in error messages. Raises InputError if an array is missing or has another
        shape.
        """
        own = [layer for layer in model.layers if layer.name in self.layers]
        arrays = self.convert(arrays, any(layer.name.endswith("_bn") for layer in own))
        for layer in own:
            values = dict(zip(_variables(layer), layer.get_weights(), strict=True))
            for variable in values:
                if (array := arrays.get(name := f"{layer.name}/{variable}")) is None:
                    continue
                if array.shape != values[variable].shape:
                    raise InputError(
                        f"{source}: {name} has the shape {array.shape}, {self.title} needs "
                        f"{values[variable].shape}"
                    )
                values[variable] = array
            layer.set_weights(list(values.values()))
        if missing := [name for name in self.arrays if name not in arrays]:
            raise InputError(
                f"{source}: not a weights file of {self.title}: {len(missing)} of {len(self.arrays)} arrays "
                f"are missing, such as {missing[0]}"
            )


def pool_sides(feature_map: Any, sides: int) -> Any:
    """Average a feature map (n, h, w, c) over each side of the coin: (n, sides × c), obverse first.

    With two sides, w must be even: the image height must be a multiple of the network's stride.
    """
    from tensorflow.keras import layers

    size = feature_map.shape[1], feature_map.shape[2] // sides
    return layers.Flatten(name="flatten")(layers.AveragePooling2D(size, name="pool")(feature_map))


def weight_names(model: Any) -> list[str]:
    """Names `layer/variable` of the weights of a Keras model, in the order of `model.get_weights()`."""
    return [f"{layer.name}/{variable}" for layer in model.layers for variable in _variables(layer)]


def weight_arrays(model: Any) -> Arrays:
    """The weights of a Keras model by name (see `weight_names`)."""
    return dict(zip(weight_names(model), model.get_weights(), strict=True))


def has_batch_norm(arrays: Arrays) -> bool:
    """Whether the arrays are of a network with batch normalization."""
    return any(name.endswith("_bn/gamma") for name in arrays)


def _variables(layer: Any) -> list[str]:
    """Names of a layer's own variables, in the order of its `get_weights()`."""
    return [weight.name.split("/")[-1].split(":")[0] for weight in layer.weights]
