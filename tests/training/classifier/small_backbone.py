"""A backbone outside coinspark: two convolutions."""

from __future__ import annotations

from typing import Any

from coinspark.core.errors import InputError
from coinspark.vision.backbones.backbone import Backbone


def build(inputs: Any, batch_norm: bool) -> Any:
    from tensorflow.keras import layers

    x = inputs
    for n, channels in enumerate((4, 8), 1):
        x = layers.Conv2D(channels, 3, 2, padding="same", activation="relu", name=f"conv{n}")(x)
    return x


def imagenet(section: str) -> dict[str, Any]:
    raise InputError(f"{section}.weights: there are no ImageNet weights for this network")


BACKBONE = Backbone(
    name="small",
    title="Small CNN",
    layers=("conv1", "conv2"),
    arrays=("conv1/kernel", "conv2/kernel"),
    build=build,
    convention=lambda weights: "standard",
    imagenet=imagenet,
)
