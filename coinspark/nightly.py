"""The whole chain, once a night: every stage that must run, one tag over all tables, one report."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from coinspark import lock, schemas, stage, tables
from coinspark.classes import split_stage
from coinspark.classes import stage as classes
from coinspark.config import Config
from coinspark.entities import stage as entities
from coinspark.evaluation import report
from coinspark.evaluation import stage as evaluation
from coinspark.ingest import stage as ingest
from coinspark.progress import progress, say
from coinspark.session import local_folder, start
from coinspark.training import stage as training
from coinspark.training.deepcluster import stage as deepcluster
from coinspark.vision import clusters
from coinspark.vision import stage as vision

STAGES: dict[str, stage.Stage] = {one.name: one for one in (
    ingest.STAGE, entities.STAGE, deepcluster.STAGE, vision.STAGE, clusters.STAGE, classes.STAGE, split_stage.STAGE,
    training.STAGE, evaluation.STAGE,
)}


_TEXTS, _TRAINING = ("ingest", "entities"), ("classes", "splits", "train")


def chain(config: Config) -> tuple[str, ...]:
    """The stages of a night in their order.

    Where a layer is of clusters, features and clusters come before the classes; else features come last and only where the
    configuration asks for them.
    """
    if config.clustered:
        return (*_TEXTS, *_seeing(config), "clusters", *_TRAINING, "evaluate")
    return (*_TEXTS, *_TRAINING, *(_seeing(config) if config.features.nightly else ()), "evaluate")


def up_to(config: Config, name: str) -> tuple[str, ...]:
    """A stage and those of the chain that it waits for."""
    if name == "deepcluster":
        return ("ingest", name)
    if name == "features":  # up to the pictures, the split or the run that it is told to use
        last = "train" if config.features.weights == "run" else "splits" if config.features.split else "ingest"
        plain = (*_TEXTS, *_TRAINING)
        return (*plain[:plain.index(last) + 1], *_seeing(config))
    if name == "clusters":
        return (*up_to(config, "features"), name)
    names = [one for one in chain(config) if config.clustered or one not in _seeing(config)]
    return tuple(names[:names.index(name) + 1])


def _seeing(config: Config) -> tuple[str, ...]:
    return ("deepcluster", "features") if config.features.weights == "deepcluster" else ("features",)


def run_stages(config: Config, names: tuple[str, ...], force: bool = False) -> SparkSession:
    """Run these stages in the chain's order, each only if something that it depends on has changed."""
    with lock.hold(local_folder(config)):
        spark = start(config)
        _run(spark, config, names, force)
    return spark


def run_night(config: Config, force: bool = False) -> Path:
    """Run the chain, tag the night over all tables, write the report; the report's path.

    A night with nothing new gets no tag of its own: the last one stands. A night that dies leaves the last one standing,
    and the next run takes up what was finished.
    """
    with lock.hold(local_folder(config)):
        spark, began = start(config), time.monotonic()
        ran = _run(spark, config, chain(config), force)
        night = tables.latest_night(spark, config)
        if ran or night is None or not _is_complete(spark, config, night):
            night = _tag(spark, config)
        else:
            say(f"nothing new since {night}  ({time.monotonic() - began:.1f} s)")
        path = local_folder(config) / "reports" / f"{night}.html"
        if not path.exists():
            report.write_report(lambda name: tables.read(spark, config, name, tag=night), config, path, night)
    return path


def read_at(spark: SparkSession, config: Config, night: str | None) -> Callable[[str], DataFrame]:
    """A reader of the tables as they were in a night; of the published tables when `night` is None."""
    return lambda name: tables.read(spark, config, name, tag=night)


def _run(spark: SparkSession, config: Config, names: tuple[str, ...], force: bool) -> bool:
    tables.create(spark, config)
    ran = [stage.run(spark, config, STAGES[name], say, progress, force) for name in names]
    if any(ran):
        tables.replace_views(spark, config)
    return any(ran)


def _tagged() -> tuple[str, ...]:
    return tuple(name for name in schemas.TABLES if name != schemas.NIGHTS.name)


def _tag(spark: SparkSession, config: Config) -> str:
    """Tag every table, then write the night's row: the row is what makes the night one that readers may use."""
    taken = {row["night"] for row in tables.read(spark, config, schemas.NIGHTS.name).select("night").collect()}
    today = f"night_{date.today():%Y%m%d}"
    night = next(name for name in (today, *(f"{today}_{n}" for n in range(2, 10_000))) if name not in taken)
    snapshots = {name: tables.snapshot(spark, config, name) for name in _tagged()}
    tables.tag(spark, config, night, snapshots)
    tables.append(spark, config, schemas.NIGHTS.name, [(night, datetime.now(UTC), json.dumps(snapshots, sort_keys=True))])
    say(f"published {night}")
    return night


def _is_complete(spark: SparkSession, config: Config, night: str) -> bool:
    """Whether the published tables are those of this night: not so after a run that died before its tag."""
    row = tables.read(spark, config, schemas.NIGHTS.name).where(F.col("night") == night).collect()[0]
    return all(tables.snapshot(spark, config, name) == at for name, at in json.loads(row["snapshots"]).items())
