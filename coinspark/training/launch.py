"""The driver's side of a run, and the workers' way to each other: the only file that knows Horovod.

`horovod`: `horovod.spark.run` with Gloo, a worker a Spark task. `local`: the same training function in one process of its
own, so that TensorFlow never lives in Spark's driver. Either way lines of progress come through a file in the run's folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from pyspark.sql import SparkSession

from coinspark.config import Training
from coinspark.core.errors import CoinsparkError, ConfigError, TrainingError
from coinspark.training.worker_group import Team

JOB, ERROR, LOG, PROGRESS, RESULT = "job.json", "error.txt", "worker.log", "progress.txt", "result.json"
_START = 120  # seconds that Spark has to give us the tasks
# What a worker starts with unless its environment says otherwise. Freed memory stays with the process, in huge pages, or
# each step would fault in its gradients anew; kernels of 2 MB and more are averaged where they lie, not copied together.
_FAST = {
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=100000000000",
    "HOROVOD_FUSION_THRESHOLD": str(2 * 2**20),
    "HOROVOD_CYCLE_TIME": "5",
}
_QUIET = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "GLOG_minloglevel": "2",
    "PYTHONWARNINGS": "ignore",
}


class Job(Protocol):
    """What is launched: `program` is the module with `work(job as text, team)`, which every worker runs in `folder`.

    Its text is JSON with `program` and `folder` in it. How many workers there are, and how they are launched, is `training`'s.
    """

    @property
    def program(self) -> str: ...
    @property
    def folder(self) -> str: ...
    @property
    def training(self) -> Training: ...
    def to_json(self) -> str: ...


def horovod_team() -> Team:
    """The team of the Horovod job that this process belongs to."""
    import horovod.tensorflow.keras as hvd

    hvd.init()

    def mean(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.asarray(hvd.allreduce(array, op=hvd.Average))

    def total(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.asarray(hvd.allreduce(array, op=hvd.Sum))

    return Team(
        hvd.rank(),
        hvd.size(),
        hvd.local_rank(),
        hvd.local_size(),
        hvd.DistributedOptimizer,
        lambda variables: _broadcast(hvd, variables),
        mean,
        total,
    )


def _broadcast(hvd: Any, variables: list[Any]) -> None:
    import horovod.tensorflow

    horovod.tensorflow.broadcast_variables(variables, root_rank=0)


def workers(training: Training) -> int:
    """How many workers these settings start."""
    return training.workers if training.launch == "horovod" else 1


def run(job: Job, spark: SparkSession, say: Callable[[str], None]) -> dict[str, Any]:
    """Train to the end, saying a line an epoch; what `result.json` holds.

    Raises TrainingError where a worker died or ran out of disk (the last whole checkpoint stays for the next run), ConfigError
    where Spark has fewer task slots than workers. No worker outlives this call, however it ends.
    """
    folder = Path(job.folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ERROR).unlink(missing_ok=True)
    (folder / JOB).write_text(job.to_json(), encoding="utf-8")
    with _following(folder / PROGRESS, say), (folder / LOG).open("w", encoding="utf-8") as log:
        if job.training.launch == "local":
            _local(folder, log)
        else:
            _horovod(job, spark, log)
    loaded: dict[str, Any] = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    return loaded


def _local(folder: Path, log: Any) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "coinspark.training.worker", str(folder / JOB), str(os.getpid())],
        env=_environment(),
        stdout=log,
        stderr=log,
        stdin=subprocess.DEVNULL,
    )
    try:
        code = process.wait()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if code:
        raise _failure(folder, f"the training process ended with {code}")


def _horovod(job: Job, spark: SparkSession, log: Any) -> None:
    import horovod.spark

    spark.sparkContext.environment.update(_QUIET)
    if (slots := spark.sparkContext.defaultParallelism) < job.training.workers:
        raise ConfigError(
            f"training.workers: {job.training.workers} workers need as many Spark task slots at once, the "
            f"session has {slots}; give it more cores or lower training.workers"
        )
    try:
        ends = horovod.spark.run(
            work,
            args=(job.to_json(),),
            num_proc=job.training.workers,
            use_gloo=True,
            verbose=0,
            start_timeout=_START,
            stdout=log,
            stderr=log,
            env=_environment(),
        )
    except CoinsparkError:
        raise
    except Exception as error:
        raise _failure(
            Path(job.folder), f"a Horovod worker died: {' '.join(str(error).split())[:300]}"
        ) from error
    if len(set(ends)) != 1:
        raise TrainingError(
            f"{job.folder}: the workers ended with different weights, so their gradients were not averaged; "
            "check that Horovod was built against this TensorFlow and Keras"
        )


def work(job: str, team: Callable[[], Team] = horovod_team) -> str:
    """What each worker does; the hash of its weights. Faults that a user can mend are left in `error.txt`."""
    told = json.loads(job)
    try:
        return str(import_module(told["program"]).work(job, team()))
    except CoinsparkError as error:
        (Path(told["folder"]) / ERROR).write_text(f"{type(error).__name__}: {error}", encoding="utf-8")
        raise


def _failure(folder: Path, what: str) -> CoinsparkError:
    if (folder / ERROR).exists():
        return TrainingError(
            f"{folder.name}: " + (folder / ERROR).read_text(encoding="utf-8").partition(": ")[2]
        )
    log = (folder / LOG).read_text(encoding="utf-8", errors="replace")
    lines = [line for line in log.splitlines() if line.strip()]
    last = " | ".join(lines[-3:])[-600:] or "none"
    return TrainingError(
        f"{folder.name}: {what}; its last words, of {folder / LOG}: {last}. "
        "The last whole checkpoint stays: run again to go on from there"
    )


def _environment() -> dict[str, str]:
    """The driver's own; fast, quiet, and able to import this package from where the driver has it."""
    here = str(Path(__file__).resolve().parents[2])
    return {
        **_FAST,
        **os.environ,
        **_QUIET,
        "PYTHONPATH": os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH")))),
    }


@contextmanager
def _following(file: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Say each new line of a file that another process appends to."""
    done = threading.Event()
    start = file.stat().st_size if file.exists() else 0

    def follow() -> None:
        place = start
        while True:
            last = done.wait(0.5)
            if file.exists():
                with file.open(encoding="utf-8") as opened:
                    opened.seek(place)
                    for line in opened.readlines():
                        say(line.rstrip("\n"))
                    place = opened.tell()
            if last:
                return

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
