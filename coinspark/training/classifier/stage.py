"""The stage `train`: splits, coins, images → runs.

A finished run with the same input, settings and code is reused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.core.code_version import code_version
from coinspark.core.hashing import digest
from coinspark.pipeline.scratch import remove_others
from coinspark.pipeline.stage import Change, Context, Stage
from coinspark.pipeline.stored_files import weights_files
from coinspark.training import launch, run_folder, shards
from coinspark.training.baselines import BASELINES
from coinspark.training.classifier import run_settings
from coinspark.training.classifier.recipe import TrainingJob
from coinspark.training.export import ExportSpec, export
from coinspark.training.shards import ShardSet
from coinspark.training.split_digest import split_digests
from coinspark.vision.backbones import BACKBONES
from coinspark.vision.network import resolve_precision
from coinspark.warehouse import schemas
from coinspark.warehouse.files import Location
from coinspark.warehouse.local_frame import local_frame
from coinspark.warehouse.locations import warehouse_location

_MARKER, _SHARDS = "run.json", "shards"


@dataclass(frozen=True)
class FoldData:
    """The exported shards of one fold of one layer.

    Attributes:
        mints: The mint of each class, in label order.
        split: Digest of the fold's rows in the table `splits`.
    """

    layer: str
    fold: int
    shards: ShardSet
    mints: tuple[str, ...]
    split: str


@dataclass(frozen=True)
class Outcome:
    """Result of a training: SHA-256 hex of the weights file, metrics, and the metrics of each epoch."""

    sha256: str
    metrics: Mapping[str, Any]
    history: list[dict[str, float]]


@dataclass(frozen=True)
class ModelSpec:
    """A model to train on a fold.

    Attributes:
        model: Name of a backbone or of a baseline.
        role: `network` or `baseline`.
        settings: Everything besides shards and code that decides the weights, or that predictions need.
        modules: Modules whose code decides the weights.
        train: `train(run_id, folder)` writes `weights.npz` to the folder.
    """

    model: str
    role: str
    settings: Mapping[str, Any]
    modules: tuple[str, ...]
    train: Callable[[str, Location], Outcome]


def build(context: Context) -> Mapping[str, DataFrame | Change]:
    """Train each model on each fold of each layer.

    Returns:
        `runs`, one row per layer, fold and model. The files of a run are in `<warehouse>/runs/<run_id>/`;
        `run.json` is written last.
    """
    config, splits = context.config, context.read("splits")
    digests = split_digests(splits)
    rows = []
    folds = [fold for layer in run_settings.layers(config) for fold in sorted(digests) if fold[0] == layer]
    remove_others(context.scratch / _SHARDS, {f"{layer}-{fold}" for layer, fold in folds})
    for n, (layer, fold) in enumerate(folds, 1):
        data = _export(context, splits, layer, fold, digests[layer, fold])
        if config.training.baselines and layer == config.reference_layer:
            rows += [_run(context, data, spec) for spec in _baselines(context, data)]
        rows.append(_run(context, data, _network(context, data, f"{layer} {n}/{len(folds)}")))
    values = [tuple(row[name] for name in schemas.RUNS.columns) for row in rows]
    return {"runs": local_frame(context.spark, values, schemas.RUNS.ddl)}


def _export(context: Context, splits: DataFrame, layer: str, fold: int, split: str) -> FoldData:
    config, training = context.config, context.config.training
    spec = ExportSpec(
        layer=layer,
        fold=fold,
        size=config.image_size,
        seed=config.seed,
        shards=shards.shard_count(training.shards, launch.worker_count(training)),
        max_images_per_class=training.max_images_per_class,
        types=training.auxiliary_types,
    )
    shard_set = export(
        splits,
        context.read("coins"),
        context.read("images"),
        spec,
        context.scratch / _SHARDS / f"{layer}-{fold}",
    )
    mints = _mints(splits.where((F.col("layer") == layer) & (F.col("fold") == fold)))
    return FoldData(layer, fold, shard_set, tuple(mints[name] for name in shard_set.classes), split)


def _mints(split: DataFrame) -> dict[str, str]:
    """The mint of each class.

    A class of several mints (a type) gets the mint with most of its coins, ties by name.
    """
    best: dict[str, tuple[int, str]] = {}
    for row in split.groupBy("class", "mint").count().collect():
        best[row["class"]] = min(best.get(row["class"], (1, "")), (-row["count"], row["mint"]))
    return {name: mint for name, (_, mint) in best.items()}


def _run(context: Context, data: FoldData, spec: ModelSpec) -> dict[str, Any]:
    """Train a model unless its run is finished; the row of `runs`.

    A finished run has the same shards: only coins without an image can have changed their side since, and
    its row gets the present digest of the split. The path of the weights is relative to the warehouse, so
    that equal builds in two warehouses have equal rows.
    """
    code = code_version(*spec.modules)
    run_id = f"{data.layer}-{data.fold}-{digest([spec.settings, data.shards.digest, code])[:12]}"
    published = warehouse_location(context.config) / "runs" / run_id
    folder = run_folder.training_folder(published, context.scratch, context.force)
    inputs = _json({"shards": data.shards.digest, "rows": data.shards.rows, "split": data.split})
    if (row := run_folder.finished_row(folder, _MARKER)) is not None:
        context.say(f"{run_id} is already trained")
        return {**row, "inputs": inputs}
    outcome = spec.train(run_id, folder)
    row = {
        "run_id": run_id,
        "layer": data.layer,
        "fold": data.fold,
        "model": spec.model,
        "role": spec.role,
        "classes": list(data.shards.classes),
        "config": _json(spec.settings),
        "inputs": inputs,
        "code": code,
        "history": _json(outcome.history),
        "metrics": _json(outcome.metrics),
        "weights": f"runs/{run_id}/{run_folder.WEIGHTS}",
        "sha256": outcome.sha256,
    }
    return run_folder.mark_finished(folder, published, _MARKER, row)


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _network(context: Context, data: FoldData, progress: str) -> ModelSpec:
    """The network that the configuration selects; `progress` is shown before it is trained."""
    config, training = context.config, context.config.training
    precision = resolve_precision(training.precision)
    settings = {
        "layer": data.layer,
        "fold": data.fold,
        "mints": data.mints,
        "seed": config.seed,
        "training": run_settings.weights_settings(config),
        "network": run_settings.network_settings(config, len(data.shards.classes), precision),
    }

    def train(run_id: str, folder: Location) -> Outcome:
        rows = {split: sum(counts) for split, counts in data.shards.rows.items()}
        context.say(
            f"{run_id} ({progress}): {rows['train']:,} training images, "
            f"{rows['validation']:,} validation images, {len(data.mints)} classes"
        )
        size = config.image_size, config.image_width
        job = TrainingJob(str(folder), data.shards, *size, training, config.seed, precision)
        result = launch.run(job, context.spark, lambda line: context.say(f"{run_id}  {line}"), folder.access)
        best = result["best_epoch"]
        metrics = {
            "train_rows": rows["train"],
            "epochs": result["epochs"],
            "best_epoch": best,
            **(result["history"][best - 1] if best else {}),
        }
        return Outcome(result["sha256"], metrics, result["history"])

    modules = (TrainingJob.program, BACKBONES.module(training.model))
    return ModelSpec(training.model, "network", settings, modules, train)


def _baselines(context: Context, data: FoldData) -> Iterator[ModelSpec]:
    """The registered baselines."""
    for name, baseline in BASELINES.items():
        settings = {
            "layer": data.layer,
            "fold": data.fold,
            "mints": data.mints,
            "seed": context.config.seed,
            "model": name,
        }

        def train(run_id: str, folder: Location, baseline: Any = baseline) -> Outcome:
            context.say(f"{run_id}: baseline {baseline.title}")
            with (
                shards.local_copy(data.shards, folder.access) as local,
                (folder / run_folder.WEIGHTS).written() as file,
            ):
                sha256, metrics = baseline.train(local, file, context.config.seed)
            return Outcome(sha256, metrics, [])

        yield ModelSpec(name, "baseline", settings, (BASELINES.module(name),), train)


def _modules(config: Config) -> tuple[str, ...]:
    baselines = tuple(map(BASELINES.module, BASELINES)) if config.training.baselines else ()
    return BACKBONES.module(config.training.model), *baselines


STAGE = Stage(
    name="train",
    help="Train classifiers, one per layer and fold.",
    reads=lambda config: ("splits", "coins", "images"),
    writes=("runs",),
    settings=run_settings.stage_settings,
    build=build,
    outside=run_settings.outside,
    modules=_modules,
    files=weights_files("runs"),
)
