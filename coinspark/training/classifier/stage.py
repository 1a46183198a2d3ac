"""The stage `train`: splits, coins, images → runs. A finished run is known by what went into it and is never trained twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.core.code_version import code_version
from coinspark.core.hashing import digest
from coinspark.pipeline.stage import Change, Context, Stage
from coinspark.training import baseline, launch, record, shards
from coinspark.training.classifier.recipe import Job
from coinspark.training.export import Want, export
from coinspark.training.shards import Shards
from coinspark.vision import network
from coinspark.warehouse import schemas
from coinspark.warehouse.locations import local_folder

_MARKER = "run.json"


@dataclass(frozen=True)
class Plan:
    """One fold of one layer: what was exported, and the mint of each class in label order."""

    layer: str
    fold: int
    shards: Shards
    mints: tuple[str, ...]


def build(context: Context) -> Mapping[str, DataFrame | Change]:
    """{"runs": a row a layer, fold and model}; the runs lie below `<warehouse>/runs/<run_id>/`, run.json written last."""
    config, rows = context.config, []
    splits = context.read("splits")
    folds = [(layer, fold) for layer in _layers(config) for fold in _folds(splits, layer)]
    for n, (layer, fold) in enumerate(folds, 1):
        plan = _export(context, splits, layer, fold)
        if config.training.baselines and layer == config.reference_layer:
            rows.append(_baseline_run(context, plan))
        rows.append(_train(context, plan, f"{layer} {n}/{len(folds)}"))
    return {
        "runs": context.spark.createDataFrame(
            [tuple(row[name] for name in schemas.RUNS.columns) for row in rows], schemas.RUNS.ddl
        )
    }


def _layers(config: Config) -> tuple[str, ...]:
    return config.training.layers or tuple(layer.name for layer in config.layers)


def _folds(splits: DataFrame, layer: str) -> list[int]:
    return sorted(
        row["fold"] for row in splits.where(F.col("layer") == layer).select("fold").distinct().collect()
    )


def _export(context: Context, splits: DataFrame, layer: str, fold: int) -> Plan:
    config = context.config
    files = shards.number(config.training.shards, launch.workers(config.training))
    want = Want(
        layer,
        fold,
        config.image_size,
        config.seed,
        files,
        config.training.max_images_per_class,
        config.training.auxiliary_types,
    )
    held = export(splits, context.read("coins"), context.read("images"), want, context.scratch / "shards")
    found = (
        splits.where((F.col("layer") == layer) & (F.col("fold") == fold))
        .groupBy("class", "mint")
        .count()
        .collect()
    )
    most: dict[str, tuple[int, str]] = {}
    for row in found:  # a type may be struck at several mints: it counts for the one with most of its coins
        most[row["class"]] = min(most.get(row["class"], (1, "")), (-row["count"], row["mint"]))
    return Plan(layer, fold, held, tuple(most[name][1] for name in held.classes))


def _train(context: Context, plan: Plan, what: str) -> dict[str, Any]:
    config = context.config
    size = config.image_size, config.image_width
    precision = network.precision(config.training.precision)
    settings = {
        "layer": plan.layer,
        "fold": plan.fold,
        "mints": plan.mints,
        "seed": config.seed,
        "training": config.training.model_dump(mode="json", exclude={"layers", "baselines", "weights"}),
        "network": _network(config, len(plan.shards.classes), size, precision),
    }
    run_id, code = _identity(plan, settings, Job.program)
    folder = local_folder(config) / "runs" / run_id
    if (row := record.finished(folder, _MARKER)) is not None:
        context.say(f"{run_id} is trained already")
        return row
    rows = {split: sum(n) for split, n in plan.shards.rows.items()}
    context.say(
        f"{run_id} ({what}): {rows['train']:,} to train, {rows['validation']:,} to validate, {len(plan.mints)} classes"
    )
    job = Job(str(folder), plan.shards, *size, config.training, config.seed, precision)
    result = launch.run(job, context.spark, lambda line: context.say(f"{run_id}  {line}"))
    metrics = {
        "train_rows": rows["train"],
        "epochs": result["epochs"],
        "best_epoch": result["best_epoch"],
        **(result["history"][result["best_epoch"] - 1] if result["best_epoch"] else {}),
    }
    return _finish(
        folder,
        plan,
        {
            "run_id": run_id,
            "model": "vgg16",
            "role": "network",
            "config": settings,
            "code": code,
            "history": result["history"],
            "metrics": metrics,
            "sha256": result["sha256"],
        },
    )


def _network(config: Config, classes: int, size: tuple[int, int], precision: str) -> dict[str, Any]:
    """What predicting must know to build the network again and to give it its pictures as it was trained with them."""
    t = config.training
    return {
        "architecture": {
            "height": size[0],
            "width": size[1],
            "classes": classes,
            "batch_norm": t.batch_norm,
            "head": list(t.head_units),
            "dropout": t.dropout,
            "seed": config.seed,
        },
        "picture": {"height": size[0], "width": size[1], "convention": network.convention(t.weights)},
        "precision": precision,
        "views": t.prediction_views,
    }


def _baseline_run(context: Context, plan: Plan) -> dict[str, Any]:
    settings = {
        "layer": plan.layer,
        "fold": plan.fold,
        "mints": plan.mints,
        "seed": context.config.seed,
        "model": baseline.MODEL,
    }
    run_id, code = _identity(plan, settings, baseline.__name__)
    folder = local_folder(context.config) / "runs" / run_id
    if (row := record.finished(folder, _MARKER)) is not None:
        return row
    context.say(f"{run_id}: the baseline, HOG of both sides and a linear SVM")
    sha256, metrics = baseline.train(plan.shards, folder / record.WEIGHTS, context.config.seed)
    return _finish(
        folder,
        plan,
        {
            "run_id": run_id,
            "model": baseline.MODEL,
            "role": "baseline",
            "config": settings,
            "code": code,
            "history": [],
            "metrics": metrics,
            "sha256": sha256,
        },
    )


def _identity(plan: Plan, settings: Mapping[str, Any], program: str) -> tuple[str, str]:
    """The run's id, of what went into it and nothing else, and the version of the code."""
    version = code_version(program)
    return f"{plan.layer}-{plan.fold}-{digest([settings, plan.shards.digest, version])[:12]}", version


