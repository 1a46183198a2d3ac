"""The nightly build: all stages in order, one tag over all tables, one report."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession

from coinspark.classes import stage as classes
from coinspark.classes.splits import stage as splits
from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.core.progress import say
from coinspark.entities import stage as entities
from coinspark.evaluation import stage as evaluation
from coinspark.ingest import stage as ingest
from coinspark.pipeline import graph
from coinspark.pipeline.run import run, why_outdated
from coinspark.pipeline.stage import Stage
from coinspark.training.classifier import stage as training
from coinspark.training.deepcluster import stage as deepcluster
from coinspark.vision import clusters_stage, features_stage
from coinspark.warehouse import attempts, builds, lease, tables
from coinspark.warehouse.attempts import Attempt
from coinspark.warehouse.files import Location
from coinspark.warehouse.locations import warehouse_location
from coinspark.warehouse.session import start

STAGES: tuple[Stage, ...] = (
    ingest.STAGE,
    entities.STAGE,
    deepcluster.STAGE,
    features_stage.STAGE,
    clusters_stage.STAGE,
    classes.STAGE,
    splits.STAGE,
    training.STAGE,
    evaluation.STAGE,
)
"""All stages. Where no table decides the order, they run in this one."""
_BY_NAME = {stage.name: stage for stage in STAGES}


@dataclass(frozen=True)
class Build:
    """A published build: its tag, the location of its report, and the session that reads it."""

    name: str
    report: Location
    spark: SparkSession


def run_build(config: Config, force: bool = False, verify_files: bool = False) -> Build:
    """Run every scheduled stage that is not up to date, tag the build over all tables, write the report.

    If nothing has changed, the newest build stays the newest and gets no second tag. Its report is written
    again if settings or code of the report have changed. A failed build leaves the previous one published;
    the next run resumes from what was finished.

    Args:
        force: Compute everything again.
        verify_files: Hash input photos and stored files, also where size and times are unchanged.
    """
    with attempts.recorded(config, "nightly") as attempt:
        _check_inputs(config, scheduled(config))
        spark, began = start(config), time.monotonic()
        with lease.hold(spark, config):
            attempts.begin(config, attempt)
            ran = _run(spark, config, scheduled(config), attempt, force, verify_files)
            return _publish(spark, config, attempt, ran, began)


def publish_build(config: Config, verify_files: bool = False) -> Build:
    """Tag the build over all tables and write the report, as `run_build` does, without running a stage.

    For schedulers that run each stage as a task of its own. If nothing has changed since the newest build,
    this is the result.

    Args:
        verify_files: Hash all stored files, such as weights, also where size and times are unchanged.

    Raises:
        InputError: A scheduled stage is not up to date. Nothing was published.
    """
    with attempts.recorded(config, "publish") as attempt:
        spark, began = start(config), time.monotonic()
        with lease.hold(spark, config):
            attempts.begin(config, attempt)
            tables.create(spark, config)
            for name in scheduled(config):
                attempts.enter(config, attempt, name)
                if reason := why_outdated(spark, config, _BY_NAME[name], verify_files):
                    raise InputError(
                        f"stage {name} is not up to date: {reason}; nothing was published. "
                        f"Run `coinspark {name}` with this configuration, then publish again"
                    )
            tables.replace_views(spark, config)
            return _publish(spark, config, attempt, False, began)


def _publish(spark: SparkSession, config: Config, attempt: Attempt, ran: bool, began: float) -> Build:
    """Tag the build unless the newest one is still current; write its report unless it is current.

    Args:
        ran: A stage has run since the newest build.
        began: Time of the monotonic clock at which the command began.
    """
    from coinspark.evaluation.report import fingerprint, page  # loads scikit-learn: not for every command

    attempts.enter(config, attempt, "publish")
    build = builds.latest(spark, config)
    if ran or build is None or not builds.is_current(spark, config, build):
        build = builds.publish(spark, config)
        say(f"published {build}")
    else:
        say(f"nothing new since {build}  ({time.monotonic() - began:.1f} s)")
    attempt.build = build
    attempts.enter(config, attempt, "report")
    report = warehouse_location(config) / "reports" / f"{build}.html"
    if not fingerprint.is_current(report, config, build):
        page.write_report(read_at(spark, config, build), config, report, build)
    return Build(build, report, spark)


def run_stages(
    config: Config, names: Sequence[str], force: bool = False, verify_files: bool = False
) -> SparkSession:
    """Run the stages of these names in the given order, each only if it is not up to date."""
    with attempts.recorded(config, names[-1]) as attempt:
        _check_inputs(config, names)
        spark = start(config)
        with lease.hold(spark, config):
            attempts.begin(config, attempt)
            _run(spark, config, names, attempt, force, verify_files)
    return spark


def run_up_to(config: Config, name: str, force: bool = False, verify_files: bool = False) -> SparkSession:
    """Run the stage of this name after all stages that it depends on, each only if it is not up to date."""
    return run_stages(config, up_to(config, name), force, verify_files)


def scheduled(config: Config) -> tuple[str, ...]:
    """Names of the stages of a nightly build, in the order in which they run."""
    return tuple(stage.name for stage in graph.scheduled(STAGES, config))


def up_to(config: Config, name: str) -> tuple[str, ...]:
    """Names of a stage and of all stages that it depends on, in the order in which they run."""
    return tuple(stage.name for stage in graph.up_to(STAGES, config, name))


def read_at(spark: SparkSession, config: Config, build: str | None) -> Callable[[str], DataFrame]:
    """A reader of the tables as they were in a build, or of the published tables if `build` is None."""
    if build is None:
        return lambda name: tables.read(spark, config, name)
    return lambda name: builds.read(spark, config, name, build)


def _check_inputs(config: Config, names: Sequence[str]) -> None:
    """Check what the stages of these names need from outside, before Spark takes its time to start."""
    for stage in STAGES:
        if stage.name in names:
            stage.check(config)


def _run(
    spark: SparkSession,
    config: Config,
    names: Sequence[str],
    attempt: Attempt,
    force: bool,
    verify_files: bool,
) -> bool:
    """Run stages by name; True if one of them was not up to date."""
    tables.create(spark, config)
    ran = []
    for name in names:
        attempts.enter(config, attempt, name)
        ran.append(run(spark, config, _BY_NAME[name], force, verify_files))
    attempt.stage = None
    tables.replace_views(spark, config)
    return any(ran)
