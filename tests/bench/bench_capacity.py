"""Processor time of each stage per coin, for the capacity page in deploy/README.md.

    python -m tests.bench.bench_capacity [coins [photo]]

A complete build on synthetic coins in a process of its own, with the settings of conf/demo.yaml, two epochs
and photos of `photo` pixels. The time is that of the driver, the JVM and all workers, until the line that a
stage prints at its end; that of the first stage includes the start of Spark.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
STAGE = re.compile(r"(\w+) +.*\((\d+) s\)$|published ")


def main(coins: int = 1000, photo: int = 600) -> dict[str, float]:
    """Print processor time and elapsed time of each stage. Returns the seconds of processor time."""
    with tempfile.TemporaryDirectory() as folder:
        # the coins are drawn by a first `ingest`, whose time does not count
        arguments = _arguments(Path(folder), coins, photo)
        command = [sys.executable, "-m", "coinspark.cli"]
        subprocess.run([*command, "ingest", *arguments], check=True, cwd=ROOT, stderr=subprocess.DEVNULL)
        build = subprocess.Popen(
            [*command, "nightly", "--force", *arguments],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        times: dict[str, float] = {}
        processor, wall = 0.0, time.monotonic()
        assert build.stderr is not None
        for line in build.stderr:
            if line.startswith("starting Spark") or not (match := STAGE.match(line)):
                continue
            now, elapsed = _processor_seconds(build.pid), time.monotonic()
            name = match[1] or "publish"
            times[name] = now - processor
            print(
                f"{name:10} {times[name]:8.1f} s of processor time, "
                f"{1000 * times[name] / coins:8.2f} ms a coin, {elapsed - wall:7.1f} s elapsed",
                flush=True,
            )
            processor, wall = now, elapsed
        build.wait()
    total = 1000 * sum(times.values()) / coins
    print(f"capacity: {coins} coins, photos of {photo} px: {total:.1f} ms of processor time a coin")
    return times


def _arguments(folder: Path, coins: int, photo: int) -> list[str]:
    size = f"coins: {coins}, mints: 6, photo: {photo}"
    source = f"{{kind: synthetic, name: synthetic, root: '{folder}/coins', {size}}}"
    overrides = [
        f"sources=[{source}]",
        f"entities.lists='{folder}/coins/lists'",
        f"warehouse={folder}/warehouse",
        "training.epochs=2",
        "training.launch=local",
        "features.scheduled=true",
    ]
    sets = [part for override in overrides for part in ("--set", override)]
    return ["--config", str(ROOT / "conf" / "demo.yaml"), *sets]


def _processor_seconds(pid: int) -> float:
    """User and system time of a process and of all that it started, also of those that have ended."""
    total = 0.0
    root = psutil.Process(pid)
    for process in (root, *root.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
