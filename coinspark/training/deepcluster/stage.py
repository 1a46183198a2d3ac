"""The stage `deepcluster`: coins, images → networks, rounds.

A finished network with the same input is reused.

The stage is in this package because it uses the launcher, the feed and the checkpoints of training. The
stage `features` uses its network through the table `networks`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.core.code_version import code_version
from coinspark.core.hashing import digest
from coinspark.pipeline.stage import Change, Context, Stage
from coinspark.pipeline.stored_files import weights_files
from coinspark.training import export, launch, run_folder, shards
from coinspark.training.deepcluster.recipe import DeepClusterJob
from coinspark.training.shards import ShardSet
from coinspark.vision import features_stage
from coinspark.vision.backbones import BACKBONES
from coinspark.vision.backbones.backbone import initial_weights
from coinspark.vision.feature_network import source_layer
from coinspark.vision.features_stage import select_images
from coinspark.vision.network import resolve_precision
from coinspark.warehouse import schemas
from coinspark.warehouse.local_frame import local_frame
from coinspark.warehouse.locations import warehouse_location

_ROUND = ("round", "clusters", "sizes", "nmi", "inertia", "loss")


def build(context: Context) -> Mapping[str, DataFrame | Change]:
    """Train the network.

    Returns:
        `networks`, one row, and `rounds`, one row per round. The files of the network are in
        `<warehouse>/networks/<network>/`.

    Raises:
        InputError: There are no images.
        TrainingError: A worker failed. The checkpoint of the last round is kept for the next run.
    """
    row = _train(context, export_images(context))
    networks = [tuple(row[name] for name in schemas.NETWORKS.columns)]
    rounds = [(row["network"], *(record[name] for name in _ROUND)) for record in row["history"]]
    return {
        schemas.NETWORKS.name: local_frame(context.spark, networks, schemas.NETWORKS.ddl),
        schemas.ROUNDS.name: local_frame(context.spark, rounds, schemas.ROUNDS.ddl),
    }


def export_images(context: Context) -> ShardSet:
    """Export the selected images as shards of a single class, each image once."""
    config = context.config
    count = shards.shard_count(config.training.shards, launch.worker_count(config.training))
    splits = context.read("splits") if config.features.split else None
    images = select_images(config, context.read("coins"), splits)
    position = F.row_number().over(Window.orderBy(*export.random_order(config.seed, "image_id"))) - 1
    constants = {
        "split": F.lit("train"),
        "class": F.lit("image"),
        "coin_id": F.col("image_id"),
        "medium": F.lit(""),
    }
    selection = images.withColumns({"position": position, **constants})
    selection = selection.withColumn("shard", F.col("position") % count)
    pixels = context.read("images").where(F.col("size") == config.image_size).select("image_id", "jpeg")
    labels = {"label": F.lit(0), "type": F.lit(-1)}
    rows = selection.join(pixels, "image_id").withColumns(labels)
    rows = rows.select("split", "shard", "position", *shards.COLUMNS)
    return export.write_shards(rows, selection, (["image"], []), count, context.scratch / "shards")


def _train(context: Context, shard_set: ShardSet) -> dict[str, Any]:
    """Train the network unless it is finished; its row of `networks`, and its history."""
    config, settings = context.config, _recorded_settings(context.config)
    code = code_version(*_modules(config))
    name = f"deepcluster-{digest([settings, shard_set.digest, code])[:12]}"
    published = warehouse_location(config) / "networks" / name
    folder = run_folder.training_folder(published, context.scratch, context.force)
    if (row := run_folder.finished_row(folder, run_folder.NETWORK_MARKER)) is not None:
        context.say(f"{name} is already trained")
        return row
    images = sum(shard_set.rows["train"])
    context.say(
        f"{name}: {images:,} images, {config.deepcluster.rounds} rounds, {config.deepcluster.k} clusters"
    )
    job = DeepClusterJob(
        folder=str(folder),
        shards=shard_set,
        height=config.image_size,
        width=config.image_width,
        settings=config.deepcluster,
        training=config.training,
        seed=config.seed,
        precision=resolve_precision(config.training.precision),
    )
    result = launch.run(job, context.spark, lambda line: context.say(f"{name}  {line}"), folder.access)
    row = {
        "network": name,
        "config": json.dumps(settings, sort_keys=True),
        "code": code,
        "inputs": json.dumps({"shards": shard_set.digest, "rows": shard_set.rows["train"]}, sort_keys=True),
        "weights": f"networks/{name}/{run_folder.WEIGHTS}",
        "sha256": result["sha256"],
        "history": result["history"],
    }
    return run_folder.mark_finished(folder, published, run_folder.NETWORK_MARKER, row)


def _recorded_settings(config: Config) -> dict[str, Any]:
    """Settings that decide the weights, and what the stage `features` needs to rebuild the network."""
    backbone, settings = config.training.model, config.deepcluster
    convention = BACKBONES[backbone].convention(settings.weights)
    return {
        "seed": config.seed,
        "deepcluster": settings.model_dump(mode="json", exclude={"weights"}),
        "initial": initial_weights(settings),
        "workers": launch.worker_count(config.training),
        "network": {
            "backbone": backbone,
            "architecture": {"batch_norm": True},
            "edges": settings.input_filter,
            "precision": resolve_precision(config.training.precision),
            "image": {"height": config.image_size, "width": config.image_width, "convention": convention},
        },
    }


def _settings(config: Config) -> Any:
    training = config.training
    return {
        "deepcluster": config.deepcluster,
        "backbone": training.model,
        "mints": config.features.mints,
        "split": config.features.split,
        "layer": source_layer(config),
        "size": config.image_size,
        "shape": config.ingest.shape,
        "seed": config.seed,
        "workers": launch.worker_count(training),
        "shards": training.shards,
    }


def _outside(config: Config) -> Any:
    """Weights files count by their hash, and `auto` precision depends on the processor."""
    return {
        "weights": initial_weights(config.deepcluster),
        "precision": resolve_precision(config.training.precision),
    }


def _reads(config: Config) -> tuple[str, ...]:
    return ("coins", "images", *(("splits",) if config.features.split else ()))


def _modules(config: Config) -> tuple[str, ...]:
    return DeepClusterJob.program, BACKBONES.module(config.training.model)


def _scheduled(config: Config) -> bool:
    return features_stage.scheduled(config) and config.features.weights == "deepcluster"


STAGE = Stage(
    name="deepcluster",
    help="Train a network on images alone (DeepCluster).",
    reads=_reads,
    writes=(schemas.NETWORKS.name, schemas.ROUNDS.name),
    settings=_settings,
    build=build,
    outside=_outside,
    modules=_modules,
    scheduled=_scheduled,
    files=weights_files("networks"),
)
