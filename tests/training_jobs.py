"""Small jobs for the tests of training runs, and the processes below ours."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from coinspark.config import Training
from coinspark.training import checkpoint
from coinspark.training.classifier.recipe import Job
from coinspark.training.shards import Shards
from tests.training_shards import write


def shards(folder: Path) -> Shards:
    """12 coins to train, 6 to validate, in two shards each, of two types."""
    return write(folder, {"train": (6, 6), "validation": (3, 3)}, types=("Nike", "Tyche"))


def job(folder: Path, held: Shards, **training: Any) -> Job:
    """A run of two epochs of two steps, on pictures of 32 × 64."""
    settings = {"epochs": 2, "batch": 6, "warmup": 0.5, "workers": 2, "launch": "local", **training}
    return Job(str(folder), held, 32, 64, Training.model_validate(settings), 11, "float32")


WORKER = "horovod.spark.task.gloo_exec_fn"
"""What stands in a Horovod worker's command line."""


@contextmanager
def a_worker_killed(folder: Path) -> Iterator[None]:
    """Meanwhile: as soon as a checkpoint stands in the folder, kill -9 for one of the Horovod workers."""
    done = threading.Event()

    def kill_one() -> None:
        while not done.wait(0.02):
            if not (
                folder / checkpoint.NAME
            ).exists():  # to look through all processes takes longer than a small round
                continue
            if workers := [pid for pid, line in below().items() if WORKER in line]:
                os.kill(max(workers), signal.SIGKILL)
                return

    killer = threading.Thread(target=kill_one)
    killer.start()
    try:
        yield
    finally:
        done.set()
        killer.join()


def below(pid: int | None = None) -> dict[int, str]:
    """Process id → command line of everything that this process (or `pid`) has started and that still runs."""
    found = {}
    for process in psutil.Process(pid).children(recursive=True):
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                found[process.pid] = " ".join(process.cmdline())
        except psutil.NoSuchProcess:
            continue
    return found
