"""Nights that are killed, interrupted or started twice: the last published build stands, and the next run finishes."""

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

FIRST = ("ingest",)
PLAIN = ("ingest", "entities", "classes", "splits")
ONE = "training.layers=[mint]"


def wait_for(process: subprocess.Popen[str], word: str) -> str:
    """Read the build's lines until one has the word; what was read."""
    assert process.stderr is not None
    read = ""
    for line in process.stderr:
        read += line
        if word in line:
            return read
    pytest.fail(f"the build ended without saying {word!r}:\n{read}")


def below(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


@pytest.mark.slow
def test_kill_9_then_a_second_night_finishes(tmp_path: Path) -> None:
    build = builds.start(tmp_path, ONE)
    wait_for(build, "splits ")
    children = below(build)
    os.kill(build.pid, signal.SIGKILL)
    build.wait()
    _, alive = psutil.wait_procs(children, timeout=90)
    assert not alive, "Spark's processes outlive their driver"
    done = subprocess.run(
        builds.command(tmp_path, ONE), capture_output=True, text=True, cwd=tmp_path, timeout=400
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("unchanged, skipped") == len(PLAIN), done.stderr
    assert "published night_" in done.stderr
    assert done.stdout.strip().splitlines()[-1].startswith("The report: ")


@pytest.mark.slow
def test_a_second_night_is_refused_and_ctrl_c_ends_the_first_quickly(tmp_path: Path) -> None:
    build = builds.start(tmp_path)
    wait_for(build, "splits ")
    second = subprocess.run(
        builds.command(tmp_path), capture_output=True, text=True, cwd=tmp_path, timeout=200
    )
    assert second.returncode == 1
    assert f"{tmp_path}/warehouse: another build is running (process {build.pid} on " in second.stderr
    children = below(build)
    build.send_signal(signal.SIGINT)
    _, said = build.communicate(timeout=60)
    assert build.returncode == 130
    assert "interrupted; published tables are unchanged" in said
    assert "Traceback" not in said
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive


def test_killed_between_two_tables_readers_of_the_night_see_yesterday(
    tmp_path: Path, spark: SparkSession, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ingest` publishes three tables; the run dies after the first of them (DESIGN section 6, faults 3 and 4)."""
    build = _on(config, builds.configuration(tmp_path))
    nightly._run(spark, build, FIRST, False)
    tag = nightly._tag(spark, build)
    yesterday = {
        name: tables.content_hash(tables.read(spark, build, name, tag=tag))
        for name in ("coins", "images", "rejects")
    }
    more = build.model_copy(update={"ingest": build.ingest.model_copy(update={"quality": 60})})
    real, published = tables.publish, []

    def dies_after_one(*given: object) -> int:
        if published:
            raise KeyboardInterrupt
        published.append(real(*given))  # type: ignore[arg-type]
        return published[0]

    monkeypatch.setattr(runner.tables, "publish", dies_after_one)
    with pytest.raises(KeyboardInterrupt):
        nightly._run(spark, more, FIRST, False)
    monkeypatch.setattr(runner.tables, "publish", real)
    assert published
    assert yesterday == {
        name: tables.content_hash(tables.read(spark, build, name, tag=tag)) for name in yesterday
    }
    assert nightly._run(spark, more, FIRST, False)
    images, coins = (tables.read(spark, more, name) for name in ("images", "coins"))
    assert images.join(coins, "image_id", "left_anti").count() == 0
    assert coins.where("image_id IS NOT NULL").join(images, "image_id", "left_anti").count() == 0


def _on(config: Config, build: Config) -> Config:
    """The build's configuration on the tables of this test."""
    return build.model_copy(update={"catalog": config.catalog})
