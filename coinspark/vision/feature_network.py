"""Which network `features` names: a run's, DeepCluster's, ImageNet's, a file's or an untrained one; weights by their hash."""

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
from coinspark.vision.network import Network, Picture, convention, precision
from coinspark.warehouse.locations import local_folder


def network_of(context: Context) -> Network:
    """The network that the configuration asks for, its weights checked by their hash."""
    config, asked = context.config, context.config.features
    if asked.weights == "run":
        return _of_run(config, context.read("runs"))
    if asked.weights == "deepcluster":
        return _of_deepcluster(config, context.read("networks"))
    picture = Picture(config.image_size, config.image_width, convention(asked.weights))
    if asked.weights is None or asked.weights == "imagenet":
        return _made_here(context, picture)
    return _of_file(config, Path(asked.weights), picture)


def layer_of(config: Config) -> str:
    """The layer whose run and whose split are meant: `features.layer`, or the first."""
    return config.features.layer or config.layers[0].name


def _of_run(config: Config, runs: DataFrame) -> Network:
    layer = layer_of(config)
    row = (
        runs.where((F.col("layer") == layer) & (F.col("fold") == 0) & (F.col("role") == "network"))
        .orderBy("run_id")
        .first()
    )
    if row is None:  # `runs` holds a layer's newest run of each fold, and no older one
        raise InputError(
            f"features.weights: there is no run of layer {layer!r} to take weights from; train it first "
            "(`coinspark train`), or name other weights (imagenet, a file, null: untrained)"
        )
    return _recorded(config, row)


def _of_deepcluster(config: Config, networks: DataFrame) -> Network:
    row = networks.orderBy("network").first()  # `networks` holds the newest, and no older one
    if row is None:
        raise InputError(
            "features.weights: deepcluster: no network has learnt from the pictures alone yet; train it "
            "first (`coinspark deepcluster`), or name other weights (imagenet, a file, null: untrained)"
        )
    return _recorded(config, row)


def _recorded(config: Config, row: Row) -> Network:
    """The network of a row of `runs` or `networks`, its file's hash checked."""
    file = local_folder(config) / row["weights"]
    weights.check_hash(file, row["sha256"], "features")
    told = json.loads(row["config"])["network"]
    return Network(
        str(file),
        row["sha256"],
        Picture(**told["picture"]),
        told["architecture"]["batch_norm"],
        precision(config.features.precision),
        told.get("edges", "none"),
    )


def _of_file(config: Config, file: Path, picture: Picture) -> Network:
    """Tried here first: what is wrong with a file is said once, not by every worker."""
    from coinspark.vision.backbones import vgg16

    held = weights.read(file, config.features.weights_sha256, "features")
    normalised = "block1_conv1_bn/gamma" in held
    vgg16.fill(vgg16.network(picture.height, picture.width, normalised), held, str(file))
    return Network(
        str(file.resolve()),
        str(config.features.weights_sha256).lower(),
        picture,
        normalised,
        precision(config.features.precision),
    )


def _made_here(context: Context, picture: Picture) -> Network:
    """Untrained weights, or ImageNet's, which lie in no file yet: written to scratch, so that workers load all by hash."""
    from coinspark.vision.backbones import vgg16

    given = context.config.features.weights
    model = vgg16.network(picture.height, picture.width, given is None, context.config.seed)
    vgg16.load(model, given, None, "features")
    file = context.scratch / "weights.npz"
    digest = weights.save(dict(zip(vgg16.names_of(model), model.get_weights(), strict=True)), file)
    return Network(str(file), digest, picture, given is None, precision(context.config.features.precision))


def settings(config: Config) -> Any:
    """What decides whose features there are, for the stages that make them or build on them."""
    asked = config.features.model_dump(mode="json", exclude={"nightly", "batch", "chunk"})
    return {
        "features": asked,
        "layer": layer_of(config),
        "size": config.image_size,
        "shape": config.ingest.shape,
        "seed": config.seed,
    }