def _finish(folder: Path, plan: Plan, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Mark the run as finished; the row of `runs`.

    The weights' place is relative to the warehouse's folder, so that the same build elsewhere has the same rows.
    """
    row = {
        **facts,
        "layer": plan.layer,
        "fold": plan.fold,
        "classes": list(plan.shards.classes),
        "inputs": json.dumps({"shards": plan.shards.digest, "rows": plan.shards.rows}, sort_keys=True),
        "weights": f"runs/{facts['run_id']}/{record.WEIGHTS}",
        **{name: json.dumps(facts[name], sort_keys=True) for name in ("config", "history", "metrics")},
    }
    return record.finish(folder, _MARKER, row)


def _settings(config: Config) -> Any:
    return {
        "training": config.training,
        "size": config.image_size,
        "shape": config.ingest.shape,
        "seed": config.seed,
        "reference": config.reference_layer,
        "layers": _layers(config),
    }


def _outside(config: Config) -> Any:
    """The weights file counts by the hash that it must have; `auto` precision by what this processor makes of it."""
    return {
        "weights": config.training.weights_sha256,
        "precision": network.precision(config.training.precision),
    }


STAGE = Stage(
    name="train",
    help="Trained classifiers, one per layer and fold, and the baselines.",
    reads=lambda config: ("splits", "coins", "images"),
    writes=("runs",),
    settings=_settings,
    build=build,
    outside=_outside,
)
