"""Run of a stage: skip it if it is up to date, otherwise build, audit and publish its tables."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.core.code_version import code_version
from coinspark.core.errors import CoinsparkError
from coinspark.core.hashing import digest
from coinspark.core.progress import progress, say
from coinspark.pipeline.scratch import scratch_folder
from coinspark.pipeline.stage import Change, Context, Outside, Stage
from coinspark.pipeline.stored_files import damaged_files, describe_damage
from coinspark.warehouse import schemas, tables


def run(
    spark: SparkSession, config: Config, stage: Stage, force: bool = False, verify_files: bool = False
) -> bool:
    """Build and publish the stage's tables unless they are up to date; True if the stage ran.

    All tables are staged and audited before the first is published. A table whose rows are the same keeps its
    snapshot, so that the stages after it are skipped. The row in `stages` comes before the publishing: if the
    process dies in between, the next run publishes what was audited and builds nothing again.

    Args:
        force: Run the stage even if it is up to date, and reuse nothing of earlier runs.
        verify_files: Hash all files that the published rows refer to or come from, also those whose size and
            times are unchanged.
    """
    began = time.monotonic()
    inputs = _snapshots(spark, config, stage.reads(config))
    outside = stage.outside(config)
    current = fingerprint(config, stage, inputs, outside)
    last = _last_run(spark, config, stage.name)
    published = _snapshots(spark, config, stage.writes)
    same = last if last is not None and last["fingerprint"] == current else None
    completed = same is not None and not force and _complete_publishing(spark, config, published, same)
    if completed:
        published = _snapshots(spark, config, stage.writes)
    up_to_date = same is not None and _is_published(published, same)
    read = _reader(spark, config, stage, {**published, **inputs})
    folder = scratch_folder(config, stage.name)
    context = Context(spark, config, read, folder, progress, outside, force=force, verify_files=verify_files)
    if force:
        folder.remove()
    is_new = verify_files and not folder.exists()
    if _is_whole(context, stage, up_to_date) and up_to_date and not force:
        if is_new:
            folder.remove()  # what `differences` has written
        say(f"{stage.name:9} {'published what was built before' if completed else 'unchanged, skipped'}")
        return completed
    outputs = _build(context, stage, json.loads(last["outputs"]) if last else {})
    seconds = time.monotonic() - began
    row = (
        stage.name,
        datetime.now(UTC),
        seconds,
        current,
        json.dumps(inputs),
        json.dumps(outputs, sort_keys=True),
        definition(config, stage),
    )
    tables.append(spark, config, schemas.STAGES.name, [row])
    for staged in _staged(outputs):
        tables.publish(spark, config, staged)
    with suppress(OSError, CoinsparkError):  # the tables are published; the next run removes it
        folder.remove()
    counts = ", ".join(f"{int(output['content'].split('-')[0]):,} {name}" for name, output in outputs.items())
    say(f"{stage.name:9} {counts}  ({seconds:.0f} s)")
    return True


def why_outdated(spark: SparkSession, config: Config, stage: Stage, verify_files: bool = False) -> str | None:
    """Why the published tables of a stage do not belong to those of the other stages; None if they do.

    State outside tables and configuration does not count: photos that arrive after `ingest` has run are of
    the next build.

    Args:
        verify_files: As in `run`.
    """
    if (last := _last_run(spark, config, stage.name)) is None:
        return "it has not run yet"
    inputs = _snapshots(spark, config, stage.reads(config))
    if last["definition"] is None:  # of a coinspark that did not record it
        same = last["fingerprint"] == fingerprint(config, stage, inputs, stage.outside(config))
    else:
        same = last["definition"] == definition(config, stage)
    if not same:
        return "its settings or code have changed since it ran"
    if changed := dict(inputs.items() - json.loads(last["inputs"]).items()):
        return f"the table {min(changed)}, which it reads, has changed since it ran"
    published = _snapshots(spark, config, stage.writes)
    if not _is_published(published, last):
        return "its last run did not publish all of its tables"
    files = stage.files(config, _reader(spark, config, stage, {**published, **inputs}))
    if damaged := damaged_files(config, files, verify_files):
        return describe_damage(damaged)
    return None


def fingerprint(config: Config, stage: Stage, inputs: Mapping[str, int], outside: Any) -> str:
    """SHA-256 hex of everything that decides a stage's result.

    Args:
        inputs: Snapshots of the tables that the stage reads.
        outside: What `stage.outside` returned.
    """
    return digest(
        {
            "outside": outside.state() if isinstance(outside, Outside) else outside,
            "inputs": dict(inputs),
            "definition": definition(config, stage),
        }
    )


def definition(config: Config, stage: Stage) -> str:
    """SHA-256 hex of the settings and the code of a stage, and of keys and columns of its tables.

    The code includes this module and those that write and compare the tables.
    """
    code = code_version(stage.build.__module__, *stage.modules(config), __name__)
    written = {name: [schemas.TABLES[name].key, schemas.TABLES[name].columns] for name in stage.writes}
    return digest({"settings": stage.settings(config), "code": code, "tables": written})


def _is_whole(context: Context, stage: Stage, up_to_date: bool) -> bool:
    """Whether the files outside the tables are those of the last run. What is not is printed.

    They are compared if nothing else has changed; photos that `verify_files` asks for, in any case.
    """
    difference = stage.differences(context) if up_to_date or context.verify_files else ""
    damaged: list[str] = []
    if up_to_date and not context.force:
        files = stage.files(context.config, context.read)
        damaged = damaged_files(context.config, files, context.verify_files)
    for text in filter(None, [difference, describe_damage(damaged) if damaged else ""]):
        say(f"{stage.name:9} {text}; built again")
    return not difference and not damaged


def _build(context: Context, stage: Stage, before: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Stage and audit every table; table → snapshot to publish and content hash.

    Args:
        before: What this function returned in the last run of the stage.
    """
    spark, config = context.spark, context.config
    built = stage.build(context)
    if set(built) != set(stage.writes):
        raise RuntimeError(
            f"stage {stage.name} returned {sorted(built)}, but declares to write {sorted(stage.writes)}"
        )
    outputs = {}
    for name, result in built.items():
        rows = result.rows if isinstance(result, Change) else result
        keep = result.keep if isinstance(result, Change) and not context.force else None
        staged = tables.stage(spark, config, name, rows, keep)
        tables.audit(spark, config, staged)
        published = tables.snapshot(spark, config, name)
        same = before.get(name) == {"snapshot": published, "content": staged.content}
        outputs[name] = {"snapshot": published if same else staged.snapshot, "content": staged.content}
    return outputs


