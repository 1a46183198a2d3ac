"""Small training jobs, and the processes that a test has started."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from coinspark.config import Training
from coinspark.training import checkpoint, launch, run_folder
from coinspark.training.classifier.recipe import TrainingJob
from coinspark.training.job import Job
from coinspark.training.shards import ShardSet
from coinspark.vision import weights
from coinspark.warehouse.files import Location
from tests.paused_training import KILLED
from tests.training_shards import write_shards

TOY_BACKBONE = "tests.extensions.toy_backbone:BACKBONE"
"""A network with one convolution, for tests that are not about the network: it trains in seconds."""


def small_shards(folder: Path) -> ShardSet:
    """24 training and 6 validation images of two types, in two shards each."""
    return write_shards(folder, {"train": (12, 12), "validation": (3, 3)}, types=("Nike", "Tyche"))


def training_job(folder: Path | Location, shards: ShardSet, **training: Any) -> TrainingJob:
    """A job of two epochs of the toy network with twelve steps each, on images of 32 × 64 pixels.

    `training` overrides settings.
    """
    settings = {
        "model": TOY_BACKBONE,
        "epochs": 2,
        "batch": 2,
        "learning_rate": 0.01,
        "warmup": 0.5,
        "workers": 2,
        "launch": "local",
    }
    return TrainingJob(
        str(folder), shards, 32, 64, Training.model_validate(settings | training), 11, "float32"
    )


def assert_trained(job: TrainingJob, sha256: str) -> None:
    """Check that the weights file of a run has moved every layer away from its initial weights."""
    from coinspark.training.classifier import fit
    from coinspark.vision.backbones.backbone import weight_arrays

    kept = weights.read(Path(job.folder) / run_folder.WEIGHTS, sha256)
    initial = weight_arrays(fit.build_network(job))
    kernels = [name for name in kept if name.endswith("/kernel")]
    assert len(kernels) >= 2
    for name in kernels:
        change = np.linalg.norm(kept[name] - initial[name])
        assert change > 0.01 * max(np.linalg.norm(initial[name]), 1.0), f"{name} has not been trained"


HOROVOD_WORKER = "horovod.spark.task.gloo_exec_fn"
"""Part of the command line of a Horovod worker."""


LOCAL_WORKER = "coinspark.training.worker"
"""Part of the command line of the worker of a local training."""


@contextmanager
def kill_worker_after_checkpoint(folder: Path, worker: str = HOROVOD_WORKER) -> Iterator[None]:
    """Meanwhile send SIGKILL to one of the workers as soon as the folder, or one in it, has a checkpoint."""
    finished = threading.Event()

    def kill_worker() -> None:
        while not finished.wait(0.02):
            saved = next(folder.rglob(checkpoint.NAME), None)
            if saved is None:  # listing all processes is slower than a small round
                continue
            if workers := [pid for pid, line in child_processes().items() if worker in line]:
                os.kill(max(workers), signal.SIGKILL)
                (saved.parent / KILLED).touch()
                return

    killer = threading.Thread(target=kill_worker)
    killer.start()
    try:
        yield
    finally:
        finished.set()
        killer.join()


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Meanwhile no file of this process and of processes that it starts can grow past `size` bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def child_processes(pid: int | None = None) -> dict[int, str]:
    """Process id → command line of all running descendants of this process, or of `pid`."""
    command_lines = {}
    for process in psutil.Process(pid).children(recursive=True):
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                command_lines[process.pid] = " ".join(process.cmdline())
        except psutil.NoSuchProcess:
            continue
    return command_lines


_KILLED = """
import json, os, sys
from importlib import import_module
from pathlib import Path
from coinspark.training.collective import SingleWorker
job, checkpoints = Path(sys.argv[1]).read_text(), import_module(sys.argv[2])
save = checkpoints.save
def save_and_exit(folder, state):
    save(folder, state)
    os._exit(9)
checkpoints.save = save_and_exit
import_module(json.loads(job)["program"]).work(job, SingleWorker())
"""


def kill_after_first_checkpoint(job: Job, checkpoints: str) -> None:
    """Run a job in a process that ends without clean-up right after its first checkpoint, as with kill -9.

    `checkpoints` is the module whose function `save` writes the checkpoint.
    """
    folder = Path(job.folder)
    folder.mkdir()
    (folder / run_folder.JOB).write_text(job.to_json())
    process = subprocess.run(
        [sys.executable, "-c", _KILLED, str(folder / run_folder.JOB), checkpoints],
        check=False,
        env=launch.worker_environment(),
    )
    assert process.returncode == 9
