"""Driver of merges on a cluster: `python -m tests.deploy.merge_on_cluster MASTER PROPERTIES FOLDER`.

PROPERTIES is the file of the settings that master, workers and applications share.
The same coins are merged three times: undisturbed; while an executor is killed; while a task has a
speculative duplicate. A table is also written by a task with a duplicate. The last line of standard output
is JSON: what `results` returns.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from pyspark import TaskContext
from pyspark.sql import SparkSession

from coinspark.config import Config, load
from coinspark.ingest import merge
from coinspark.ingest import stage as ingest
from coinspark.pipeline.stage import Change, Context
from coinspark.warehouse import schemas, session, tables
from coinspark.warehouse.content import content_hash
from coinspark.warehouse.files import Location
from tests import builds
from tests.coin_photos import configured, source, write_coins

COINS = 64  # four tasks
_DUPLICATE_SECONDS = 240  # a first attempt fails if its duplicate has not ended by then
Disturbance = Callable[[Path], None]
"""Called once in the first task, between its last row and its end; gets the folder of its attempts."""


def results(spark: SparkSession, config: Config, folder: Path) -> dict[str, Any]:
    """Content hashes and key counts of the merges, the id of the disturbed task, and ids of finished ones."""
    merges = {"undisturbed": None, "killed": kill_executor, "duplicated": wait_for_duplicate}
    tables.create(spark, config)
    outcomes: dict[str, Any] = {}
    for name, disturbance in merges.items():
        (folder / name / "attempts").mkdir(parents=True)
        outcomes[name] = _merge(spark, config, folder / name, disturbance)
    outcomes["published"] = _publish(spark, config, folder / "published")
    return outcomes


def kill_executor(attempts: Path) -> None:
    """Kill the JVM of the executor that this task runs on, and this process."""
    executor = next(process for process in psutil.Process().parents() if process.name() == "java")
    for pid in (executor.pid, os.getpid()):
        os.kill(pid, signal.SIGKILL)


def wait_for_duplicate(attempts: Path) -> None:
    """Wait until another attempt of the first task has written all its rows."""
    waiting = threading.Event()
    for _ in range(10 * _DUPLICATE_SECONDS):
        if any(attempts.glob("0-*")):
            return
        waiting.wait(0.1)
    raise TimeoutError("Spark has started no duplicate of this task")


def _disturbed(
    work: Callable[..., Iterator[Any]], attempts: Path, disturbance: Disturbance | None
) -> Callable[..., Iterator[Any]]:
    """The function of a task, which writes a file `partition-id` when its rows are complete.

    The first attempt of the first task writes its id to the file `disturbed`. Its number of attempt would not
    identify it: it starts anew when Spark repeats a stage whose shuffle files were lost with an executor.
    """

    def run(batches: Any) -> Iterator[Any]:
        yield from work(batches)
        context = TaskContext.get()
        assert context is not None
        if context.partitionId() == 0 and disturbance is not None:
            with suppress(FileExistsError), (attempts / "disturbed").open("x") as file:
                file.write(str(context.taskAttemptId()))
                file.flush()
                disturbance(attempts)
        (attempts / f"{context.partitionId()}-{context.taskAttemptId()}").touch()

    return run


def _attempts(folder: Path) -> dict[str, Any]:
    disturbed = folder / "disturbed"
    return {
        "disturbed": disturbed.read_text() if disturbed.exists() else None,
        "finished": [path.name.removeprefix("0-") for path in folder.glob("0-*")],
    }


def _merge(
    spark: SparkSession, config: Config, folder: Path, disturbance: Disturbance | None
) -> dict[str, Any]:
    worker, attempts, scratch = merge._worker, folder / "attempts", folder / "scratch"
    scratch.mkdir()
    merge._worker = lambda *arguments: _disturbed(worker(*arguments), attempts, disturbance)
    try:
        read = {name: spark.createDataFrame([], table.ddl) for name, table in schemas.TABLES.items()}
        built = ingest.build(
            Context(spark, config, read.__getitem__, Location.of(scratch), lambda text: None)
        )
    finally:
        merge._worker = worker
    frames = {name: table.rows if isinstance(table, Change) else table for name, table in built.items()}
    return {
        "hashes": {name: content_hash(rows) for name, rows in frames.items()},
        "keys": frames["coins"].select(*schemas.COINS.key).distinct().count(),
        **_attempts(attempts),
    }


def _publish(spark: SparkSession, config: Config, folder: Path) -> dict[str, Any]:
    """Publish a table whose rows come from a task with a duplicate."""
    folder.mkdir()
    columns = ("'mint'", "string(id)", "'original'", "'Roma'", "'Roma'", "''")
    rows = spark.range(0, COINS, 1, 4).selectExpr(
        *(f"{value} AS {name}" for value, name in zip(columns, schemas.CLASSES.columns, strict=True))
    )
    copied = rows.mapInArrow(_disturbed(iter, folder, wait_for_duplicate), schemas.CLASSES.ddl)
    staged = tables.stage(spark, config, "classes", copied)
    tables.audit(spark, config, staged)
    tables.publish(spark, config, staged)
    published = tables.read(spark, config, "classes")
    return {
        "keys": published.select(*schemas.CLASSES.key).distinct().count(),
        "rows": published.count(),
        **_attempts(folder),
    }


def main(master: str, properties: Path, folder: Path) -> None:
    conf = {
        **load([builds.TEST]).spark.conf,
        **dict(line.split(" ", 1) for line in properties.read_text().splitlines()),
        "spark.driver.host": "127.0.0.1",
        "spark.executor.memory": "512m",
        "spark.speculation": "true",
        "spark.speculation.quantile": "0.5",
    }
    overrides = [f"warehouse={folder}/warehouse", f"spark.master='{master}'", f"spark.conf={conf}"]
    config = load([], [*overrides, "spark.shuffle_partitions=2", "training.launch=local"])
    config = configured(config, source(write_coins(folder / "coins", COINS)))
    print(json.dumps(results(session.start(config), config, folder)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
