"""A backbone with one convolution. It also replaces VGG16 in tests that are not about the network."""

from __future__ import annotations

from typing import Any

from coinspark.core.errors import InputError
from coinspark.vision.backbones.backbone import Backbone
from coinspark.vision.weights import Arrays


def build(inputs: Any, batch_norm: bool) -> Any:
    from tensorflow.keras import layers

    x = layers.Conv2D(16, 8, strides=4, padding="same", kernel_initializer="he_normal", name="toy_conv")(
        inputs
    )
    if batch_norm:
        x = layers.BatchNormalization(momentum=0.9, name="toy_conv_bn")(x)
    return layers.ReLU(name="toy_relu")(x)


def imagenet(section: str) -> Arrays:
    raise InputError(f"{section}.weights: imagenet: the toy backbone has no pretrained weights")


BACKBONE = Backbone(
    name="toy",
    title="Toy network",
    layers=("toy_conv", "toy_conv_bn", "toy_relu"),
    arrays=("toy_conv/kernel", "toy_conv/bias"),
    build=build,
    convention=lambda weights: "standard",
    imagenet=imagenet,
)
