"""A full disk and a read-only warehouse stop a build with one line, and with nothing published."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.warehouse import tables
from tests import builds

pytestmark = pytest.mark.slow


def run_on_disk(folder: Path, options: str, *overrides: str) -> subprocess.CompletedProcess[str]:
    """Run a nightly build whose coins and warehouse are on a disk of its own, in memory.

    Args:
        folder: The disk is mounted at `disk` below it, for this build only.
        options: Options of the mount, such as its size.
    """
    disk = folder / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o {options} tmpfs {shlex.quote(str(disk))}"
    if subprocess.run(["unshare", "-rm", "bash", "-c", mount], capture_output=True).returncode:
        pytest.skip("this user cannot mount a disk in a namespace")
    build = shlex.join(builds.command(disk, *overrides))
    return subprocess.run(
        ["unshare", "-rm", "bash", "-c", f"{mount} && cd {shlex.quote(str(folder))} && exec {build}"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(builds.ROOT)},
        timeout=400,
    )


def test_full_disk_stops_with_one_line(tmp_path: Path) -> None:
    done = run_on_disk(tmp_path, "size=300k")
    assert done.returncode == 1
    (message,) = (line for line in done.stderr.splitlines() if line.startswith("coinspark: "))
    assert "no space left on device; free some space" in message.lower()
    assert "Traceback" not in done.stderr and "\tat " not in done.stderr
    assert "published" not in done.stderr


def test_read_only_warehouse_stops_with_one_line_before_spark_starts(tmp_path: Path) -> None:
    done = run_on_disk(tmp_path, "ro", "entities.lists=null", "layers=[{name: mint, kind: mint}]")
    assert done.returncode == 1
    assert done.stderr == (
        f"coinspark: {tmp_path}/disk/warehouse: read-only file system; make it writable for this user, or "
        "choose another folder in the configuration\n"
    )


def test_read_only_warehouse_can_be_queried_and_not_built(
    spark: SparkSession, config: Config, tmp_path: Path
) -> None:
    tables.create(spark, config)
    in_warehouse = [f"warehouse={config.warehouse}", f"catalog.namespace={config.catalog.namespace}"]
    sets = [part for override in in_warehouse for part in ("--set", override)]
    query = "SELECT count(*) AS n FROM coins"
    coinspark = [sys.executable, "-m", "coinspark.cli"]
    queried = run_read_only(config.warehouse, [*coinspark, "sql", query, "--format", "csv", *sets])
    assert (queried.returncode, queried.stdout) == (0, "n\n0\n"), queried.stderr
    source = builds.few_coins(tmp_path)
    built = run_read_only(config.warehouse, [*coinspark, "ingest", *sets, "--set", source])
    assert built.returncode == 1
    where = rf"^coinspark: \S*{config.warehouse}\S*: read-only file system; make it writable"
    assert re.search(where, built.stderr, re.MULTILINE), built.stderr
    assert "Traceback" not in built.stderr and "\tat " not in built.stderr, built.stderr


def run_read_only(folder: str, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command that cannot write to this folder."""
    mount = f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder}"
    if subprocess.run(["unshare", "-rm", "bash", "-c", mount], capture_output=True).returncode:
        pytest.skip("this user cannot mount a folder in a namespace")
    return subprocess.run(
        ["unshare", "-rm", "bash", "-c", f"{mount} && exec {shlex.join(command)}"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(builds.ROOT)},
        timeout=200,
    )
