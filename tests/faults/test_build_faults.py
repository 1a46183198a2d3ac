"""Builds that are killed, interrupted or started twice: the published build stays, the next run completes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from pyspark.sql import SparkSession

from coinspark import nightly
from coinspark.config import Config
from coinspark.core.hashing import folder_hash
from coinspark.evaluation.report import page
from coinspark.ingest import stage as ingest
from coinspark.warehouse import attempts, iceberg_client, lease_entry, schemas, status, tables
from coinspark.warehouse import builds as published_builds
from coinspark.warehouse.content import content_hash
from tests import builds
from tests.training_jobs import TOY_BACKBONE

BEFORE_TRAINING = ("ingest", "entities", "classes", "splits")
ONE_SMALL_NETWORK = ("training.layers=[mint]", f"training.model='{TOY_BACKBONE}'", "training.baselines=false")
LONG_TRAINING = (*ONE_SMALL_NETWORK, "training.epochs=10000", "training.patience=10000")


def wait_for(process: subprocess.Popen[str], text: str) -> None:
    """Read the build's progress up to the line with this text."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if text in line:
            return
    pytest.fail(f"the build ended without the line {text!r}:\n{''.join(lines)}")


def wait_for_file(process: subprocess.Popen[str], folder: Path, pattern: str) -> None:
    """Wait until the running build has written such a file."""
    while not any(folder.glob(pattern)):
        try:
            process.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            continue
        pytest.fail(f"the build ended without a file {pattern}")


def descendants(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


@pytest.mark.fault(3, 5)
@pytest.mark.slow(seconds=80)
def test_build_completes_after_driver_kill_and_ctrl_c_and_second_build_is_refused_meanwhile(
    tmp_path: Path,
) -> None:
    """One warehouse for all of it: each build skips the stages that the one before it has published."""
    build = builds.start(tmp_path, *ONE_SMALL_NETWORK)
    wait_for(build, "splits ")
    check_refusal_from_another_host(tmp_path, build.pid)
    children = descendants(build)
    os.kill(build.pid, signal.SIGKILL)
    build.wait()
    _, alive = psutil.wait_procs(children, timeout=90)
    assert not alive, "Spark's processes outlive their driver"

    check_ctrl_c_during_training(tmp_path)

    rerun = builds.start(tmp_path, *ONE_SMALL_NETWORK)
    output, progress = rerun.communicate(timeout=400)
    assert rerun.returncode == 0, progress
    assert progress.count("unchanged, skipped") == len(BEFORE_TRAINING), progress
    assert "published build_" in progress
    assert output.strip().splitlines()[-1].startswith("Report: ")

    check_registered_copy(tmp_path)
    check_error_of_damaged_weights(tmp_path)
    check_attempts(tmp_path, build.pid)


def check_refusal_from_another_host(folder: Path, running: int) -> None:
    """A second build, from another working folder and with another host name, is refused while one runs."""
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    rename = ["unshare", "--user", "--map-root-user", "--uts"]
    if subprocess.run([*rename, "hostname", "elsewhere"], capture_output=True).returncode:
        rename = []  # this user cannot change it
    as_other = [*rename, "sh", "-c", 'hostname elsewhere; exec "$@"', "sh"] if rename else []
    second = subprocess.run(
        [*as_other, *builds.command(folder, *ONE_SMALL_NETWORK)],
        capture_output=True,
        text=True,
        cwd=elsewhere,
        timeout=200,
        env={**os.environ, "PYTHONPATH": str(builds.ROOT)},
    )
    assert second.returncode == 1
    host = re.escape(socket.gethostname())
    refusal = (
        rf"^coinspark: {folder}/warehouse: another build is running \(process {running} of user \S+ on host "
        rf"{host} since 20\S+ \S+ UTC, last heartbeat 20\S+ \S+ UTC, lease until 20\S+ \S+ UTC\); wait until"
    )
    assert re.search(refusal, second.stderr, re.MULTILINE), second.stderr
    assert "Traceback" not in second.stderr


def check_registered_copy(folder: Path) -> None:
    """Copy the warehouse and register it: the next build has nothing to do; the original does not change."""
    before = folder_hash(folder / "warehouse")
    shutil.copytree(folder / "warehouse", folder / "copy")
    for command, expected in (
        ("nightly", "a copy, run `coinspark register` with this configuration"),
        ("register", "tables and views now refer to this folder"),
        ("nightly", "nothing new since build_"),
    ):
        job = builds.command(folder, *ONE_SMALL_NETWORK, job=("-m", "coinspark.cli", command))
        job += ["--set", f"warehouse={folder}/copy"]
        environment = {**os.environ, "PYTHONPATH": str(builds.ROOT)}
        done = subprocess.run(job, capture_output=True, text=True, cwd=folder, env=environment, timeout=300)
        assert expected in done.stderr, done.stderr
    assert done.stdout.splitlines()[-1] == f"Report: copy/reports/{next(folder.glob('copy/reports/*')).name}"
    assert folder_hash(folder / "warehouse") == before


def check_ctrl_c_during_training(folder: Path) -> None:
    """Interrupt a build that trains: it ends, and with it its processes."""
    build = builds.start(folder, *LONG_TRAINING)
    wait_for_file(build, folder, "warehouse/runs/*/checkpoint.npz")
    children = descendants(build)
    build.send_signal(signal.SIGINT)
    _, progress = build.communicate(timeout=60)
    assert build.returncode == 130
    assert progress.count("unchanged, skipped") == len(BEFORE_TRAINING), progress
    assert "interrupted; published tables are unchanged" in progress
    assert "Traceback" not in progress
    newest = iceberg_client.load(builds.configuration(folder), lease_entry.TABLE).current_snapshot()
    assert newest is not None
    entry = json.loads(iceberg_client.summary(newest)["coinspark.lease"])
    assert (entry["owner"]["pid"], entry["released"]) == (build.pid, True)
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive


def check_error_of_damaged_weights(folder: Path) -> None:
    """Damage the weights of a build: the error of Spark's workers is one line."""
    weights = next(folder.glob("warehouse/runs/*/weights.npz"))
    weights.write_bytes(weights.read_bytes()[:1000])
    job = builds.command(folder, *ONE_SMALL_NETWORK, job=(f"{builds.ROOT}/jobs/evaluate.py",))
    failed = subprocess.run(
        [*job, "--force"],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(builds.ROOT)},
    )
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1].startswith(f"coinspark: {weights}: SHA-256 is "), failed.stderr
    assert not any(text in failed.stderr for text in ("Traceback", "Exception", "\tat ")), failed.stderr