def _staged(outputs: Mapping[str, Mapping[str, Any]]) -> list[tables.StagedTable]:
    return [
        tables.StagedTable(schemas.TABLES[name], output["snapshot"], output["content"])
        for name, output in outputs.items()
    ]


def _complete_publishing(
    spark: SparkSession, config: Config, published: Mapping[str, int], last: Mapping[str, Any]
) -> bool:
    """Publish what a run staged that died before or while it published; True if there was something."""
    staged = _staged(json.loads(last["outputs"]))
    waiting = [table for table in staged if published.get(table.table.name) != table.snapshot]
    if not waiting or not all(tables.is_publishable(spark, config, table) for table in waiting):
        return False
    for table in waiting:
        tables.publish(spark, config, table)
    return True


def _reader(
    spark: SparkSession, config: Config, stage: Stage, snapshots: Mapping[str, int]
) -> Callable[[str], DataFrame]:
    """The `read` of a stage's context: each table at the snapshot that it had when the stage began."""

    def read(name: str) -> DataFrame:
        if name not in snapshots:
            raise RuntimeError(
                f"stage {stage.name} reads the table {name}, but declares only "
                f"{', '.join(sorted(snapshots))}; add it to the stage's `reads`"
            )
        return tables.read(spark, config, name, snapshot=snapshots[name])

    return read


def _snapshots(spark: SparkSession, config: Config, names: Iterable[str]) -> dict[str, int]:
    """Table → id of its published snapshot."""
    return {name: tables.snapshot(spark, config, name) for name in names}


def _last_run(spark: SparkSession, config: Config, name: str) -> dict[str, Any] | None:
    """The newest row of this stage in the table `stages`."""
    rows = tables.read(spark, config, schemas.STAGES.name).where(F.col("stage") == name)
    newest = rows.orderBy(F.desc("finished")).limit(1).collect()
    return newest[0].asDict() if newest else None


def _is_published(published: Mapping[str, int], last: Mapping[str, Any]) -> bool:
    """Whether the published snapshots (table → id) are those that this run of the stage left."""
    outputs = json.loads(last["outputs"])
    return all(published.get(name) == output["snapshot"] for name, output in outputs.items())
