"""The settings that decide the result of the stage `train`: of the stage, of a run, and of its network."""

from __future__ import annotations

from typing import Any

from coinspark.config import Config
from coinspark.training import launch
from coinspark.vision.backbones import BACKBONES
from coinspark.vision.backbones.backbone import initial_weights
from coinspark.vision.network import resolve_precision

_NO_WEIGHTS = (
    "weights",
    "weights_sha256",
    "launch",
    "workers",
    "interface",
    "feed",
    "prediction_views",
    "precision",
)
"""Keys of the section `training` that do not decide the weights, or that count in another form."""
_NOT_IN_RUN_ID = (
    *_NO_WEIGHTS,
    "layers",
    "baselines",
    "size",
    "shards",
    "auxiliary_types",
    "max_images_per_class",
)


def layers(config: Config) -> tuple[str, ...]:
    """Names of the layers to train."""
    return config.training.layers or tuple(layer.name for layer in config.layers)


def stage_settings(config: Config) -> Any:
    """Settings that decide the rows of `runs`."""
    return {
        "training": config.training.model_dump(mode="json", exclude={*_NO_WEIGHTS, "size", "layers"}),
        "workers": launch.worker_count(config.training),
        "size": config.image_size,
        "shape": config.ingest.shape,
        "seed": config.seed,
        "reference": config.reference_layer,
        "layers": layers(config),
    }


def outside(config: Config) -> Any:
    """Weights files count by their hash, and `auto` precision depends on the processor."""
    return {
        "weights": initial_weights(config.training),
        "precision": resolve_precision(config.training.precision),
    }


def network_settings(config: Config, classes: int, precision: str) -> dict[str, Any]:
    """What predictions and features need to rebuild the network and to prepare its images."""
    training = config.training
    size = {"height": config.image_size, "width": config.image_width}
    return {
        "architecture": {
            "model": training.model,
            **size,
            "classes": classes,
            "batch_norm": training.batch_norm,
            "head_units": list(training.head_units),
            "dropout": training.dropout,
            "seed": config.seed,
        },
        "image": {**size, "convention": BACKBONES[training.model].convention(training.weights)},
        "precision": precision,
    }


def weights_settings(config: Config) -> dict[str, Any]:
    """The settings of the section `training` that decide the weights, and the number of workers.

    A weights file counts by its hash. `launch` and `feed` change how a training runs, not its result.
    Architecture, image size and precision are recorded with the network, and limits of images, types and
    shards with the shards.
    """
    training = config.training
    recorded = training.model_dump(mode="json", exclude=set(_NOT_IN_RUN_ID))
    return {**recorded, "initial": initial_weights(training), "workers": launch.worker_count(training)}