def check_attempts(folder: Path, killed: int) -> None:
    """Check the records of these builds; the one that was refused has none."""
    recorded = attempts.read(builds.configuration(folder, *ONE_SMALL_NETWORK))
    assert [(attempt.command, status.state(attempt)) for attempt in recorded] == [
        ("nightly", "died"),
        ("nightly", "interrupted"),
        ("nightly", "finished"),
        ("evaluate", "failed"),
    ]
    assert (recorded[0].owner.pid, recorded[0].stage) in ((killed, "splits"), (killed, "train"))
    assert recorded[1].stage == "train"
    assert str(recorded[2].build).startswith("build_")
    assert recorded[3].stage == "evaluate"
    assert "SHA-256 is" in str(recorded[3].error)


@pytest.fixture
def small_build(
    tmp_path: Path, spark: SparkSession, config: Config, monkeypatch: pytest.MonkeyPatch
) -> Config:
    """A configuration in the warehouse of the session; its builds only run `ingest` and have no report."""
    monkeypatch.setattr(nightly, "scheduled", lambda config: ("ingest",))
    monkeypatch.setattr(page, "write_report", lambda *arguments: None)
    small = builds.configuration(tmp_path, builds.few_coins(tmp_path))
    return small.model_copy(update={"catalog": config.catalog, "warehouse": config.warehouse})


def rows_of_build(spark: SparkSession, config: Config, build: str | None = None) -> dict[str, str]:
    """Content hash of the tables that `ingest` changes, in a build or as they are now."""
    return {
        name: content_hash(nightly.read_at(spark, config, build)(name))
        for name in (*ingest.STAGE.writes, schemas.STAGES.name)
    }


