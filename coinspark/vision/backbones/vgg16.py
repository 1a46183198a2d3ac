"""VGG16 (Simonyan and Zisserman 2015) without its dense layers; layer names as in Keras applications.

Optionally with batch normalization after each convolution. Weights without it, such as those of ImageNet, are
converted: the bias of a convolution becomes the shift of its normalization, so that the network computes the
same function.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from coinspark.core.errors import InputError
from coinspark.vision.backbones.backbone import IMAGENET, Backbone
from coinspark.vision.weights import Arrays

BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Output channels of the convolutions of each block."""

CONVOLUTIONS = tuple(
    f"block{block}_conv{n}" for block, widths in enumerate(BLOCKS, 1) for n in range(1, len(widths) + 1)
)
_EPSILON = 1e-3


def build(inputs: Any, batch_norm: bool) -> Any:
    """Add 13 convolutions in 5 blocks; the last feature map has 512 channels and stride 32."""
    from tensorflow.keras import layers

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
    return x


def convention(weights: str | None) -> str:
    """`caffe` for ImageNet weights (`imagenet` or an .h5 file), `standard` for weights of this project."""
    return "standard" if weights is None or weights.endswith(".npz") else "caffe"


def _layers() -> tuple[str, ...]:
    names: list[str] = []
    for block, widths in enumerate(BLOCKS, 1):
        for n in range(1, len(widths) + 1):
            names += [f"block{block}_conv{n}{suffix}" for suffix in ("", "_bn", "_relu")]
        names.append(f"block{block}_pool")
    return tuple(names)


def _imagenet(section: str) -> Arrays:
    import tensorflow as tf

    try:
        model = tf.keras.applications.VGG16(include_top=False, weights=IMAGENET)
    except Exception as error:  # Keras raises a bare Exception if the download fails
        raise InputError(
            f"{section}.weights: imagenet: Keras cannot download the weights ({error}); set "
            f"{section}.weights and "
            f"{section}.weights_sha256 to a local file instead"
        ) from None
    return {weight.name.replace(":0", ""): weight.numpy() for weight in model.weights}


def _convert(arrays: Arrays, batch_norm: bool) -> Arrays:
    """Turn biases into the shift of batch normalization, if the network has it.

    With the initial moving mean 0 and variance 1, normalization divides by sqrt(1 + epsilon): gamma cancels
    it.
    """
    if not batch_norm:
        return arrays
    converted = dict(arrays)
    for name in CONVOLUTIONS:
        if (bias := arrays.get(f"{name}/bias")) is not None:
            converted[f"{name}_bn/beta"] = bias
            converted[f"{name}_bn/gamma"] = np.full_like(bias, np.sqrt(1 + _EPSILON))
    return converted


BACKBONE = Backbone(
    name="vgg16",
    title="VGG16",
    layers=_layers(),
    arrays=tuple(f"{name}/kernel" for name in CONVOLUTIONS),
    build=build,
    convention=convention,
    imagenet=_imagenet,
    convert=_convert,
)
