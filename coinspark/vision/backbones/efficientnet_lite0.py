"""EfficientNet-Lite0 without its classifier; layer names as in Keras' EfficientNet.

Tan and Le 2019, "EfficientNet"; the Lite variants (Liu 2020, TensorFlow blog) have no squeeze-and-excite and
use ReLU6. There is no dropout inside the network. Weights are 3.4 million numbers, a quarter of those of
VGG16.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from coinspark.core.errors import ConfigError, InputError
from coinspark.vision.backbones.backbone import Backbone
from coinspark.vision.weights import Arrays

STEM, TOP = 32, 1280
"""Channels of the first and of the last convolution."""


@dataclass(frozen=True)
class MBConvGroup:
    """A sequence of inverted residual blocks; the stride is that of the first block, the others have 1."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


GROUPS = (
    MBConvGroup(1, 3, 1, 1, 16),
    MBConvGroup(2, 3, 2, 6, 24),
    MBConvGroup(2, 5, 2, 6, 40),
    MBConvGroup(3, 3, 2, 6, 80),
    MBConvGroup(3, 5, 1, 6, 112),
    MBConvGroup(4, 5, 2, 6, 192),
    MBConvGroup(1, 3, 1, 6, 320),
)


@dataclass(frozen=True)
class MBConv:
    """One inverted residual block: expand by 1×1, depthwise convolution, project by 1×1."""

    name: str
    kernel: int
    stride: int
    expansion: int
    inputs: int
    outputs: int

    @property
    def residual(self) -> bool:
        """Whether the input is added to the output."""
        return self.stride == 1 and self.inputs == self.outputs


def blocks() -> Iterator[MBConv]:
    """The 16 blocks, in order."""
    inputs = STEM
    for number, group in enumerate(GROUPS, 1):
        for repeat in range(group.repeats):
            stride = group.stride if repeat == 0 else 1
            name = f"block{number}{'abcd'[repeat]}"
            yield MBConv(name, group.kernel, stride, group.expansion, inputs, group.channels)
            inputs = group.channels


def build(inputs: Any, batch_norm: bool) -> Any:
    """Add stem, 16 blocks and top convolution; the last feature map has 1,280 channels and stride 32."""
    from tensorflow.keras import layers

    if not batch_norm:
        raise ConfigError(
            "training.batch_norm: efficientnet_lite0 always has batch normalization; set the key to true"
        )
    x = _normalized(_convolution(STEM, 3, 2, "stem_conv")(inputs), "stem_bn", "stem_activation")
    for block in blocks():
        skip = x
        if block.expansion > 1:
            x = _convolution(block.inputs * block.expansion, 1, 1, f"{block.name}_expand_conv")(x)
            x = _normalized(x, f"{block.name}_expand_bn", f"{block.name}_expand_activation")
        x = layers.DepthwiseConv2D(
            block.kernel,
            block.stride,
            padding="same",
            use_bias=False,
            depthwise_initializer=_initializer(),
            name=f"{block.name}_dwconv",
        )(x)
        x = _normalized(x, f"{block.name}_bn", f"{block.name}_activation")
        x = _convolution(block.outputs, 1, 1, f"{block.name}_project_conv")(x)
        x = _normalized(x, f"{block.name}_project_bn")
        if block.residual:
            x = layers.Add(name=f"{block.name}_add")([skip, x])
    return _normalized(_convolution(TOP, 1, 1, "top_conv")(x), "top_bn", "top_activation")


def _initializer() -> Any:
    """Normal distribution with variance 2 / fan-out, as published."""
    from tensorflow.keras import initializers

    return initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")


def _convolution(channels: int, kernel: int, stride: int, name: str) -> Any:
    from tensorflow.keras import layers

    return layers.Conv2D(
        channels, kernel, stride, padding="same", use_bias=False, kernel_initializer=_initializer(), name=name
    )


def _normalized(x: Any, name: str, activation: str | None = None) -> Any:
    """Batch normalization, then ReLU6 if `activation` names that layer."""
    from tensorflow.keras import layers

    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-3, name=name)(x)
    return layers.ReLU(6.0, name=activation)(x) if activation else x


def _layers() -> Iterator[str]:
    yield from ("stem_conv", "stem_bn", "stem_activation")
    for block in blocks():
        if block.expansion > 1:
            yield from (f"{block.name}_expand_{part}" for part in ("conv", "bn", "activation"))
        yield from (
            f"{block.name}_{part}" for part in ("dwconv", "bn", "activation", "project_conv", "project_bn")
        )
        if block.residual:
            yield f"{block.name}_add"
    yield from ("top_conv", "top_bn", "top_activation")


def _arrays() -> Iterator[str]:
    for layer in _layers():
        if layer.endswith("_bn"):
            yield from (f"{layer}/{name}" for name in ("gamma", "beta", "moving_mean", "moving_variance"))
        elif layer.endswith("_dwconv"):
            yield f"{layer}/depthwise_kernel"
        elif layer.endswith("_conv"):
            yield f"{layer}/kernel"


def _imagenet(section: str) -> Arrays:
    raise InputError(
        f"{section}.weights: imagenet: there is no download for efficientnet_lite0; set {section}.weights to "
        "a file of "
        f"named arrays (.npz or .h5) and {section}.weights_sha256 to its hash"
    )


BACKBONE = Backbone(
    name="efficientnet_lite0",
    title="EfficientNet-Lite0",
    layers=tuple(_layers()),
    arrays=tuple(_arrays()),
    build=build,
    convention=lambda weights: "centered",
    imagenet=_imagenet,
)