def with_quality(config: Config, quality: int) -> Config:
    """Other JPEGs, so that `ingest` publishes its tables again."""
    return config.model_copy(update={"ingest": config.ingest.model_copy(update={"quality": quality})})


def check_images(spark: SparkSession, config: Config, build: str) -> None:
    """Check that every coin of the build has its image and every image a coin."""
    images, coins = map(nightly.read_at(spark, config, build), ("images", "coins"))
    assert images.join(coins, "image_id", "left_anti").count() == 0
    assert coins.where("image_id IS NOT NULL").join(images, "image_id", "left_anti").count() == 0


@pytest.mark.fault(3, 4)
def test_build_that_dies_before_or_between_two_tables_leaves_readers_the_previous_build(
    spark: SparkSession, small_build: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ingest` publishes three tables; the run dies before the first, then after the first."""
    before = nightly.run_build(small_build).name
    rows = rows_of_build(spark, small_build, before)
    others = schemas.TABLES.keys() - {schemas.STAGES.name}  # it has a row for what is ready to be published
    main = {name: tables.snapshot(spark, small_build, name) for name in others}
    publish, published = tables.publish, list[int]()

    def die(*arguments: object) -> int:
        raise KeyboardInterrupt

    def publish_one_table(*arguments: object) -> int:
        if published:
            raise KeyboardInterrupt
        published.append(publish(*arguments))  # type: ignore[arg-type]
        return published[0]

    changed = with_quality(small_build, 60)
    with monkeypatch.context() as patch:
        patch.setattr(tables, "publish", die)
        with pytest.raises(KeyboardInterrupt):
            nightly.run_build(changed)
        assert {name: tables.snapshot(spark, small_build, name) for name in main} == main, "all but `stages`"
        patch.setattr(tables, "publish", publish_one_table)
        with pytest.raises(KeyboardInterrupt):
            nightly.run_build(changed)
    assert published
    assert published_builds.latest(spark, small_build) == before
    assert rows_of_build(spark, small_build, before) == rows
    after = nightly.run_build(changed).name
    assert after != before
    check_images(spark, changed, after)
    assert rows_of_build(spark, small_build, before) == rows


# A build that ends without clean-up, as with kill -9, when it has tagged three tables.
_KILLED_BETWEEN_TAGS = """
import os, sys
from coinspark import nightly
from coinspark.config import load
from coinspark.warehouse import tables
tag = tables.tag
def tag_three_tables(spark, config, name, snapshots):
    tag(spark, config, name, dict(list(snapshots.items())[:3]))
    os._exit(9)
nightly.scheduled = lambda config: ("ingest",)
tables.tag = tag_three_tables
nightly.run_build(load([sys.argv[1]], sys.argv[2:]))
"""


@pytest.mark.fault(4)
@pytest.mark.slow
def test_build_killed_between_two_tags_does_not_exist(
    spark: SparkSession, small_build: Config, tmp_path: Path
) -> None:
    before = nightly.run_build(small_build).name
    rows = rows_of_build(spark, small_build, before)
    in_warehouse = (
        f"warehouse={small_build.warehouse}",
        f"catalog.namespace={small_build.catalog.namespace}",
    )
    killed = subprocess.run(
        [
            *(sys.executable, "-c", _KILLED_BETWEEN_TAGS, str(builds.TEST)),
            *builds.arguments(tmp_path, builds.few_coins(tmp_path), *in_warehouse, "ingest.quality=60"),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(builds.ROOT)},
    )
    assert killed.returncode == 9, killed.stderr
    assert published_builds.latest(spark, small_build) == before
    assert rows_of_build(spark, small_build, before) == rows
    tagged = [name for name in schemas.TABLES if name != schemas.BUILDS.name]
    half = [build for name in tagged for build in tables.tags(spark, small_build, name) if build != before]
    assert len(half) == 3, "killed between two tags"

    # With other images again, so that the tags of the killed build have to move.
    after = nightly.run_build(with_quality(small_build, 70)).name
    assert after in half, "the name of the killed build is free"
    assert rows_of_build(spark, small_build, after) == rows_of_build(spark, small_build)
    assert all(set(tables.tags(spark, small_build, name)) == {before, after} for name in tagged)
    check_images(spark, small_build, after)
    assert rows_of_build(spark, small_build, before) == rows
