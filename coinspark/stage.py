"""What a stage is: the tables it reads and writes, the settings it depends on, and the function between them.

A stage knows no other stage. `run` skips it when nothing that it depends on has changed, else builds and publishes it.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from coinspark import schemas, tables
from coinspark.config import Config
from coinspark.hashes import digest, files_hash
from coinspark.session import local_folder


@dataclass(frozen=True)
class Change:
    """Rows to add to a table that is not rewritten whole; rows whose key is not in `keep` are dropped."""

    rows: DataFrame
    keep: DataFrame


@dataclass(frozen=True)
class Context:
    """What a build is given: `read` gives a table as it was when the stage began, `scratch` is a folder of its own."""

    spark: SparkSession
    config: Config
    read: Callable[[str], DataFrame]
    scratch: Path
    say: Callable[[str], None]


@dataclass(frozen=True)
class Stage:
    """A stage: name, tables in and out, its part of the configuration, its code, and `build`.

    `settings(config)` and `outside(config)` give JSON-like values; together with the snapshots of `reads` and the source
    of the packages `code` they decide whether the stage must run. `outside` speaks of what lies outside the tables
    (listings, word lists, weights files). `used(config)`: which of `reads` this configuration asks for; all, unless told.
    """

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    settings: Callable[[Config], Any]
    build: Callable[[Context], Mapping[str, DataFrame | Change]]
    code: tuple[str, ...]
    outside: Callable[[Config], Any] = field(default=lambda config: None)
    used: Callable[[Config], tuple[str, ...]] | None = None


def run(spark: SparkSession, config: Config, stage: Stage, say: Callable[[str], None], progress: Callable[[str], None],
        force: bool = False) -> bool:
    """Build and publish the stage, or skip it when nothing that it depends on has changed; True when it ran.

    All its tables are staged and audited before the first is published; a table whose rows came out the same keeps its
    snapshot, so that the stages behind it are skipped.
    """
    began = time.monotonic()
    reads = stage.used(config) if stage.used else stage.reads
    inputs = {name: tables.snapshot(spark, config, name) for name in reads}
    fingerprint = digest({
        "settings": stage.settings(config), "outside": stage.outside(config), "inputs": inputs,
        "code": code_version(stage.code),
    })
    last = _last(spark, config, stage.name)
    if not force and last is not None and last["fingerprint"] == fingerprint and _stands(spark, config, last):
        say(f"{stage.name:9} unchanged, skipped")
        return False
    context = Context(spark, config, _reader(spark, config), scratch(config, stage.name, fingerprint), progress)
    context.scratch.mkdir(parents=True, exist_ok=True)
    outputs = _publish(context, stage, json.loads(last["outputs"]) if last else {})
    seconds = time.monotonic() - began
    tables.append(spark, config, schemas.STAGES.name, [(
        stage.name, datetime.now(UTC), seconds, fingerprint, json.dumps(inputs), json.dumps(outputs, sort_keys=True),
    )])
    shutil.rmtree(context.scratch.parent, ignore_errors=True)
    counts = ", ".join(f"{int(found['content'].split('-')[0]):,} {name}" for name, found in outputs.items())
    say(f"{stage.name:9} {counts}  ({seconds:.0f} s)")
    return True


def _publish(context: Context, stage: Stage, before: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Stage and audit every table, then publish those that changed; table → snapshot and content hash."""
    spark, config = context.spark, context.config
    built = stage.build(context)
    if set(built) != set(stage.writes):
        raise RuntimeError(f"stage {stage.name} built {sorted(built)} and says that it writes {sorted(stage.writes)}")
    staged = {}
    for name, made in built.items():
        rows, keep = (made.rows, made.keep) if isinstance(made, Change) else (made, None)
        staged[name] = tables.stage(spark, config, name, rows, keep)
        tables.audit(spark, config, staged[name])
    outputs = {}
    for name, ready in staged.items():
        now = tables.snapshot(spark, config, name)
        same = before.get(name) == {"snapshot": now, "content": ready.content}
        outputs[name] = {"snapshot": now if same else tables.publish(spark, config, ready), "content": ready.content}
    return outputs


def scratch(config: Config, name: str, fingerprint: str) -> Path:
    """Where a stage keeps finished parts of unfinished work; the same work finds it again after a kill."""
    return local_folder(config) / "scratch" / name / fingerprint[:16]


def code_version(packages: tuple[str, ...]) -> str:
    """SHA-256 over the source of these modules or packages of coinspark (`ingest`, `classes/splits.py`), in order."""
    root = Path(__file__).parent
    places = [root / package for package in packages]
    return files_hash([file for place in places for file in (sorted(place.rglob("*.py")) if place.is_dir() else [place])], root)


def _reader(spark: SparkSession, config: Config) -> Callable[[str], DataFrame]:
    pinned: dict[str, int] = {}

    def read(name: str) -> DataFrame:
        at = pinned.setdefault(name, tables.snapshot(spark, config, name))
        return tables.read(spark, config, name, snapshot=at)

    return read


def _last(spark: SparkSession, config: Config, name: str) -> dict[str, Any] | None:
    """The last row of this stage in `stages`."""
    rows = tables.read(spark, config, schemas.STAGES.name).where(F.col("stage") == name)
    newest = rows.orderBy(F.desc("finished")).limit(1).collect()
    return newest[0].asDict() if newest else None


def _stands(spark: SparkSession, config: Config, last: Mapping[str, Any]) -> bool:
    """Whether the tables are still as this run of the stage left them."""
    outputs = json.loads(last["outputs"])
    return all(tables.snapshot(spark, config, name) == found["snapshot"] for name, found in outputs.items())
