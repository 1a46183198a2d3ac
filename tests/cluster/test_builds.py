"""Nightly builds on the cluster that lose a worker or their driver: the results of an undisturbed build."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path

import pytest

from tests.cluster import spark
from tests.cluster.conftest import contents
from tests.cluster.services import BUCKET, wait_for
from tests.cluster.spark import Cluster

pytestmark = [pytest.mark.cluster, pytest.mark.slow(seconds=600)]

MINUTES = 15  # for a build, at most
TRAINING = "horovod"  # in the command line of a worker of a training


def own_warehouse(name: str, *more: str) -> tuple[str, ...]:
    """Overrides that give a build a warehouse and a namespace of its own."""
    return f"warehouse=s3a://{BUCKET}/{name}", f"catalog.namespace={name}", *more


def rows(cluster: Cluster, driver: str, statement: str, sets: tuple[str, ...]) -> list[dict[str, str]]:
    """The rows of a query, as `coinspark sql` on a driver host prints them."""
    done = cluster.coinspark(driver, "sql", statement, "--engine", "spark", "--format", "json", sets=sets)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def check_results(
    cluster: Cluster, driver: str, sets: tuple[str, ...], undisturbed: dict[str, str], weights: dict[str, str]
) -> None:
    """Tables are those of the undisturbed build, weights those of the first build on the cluster."""
    stages = rows(cluster, driver, "SELECT stage, outputs FROM stages ORDER BY finished", sets)
    assert contents(stages) == undisturbed
    trained = rows(cluster, driver, "SELECT layer, sha256 FROM runs", sets)
    assert {row["layer"] for row in trained} == {"mint", "clusters"}
    for row in trained:
        assert weights.setdefault(row["layer"], row["sha256"]) == row["sha256"]


def errors(output: str) -> list[str]:
    """The lines of failed commands. There is no stack trace beside them."""
    assert "Traceback" not in output, output
    return [line for line in output.splitlines() if line.startswith("coinspark: ")]


def test_build_that_loses_a_worker_in_training_gives_the_same_result(
    cluster: Cluster, undisturbed: dict[str, str], weights: dict[str, str]
) -> None:
    sets = own_warehouse("worker_lost")
    job = cluster.submit("driver-1", "nightly", *sets, log="worker-lost")
    wait_for(lambda: "ingest " in cluster.output("driver-1", "worker-lost"), "first stage", 60 * MINUTES)

    second = cluster.submit("driver-2", "entities", *sets, log="refused")
    assert second.wait(timeout=60 * MINUTES) == 1
    (refused,) = errors(cluster.output("driver-2", "refused"))
    assert "another build is running (process " in refused
    assert "on host driver-1 since " in refused

    worker = cluster.host("worker-1")
    wait_for(lambda: bool(worker.processes(TRAINING)) or job.poll() is not None, "training", 60 * MINUTES)
    assert job.poll() is None, cluster.output("driver-1", "worker-lost")
    cluster.power_off("worker-1")
    code = job.wait(timeout=60 * MINUTES)
    output = cluster.output("driver-1", "worker-lost")
    (failed,) = errors(output)
    assert code == 1
    assert "run again to resume" in failed, "a training does not go on with fewer workers"
    cluster.start_worker("worker-1")
    again = cluster.submit("driver-1", "nightly", *sets, log="worker-lost-again")
    assert again.wait(timeout=60 * MINUTES) == 0, cluster.output("driver-1", "worker-lost-again")
    assert "ingest    unchanged, skipped" in cluster.output("driver-1", "worker-lost-again")
    check_results(cluster, "driver-1", sets, undisturbed, weights)
    check_nothing_is_left_on(cluster, "driver-1")


def test_build_that_loses_its_driver_is_finished_by_another_host(
    cluster: Cluster, undisturbed: dict[str, str], weights: dict[str, str]
) -> None:
    """The other host has no file of the first one. COINSPARK_SEED repeats the moment of a failed test."""
    seed = int(os.environ.get("COINSPARK_SEED", time.time_ns() % 10_000))
    draw = random.Random(seed)
    stage = draw.choice(["ingest", "entities", "features", "clusters", "classes", "splits"])
    delay = draw.uniform(0, 20)
    print(f"COINSPARK_SEED={seed}: the driver is killed {delay:.1f} s after the end of the stage {stage}")
    sets = own_warehouse("driver_lost", "catalog.lease_seconds=30")
    job = cluster.submit("driver-1", "nightly", *sets, log="driver-lost")
    ended = f"\n{stage:9} "
    wait_for(lambda: ended in cluster.output("driver-1", "driver-lost"), f"end of {stage}", 60 * MINUTES)
    time.sleep(delay)
    cluster.power_off("driver-1")
    job.wait(timeout=60)

    waiting = (*sets, "catalog.lease_wait=300")
    again = cluster.submit("driver-2", "nightly", *waiting, log="driver-lost-again")
    assert again.wait(timeout=60 * MINUTES) == 0, cluster.output("driver-2", "driver-lost-again")
    output = cluster.output("driver-2", "driver-lost-again")
    assert f"{stage:9} unchanged, skipped" in output
    assert "Report: s3a://" in output
    check_results(cluster, "driver-2", sets, undisturbed, weights)
    check_nothing_is_left_on(cluster, "driver-2")


def check_nothing_is_left_on(cluster: Cluster, driver: str) -> None:
    """The working folder of a driver has what this test writes to it, and no file of a build."""
    left = {path.name for path in Path(cluster.host(driver).files).iterdir()}
    unexpected = {name for name in left if "." not in name and (cluster.host(driver).files / name).is_dir()}
    assert not unexpected, f"a build keeps files on {spark.HOSTS}"
