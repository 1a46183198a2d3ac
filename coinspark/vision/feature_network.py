"""Selection of the network whose features are computed: of a run, of DeepCluster, of a file, or untrained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.pipeline.stage import Context
from coinspark.vision import weights
from coinspark.vision.backbones import BACKBONES
from coinspark.vision.backbones.backbone import IMAGENET, has_batch_norm, weight_arrays
from coinspark.vision.network import ImageSpec, Network, resolve_precision
from coinspark.warehouse.files import Location
from coinspark.warehouse.locations import warehouse_location

_OTHER_WEIGHTS = "or choose other weights (imagenet, a file, or null for untrained weights)"


def select_network(context: Context) -> Network:
    """The network of `features.weights`, with its weights file checked by hash.

    Raises InputError if the table of runs or networks has none, or the file is missing, changed or not of the
    backbone.
    """
    config = context.config
    match config.features.weights:
        case "run":
            return _of_run(config, context.read("runs"))
        case "deepcluster":
            return _of_deepcluster(config, context.read("networks"))
        case None | "imagenet":
            return _stored_in_scratch(context)
        case file:
            return _of_file(context, Path(file))


def source_layer(config: Config) -> str:
    """The layer whose run and whose splits the stage uses: `features.layer`, or the first layer."""
    return config.features.layer or config.layers[0].name


def network_settings(config: Config) -> Any:
    """Settings that decide the vectors, for the stage `features` and the stages that use its table."""
    features = config.features.model_dump(mode="json", exclude={"scheduled", "batch", "chunk"})
    return {
        "features": features,
        "backbone": config.training.model,
        "layer": source_layer(config),
        "size": config.image_size,
        "shape": config.ingest.shape,
        "seed": config.seed,
    }


def _of_run(config: Config, runs: DataFrame) -> Network:
    """The network of fold 0 of the layer's newest run."""
    layer = source_layer(config)
    networks = runs.where((F.col("layer") == layer) & (F.col("fold") == 0) & (F.col("role") == "network"))
    row = networks.orderBy("run_id").first()  # `runs` has only the newest run of each layer and fold
    if row is None:
        raise InputError(
            f"features.weights: layer {layer!r} has no run; train it first (`coinspark train`), "
            f"{_OTHER_WEIGHTS}"
        )
    return _recorded(config, row, row["model"])


def _of_deepcluster(config: Config, networks: DataFrame) -> Network:
    row = networks.orderBy("network").first()  # `networks` has only the newest one
    if row is None:
        raise InputError(
            "features.weights: deepcluster: the table `networks` is empty; train a network first (`coinspark "
            "deepcluster`), "
            f"{_OTHER_WEIGHTS}"
        )
    return _recorded(config, row, json.loads(row["config"])["network"]["backbone"])


def _recorded(config: Config, row: Row, backbone: str) -> Network:
    """The network of a row of `runs` or `networks`."""
    file = warehouse_location(config) / row["weights"]
    weights.check_hash(file, row["sha256"])
    settings = json.loads(row["config"])["network"]
    return Network(
        weights=str(file),
        sha256=row["sha256"],
        image=ImageSpec(**settings["image"]),
        backbone=backbone,
        batch_norm=settings["architecture"]["batch_norm"],
        precision=resolve_precision(config.features.precision),
        edges=settings.get("edges", "none"),
        access=file.access,
    )


def _of_file(context: Context, file: Path) -> Network:
    """The network of a weights file. Loads the file once on the driver, so that an error is reported once.

    Workers that do not share a disk with the driver read a copy in the warehouse.
    """
    config = context.config
    backbone, image = BACKBONES[config.training.model], _image_spec(config)
    arrays = weights.read(file, config.features.weights_sha256)
    batch_norm = has_batch_norm(arrays)
    backbone.fill(backbone.network(image.height, image.width, batch_norm), arrays, str(file))
    stored = Location.of(file.resolve())
    if context.scratch.local is None:
        stored = context.scratch / f"weights{file.suffix}"
        stored.upload(file)
    return Network(
        weights=str(stored),
        sha256=str(config.features.weights_sha256).lower(),
        image=image,
        backbone=config.training.model,
        batch_norm=batch_norm,
        precision=resolve_precision(config.features.precision),
        access=stored.access,
    )


def _stored_in_scratch(context: Context) -> Network:
    """Untrained or ImageNet weights, written to a file: workers load all weights by hash."""
    config = context.config
    backbone, image = BACKBONES[config.training.model], _image_spec(config)
    arrays = backbone.imagenet("features") if config.features.weights == IMAGENET else None
    batch_norm = arrays is None or has_batch_norm(arrays)
    model = backbone.network(image.height, image.width, batch_norm, config.seed)
    if arrays is not None:
        backbone.fill(model, arrays, IMAGENET)
    file = context.scratch / "weights.npz"
    with file.written() as path:
        sha256 = weights.save(weight_arrays(model), path)
    return Network(
        weights=str(file),
        sha256=sha256,
        image=image,
        backbone=config.training.model,
        batch_norm=batch_norm,
        precision=resolve_precision(config.features.precision),
        access=file.access,
    )


def _image_spec(config: Config) -> ImageSpec:
    convention = BACKBONES[config.training.model].convention(config.features.weights)
    return ImageSpec(config.image_size, config.image_width, convention)
