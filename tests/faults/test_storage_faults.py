"""A full disk and a read-only warehouse stop a build with one line, and with nothing published."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

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
