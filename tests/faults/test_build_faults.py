"""Builds that are killed, interrupted or started twice: the published build stays, the next run completes."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest
from pyspark.sql import SparkSession

from coinspark import nightly
from coinspark.config import Config
from coinspark.pipeline import run as runner
from coinspark.warehouse import tables
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


@pytest.mark.slow(seconds=60)
def test_build_completes_after_driver_kill_and_second_build_is_refused_meanwhile(tmp_path: Path) -> None:
    build = builds.start(tmp_path, *ONE_SMALL_NETWORK)
    wait_for(build, "splits ")
    second = builds.start(tmp_path, *ONE_SMALL_NETWORK)
    _, errors = second.communicate(timeout=200)
    assert second.returncode == 1
    assert f"{tmp_path}/warehouse: another build is running (process {build.pid} on " in errors
    children = descendants(build)
    os.kill(build.pid, signal.SIGKILL)
    build.wait()
    _, alive = psutil.wait_procs(children, timeout=90)
    assert not alive, "Spark's processes outlive their driver"

    rerun = builds.start(tmp_path, *ONE_SMALL_NETWORK)
    output, progress = rerun.communicate(timeout=400)
    assert rerun.returncode == 0, progress
    assert progress.count("unchanged, skipped") == len(BEFORE_TRAINING), progress
    assert "published build_" in progress
    assert output.strip().splitlines()[-1].startswith("Report: ")

    # Weights that are damaged after the build: the error of Spark's workers is one line.
    weights = next(tmp_path.glob("warehouse/runs/*/weights.npz"))
    weights.write_bytes(weights.read_bytes()[:1000])
    job = builds.command(tmp_path, *ONE_SMALL_NETWORK, job=(f"{builds.ROOT}/jobs/evaluate.py",))
    failed = subprocess.run(
        [*job, "--force"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(builds.ROOT)},
    )
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1].startswith(f"coinspark: {weights}: SHA-256 is "), failed.stderr
    assert not any(text in failed.stderr for text in ("Traceback", "Exception", "\tat ")), failed.stderr


@pytest.mark.slow(seconds=40)
def test_ctrl_c_during_training_ends_the_build_and_its_processes(tmp_path: Path) -> None:
    build = builds.start(tmp_path, *LONG_TRAINING)
    wait_for_file(build, tmp_path, "warehouse/runs/*/checkpoint.npz")
    children = descendants(build)
    build.send_signal(signal.SIGINT)
    _, progress = build.communicate(timeout=60)
    assert build.returncode == 130
    assert "interrupted; published tables are unchanged" in progress
    assert "Traceback" not in progress
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive


def test_readers_of_a_build_see_it_unchanged_after_a_run_that_died_between_two_tables(
    tmp_path: Path, spark: SparkSession, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ingest` publishes three tables; the run dies after the first."""
    build_config = builds.configuration(tmp_path).model_copy(update={"catalog": config.catalog})
    nightly._run(spark, build_config, ("ingest",), False)
    tag = nightly._tag(spark, build_config)
    before = {
        name: tables.content_hash(tables.read(spark, build_config, name, tag=tag))
        for name in ("coins", "images", "rejects")
    }
    ingest = build_config.ingest.model_copy(update={"quality": 60})
    changed_config = build_config.model_copy(update={"ingest": ingest})
    publish, published = tables.publish, []

    def publish_one_table(*arguments: object) -> int:
        if published:
            raise KeyboardInterrupt
        published.append(publish(*arguments))  # type: ignore[arg-type]
        return published[0]

    with monkeypatch.context() as patch:
        patch.setattr(runner.tables, "publish", publish_one_table)
        with pytest.raises(KeyboardInterrupt):
            nightly._run(spark, changed_config, ("ingest",), False)
    assert published
    assert before == {
        name: tables.content_hash(tables.read(spark, build_config, name, tag=tag)) for name in before
    }
    assert nightly._run(spark, changed_config, ("ingest",), False)
    images, coins = (tables.read(spark, changed_config, name) for name in ("images", "coins"))
    assert images.join(coins, "image_id", "left_anti").count() == 0
    assert coins.where("image_id IS NOT NULL").join(images, "image_id", "left_anti").count() == 0
