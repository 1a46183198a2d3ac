"""The stage `deepcluster`: pictures → a network that has learnt from them alone, its rounds.

It stands among the trainings, whose launcher, feed and checkpoints it uses; what looks at pictures with its network finds it
in the table `networks`. A network that is trained already is known by what went into it and is never trained twice.
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
from coinspark.training import export, launch, record, shards
from coinspark.training.deepcluster.recipe import Job
from coinspark.training.shards import Shards
from coinspark.vision import features_stage, network
from coinspark.vision.feature_network import source_layer
from coinspark.vision.features_stage import select_images
from coinspark.warehouse import schemas
from coinspark.warehouse.locations import local_folder

_MARKER = "network.json"
_ROUND = ("round", "clusters", "sizes", "nmi", "inertia", "loss")


def build(context: Context) -> Mapping[str, DataFrame | Change]:
    """{"networks": one row, "rounds": a row a round}; the network lies below `<warehouse>/networks/<network>/`.

    Raises InputError without pictures, TrainingError where a worker died: the last whole round stays for the next run.
    """
    row = _trained(context, export_pictures(context))
    rounds = [(row["network"], *(one[name] for name in _ROUND)) for one in row["history"]]
    return {
        schemas.NETWORKS.name: context.spark.createDataFrame(
            [tuple(row[name] for name in schemas.NETWORKS.columns)], schemas.NETWORKS.ddl
        ),
        schemas.ROUNDS.name: context.spark.createDataFrame(rounds, schemas.ROUNDS.ddl),
    }


def export_pictures(context: Context) -> Shards:
    """The pictures as shards of one class, each picture once, whichever coins it shows."""
    config = context.config
    number = shards.number(config.training.shards, launch.workers(config.training))
    splits = context.read("splits") if config.features.split else None
    wanted = select_images(config, context.read("coins"), splits)
    order = [F.xxhash64(F.lit(config.seed).cast("bigint"), "image_id"), F.col("image_id")]
    place = F.row_number().over(Window.orderBy(*order)) - 1
    known = {
        "split": F.lit("train"),
        "class": F.lit("picture"),
        "coin_id": F.col("image_id"),
        "medium": F.lit(""),
    }
    picked = wanted.withColumns({"place": place, **known}).withColumn("shard", F.col("place") % number)
    label = {"label": F.lit(0), "type": F.lit(-1)}
    sized = context.read("images").where(F.col("size") == config.image_size).select("image_id", "jpeg")
    rows = (
        picked.join(sized, "image_id").withColumns(label).select("split", "shard", "place", *shards.COLUMNS)
    )
    return export.stored(rows, picked, (["picture"], []), number, context.scratch / "shards")


def _trained(context: Context, held: Shards) -> dict[str, Any]:
    """The row of the network, trained now or before, with its history."""
    config, plan = context.config, context.config.deepcluster
    precision = network.precision(config.training.precision)
    size = config.image_size, config.image_width
    settings = {
        "seed": config.seed,
        "deepcluster": plan.model_dump(mode="json", exclude={"weights"}),
        "workers": launch.workers(config.training),
        "network": {
            "architecture": {"batch_norm": True},
            "edges": plan.input_filter,
            "precision": precision,
            "picture": {"height": size[0], "width": size[1], "convention": network.convention(plan.weights)},
        },
    }
    code = code_version(Job.program)
    name = f"deepcluster-{digest([settings, held.digest, code])[:12]}"
    folder = local_folder(config) / "networks" / name
    if (row := record.finished(folder, _MARKER)) is not None:
        context.say(f"{name} is trained already")
        return row
    context.say(f"{name}: {sum(held.rows['train']):,} pictures, {plan.rounds} rounds of {plan.k} clusters")
    job = Job(str(folder), held, *size, plan, config.training, config.seed, precision)
    result = launch.run(job, context.spark, lambda line: context.say(f"{name}  {line}"))
    return record.finish(
        folder,
        _MARKER,
        {
            "network": name,
            "config": json.dumps(settings, sort_keys=True),
            "code": code,
            "inputs": json.dumps({"shards": held.digest, "rows": held.rows["train"]}, sort_keys=True),
            "weights": f"networks/{name}/{record.WEIGHTS}",
            "sha256": result["sha256"],
            "history": result["history"],
        },
    )


def _settings(config: Config) -> Any:
    t = config.training
    return {
        "deepcluster": config.deepcluster,
        "mints": config.features.mints,
        "split": config.features.split,
        "layer": source_layer(config),
        "size": config.image_size,
        "shape": config.ingest.shape,
        "seed": config.seed,
        "workers": launch.workers(t),
        "shards": t.shards,
        "feed": t.feed,
    }


def _outside(config: Config) -> Any:
    """The weights to begin with count by the hash that they must have; `auto` precision by what this processor makes of it."""
    return {
        "weights": config.deepcluster.weights_sha256,
        "precision": network.precision(config.training.precision),
    }


def _reads(config: Config) -> tuple[str, ...]:
    return ("coins", "images", *(("splits",) if config.features.split else ()))


def _scheduled(config: Config) -> bool:
    return features_stage.scheduled(config) and config.features.weights == "deepcluster"


STAGE = Stage(
    name="deepcluster",
    help="A network trained on the images alone, in rounds of clustering (DeepCluster).",
    reads=_reads,
    writes=(schemas.NETWORKS.name, schemas.ROUNDS.name),
    settings=_settings,
    build=build,
    outside=_outside,
    scheduled=_scheduled,
)
