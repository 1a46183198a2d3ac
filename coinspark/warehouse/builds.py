"""Published builds: the snapshot that each table had. A build exists once the table `builds` has its row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.warehouse import schemas, tables, views
from coinspark.warehouse.local_frame import local_frame


def publish(spark: SparkSession, config: Config) -> str:
    """Tag every table as it is now, then append the build's row. Returns the name of the build.

    Tags keep the snapshots of a build and are read by clients without coinspark. They come first: a build
    that is killed between two tags does not exist, and the next build takes its name.
    """
    known = names(spark, config)
    today = f"build_{date.today():%Y%m%d}"
    build = next(name for name in (today, *(f"{today}_{n}" for n in range(2, 10_000))) if name not in known)
    published = {
        name: tables.snapshot(spark, config, name) for name in schemas.TABLES if name != schemas.BUILDS.name
    }
    tables.tag(spark, config, build, published)
    row = (build, datetime.now(UTC), json.dumps(published, sort_keys=True))
    tables.append(spark, config, schemas.BUILDS.name, [row])
    return build


def names(spark: SparkSession, config: Config) -> list[str]:
    """Names of all builds, oldest first."""
    return list(_snapshots_of_builds(spark, config))


def latest(spark: SparkSession, config: Config) -> str | None:
    """Name of the newest build, or None if there is none."""
    return next(reversed(names(spark, config)), None)


def snapshots(spark: SparkSession, config: Config, build: str) -> dict[str, int]:
    """Table → snapshot of a build. Tables that are newer than the build are missing.

    Raises InputError for an unknown build.
    """
    return _known(_snapshots_of_builds(spark, config), build)


def _snapshots_of_builds(spark: SparkSession, config: Config) -> dict[str, dict[str, int]]:
    """Build → table → snapshot of all builds, oldest first."""
    rows = tables.read(spark, config, schemas.BUILDS.name).orderBy("finished").collect()
    return {row["build"]: json.loads(row["snapshots"]) for row in rows}


def _known(published: Mapping[str, dict[str, int]], build: str) -> dict[str, int]:
    if build not in published:
        raise InputError(f"unknown build {build!r}; known builds: {', '.join(published) or 'none'}")
    return published[build]


def is_current(spark: SparkSession, config: Config, build: str) -> bool:
    """Whether the published tables are those of this build.

    They are not after a run that died before its tag.
    """
    return all(
        tables.snapshot(spark, config, name) == snapshot
        for name, snapshot in snapshots(spark, config, build).items()
    )


def read(spark: SparkSession, config: Config, name: str, build: str) -> DataFrame:
    """A table as it was in a build: empty if it is newer than the build. Newer columns are null.

    Raises InputError for an unknown build.
    """
    return _read_at(spark, config, name, snapshots(spark, config, build))


def _read_at(spark: SparkSession, config: Config, name: str, at: Mapping[str, int]) -> DataFrame:
    table = schemas.TABLES[name]
    if name not in at:
        return local_frame(spark, [], table.ddl)
    rows = tables.read(spark, config, name, at[name])
    newer = {
        column: F.lit(None).cast(kind) for column, kind in table.columns.items() if column not in rows.columns
    }
    return rows.withColumns(newer) if newer else rows


@contextmanager
def shown_build(spark: SparkSession, config: Config, build: str | None) -> Iterator[None]:
    """Context in which unqualified table and view names refer to one build, through temporary views.

    None: they refer to the published tables. `builds` has the builds up to this one.

    Raises InputError for an unknown build.
    """
    if build is None:
        yield
        return
    published = _snapshots_of_builds(spark, config)
    at, order = _known(published, build), list(published)
    shown = {name: _read_at(spark, config, name, at) for name in schemas.TABLES}
    earlier = F.col("build").isin(order[: order.index(build) + 1])
    shown[schemas.BUILDS.name] = tables.read(spark, config, schemas.BUILDS.name).where(earlier)
    try:
        for name, rows in shown.items():
            rows.createOrReplaceTempView(name)
        for view in views.VIEWS.values():
            selected = spark.sql(view.select(lambda name: f"`{name}`", config.evaluation.suspect_threshold))
            selected.toDF(*view.columns).createOrReplaceTempView(view.name)
        yield
    finally:
        for name in (*schemas.TABLES, *views.VIEWS):
            spark.catalog.dropTempView(name)
