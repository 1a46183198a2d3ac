"""Builds that are killed, interrupted or started twice: the published build stays, the next run resumes."""

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
BEFORE_TRAINING = ("ingest", "entities", "classes", "splits")
ONE_LAYER = "training.layers=[mint]"


def wait_for(process: subprocess.Popen[str], word: str) -> str:
    """Read the lines of the build until one contains the word, and return them."""
    assert process.stderr is not None
    output = ""
    for line in process.stderr:
        output += line
        if word in line:
            return output
    pytest.fail(f"the build ended without {word!r} in its output:\n{output}")


def descendants(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


@pytest.mark.slow
def test_build_completes_after_driver_kill(tmp_path: Path) -> None:
    build = builds.start(tmp_path, ONE_LAYER)
    wait_for(build, "splits ")
    children = descendants(build)
    os.kill(build.pid, signal.SIGKILL)
    build.wait()
    _, alive = psutil.wait_procs(children, timeout=90)
    assert not alive, "processes of Spark survived their driver"
    second = subprocess.run(
        builds.command(tmp_path, ONE_LAYER), capture_output=True, text=True, cwd=tmp_path, timeout=400
    )
    assert second.returncode == 0, second.stderr
    assert second.stderr.count("unchanged, skipped") == len(BEFORE_TRAINING), second.stderr
    assert "published build_" in second.stderr
    assert second.stdout.strip().splitlines()[-1].startswith("Report: ")


@pytest.mark.slow
def test_second_build_is_refused_and_interrupt_ends_the_first(tmp_path: Path) -> None:
    build = builds.start(tmp_path)
    wait_for(build, "splits ")
    second = subprocess.run(
        builds.command(tmp_path), capture_output=True, text=True, cwd=tmp_path, timeout=200
    )
    assert second.returncode == 1
    assert f"{tmp_path}/warehouse: another build is running (process {build.pid} on " in second.stderr
    children = descendants(build)
    build.send_signal(signal.SIGINT)
    _, output = build.communicate(timeout=60)
    assert build.returncode == 130
    assert "interrupted; published tables are unchanged" in output
    assert "Traceback" not in output
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive


def test_reader_of_a_build_sees_it_unchanged_when_the_next_dies_between_two_tables(
    tmp_path: Path, spark: SparkSession, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ingest` publishes three tables; the run dies after the first one."""
    build = _with_tables_of(config, builds.configuration(tmp_path))
    nightly._run(spark, build, FIRST, False)
    tag = nightly._tag(spark, build)
    before = {
        name: tables.content_hash(tables.read(spark, build, name, tag=tag))
        for name in ("coins", "images", "rejects")
    }
    more = build.model_copy(update={"ingest": build.ingest.model_copy(update={"quality": 60})})
    publish, published = tables.publish, []

    def publish_once(*arguments: object) -> int:
        if published:
            raise KeyboardInterrupt
        published.append(publish(*arguments))  # type: ignore[arg-type]
        return published[0]

    monkeypatch.setattr(runner.tables, "publish", publish_once)
    with pytest.raises(KeyboardInterrupt):
        nightly._run(spark, more, FIRST, False)
    monkeypatch.setattr(runner.tables, "publish", publish)
    assert published
    assert before == {name: tables.content_hash(tables.read(spark, build, name, tag=tag)) for name in before}
    assert nightly._run(spark, more, FIRST, False)
    images, coins = (tables.read(spark, more, name) for name in ("images", "coins"))
    assert images.join(coins, "image_id", "left_anti").count() == 0
    assert coins.where("image_id IS NOT NULL").join(images, "image_id", "left_anti").count() == 0


def _with_tables_of(config: Config, build: Config) -> Config:
    """The configuration with the tables of this test."""
    return build.model_copy(update={"catalog": config.catalog})
