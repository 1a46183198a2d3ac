"""Backbones by name: the convolutional networks that `training.model` selects."""

from __future__ import annotations

from coinspark.core.registry import Registry
from coinspark.vision.backbones.backbone import Backbone

BACKBONES: Registry[Backbone] = Registry(
    "backbone",
    {
        "vgg16": "coinspark.vision.backbones.vgg16:BACKBONE",
        "efficientnet_lite0": "coinspark.vision.backbones.efficientnet_lite0:BACKBONE",
    },
    "coinspark.vision.backbones.backbone:Backbone",
)
