"""Launch a training from the driver and connect its workers. The only module that imports Horovod.

`horovod`: `horovod.spark.run` with Gloo, one worker per Spark task; all servers listen on one network
interface. `local`: the same training function in one child process, so that TensorFlow is never loaded in
Spark's driver. In both cases progress lines arrive through a file in the run's folder, which may be in an
object store (see `worker_files`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from pyspark.sql import SparkSession

from coinspark.clustering.collective import AllreduceCollective, Array
from coinspark.config import Training
from coinspark.core.errors import CoinsparkError, ConfigError, TrainingError
from coinspark.training import worker_files
from coinspark.training.collective import TrainingCollective
from coinspark.training.interfaces import interface_address, select_interface
from coinspark.training.job import Job
from coinspark.training.run_folder import DRIVER_LOG, ERROR, JOB, LOG, read_progress, read_result
from coinspark.warehouse.files import Location
from coinspark.warehouse.object_storage import ENVIRONMENT, NO_ACCESS, Access
from coinspark.warehouse.session import QUIET

_POLL_LOCAL = 0.5  # seconds between two looks at the progress file
_START_TIMEOUT = 120  # seconds until Spark must have started the tasks
# Environment of a worker, unless the driver's environment sets it otherwise. malloc keeps freed memory, in
# huge pages: otherwise each step page-faults its gradients again. Horovod averages kernels of 2 MB and more
# in place, without copying them into a fusion buffer.
_PERFORMANCE = {
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:"
    "glibc.malloc.trim_threshold=100000000000",
    "HOROVOD_FUSION_THRESHOLD": str(2 * 2**20),
    "HOROVOD_CYCLE_TIME": "5",
}


def worker_count(training: Training) -> int:
    """Number of workers that these settings start."""
    return training.workers if training.launch == "horovod" else 1


def run(
    job: Job, spark: SparkSession, report: Callable[[str], None], access: Access = NO_ACCESS
) -> dict[str, Any]:
    """Run a training to its end, or resume it from its checkpoint. No worker outlives this call.

    Args:
        report: Called with each progress line.
        access: How to open the folders of the job if they are in an object store.

    Returns:
        The content of `result.json`.

    Raises:
        TrainingError: A worker failed or its disk is full. The last checkpoint is kept for the next run.
        ConfigError: Spark has fewer task slots than workers.
    """
    folder = Location.of(job.folder, access)
    (folder / ERROR).remove()
    worker_files.upload_initial_weights(job.to_json(), access)
    with worker_files.driver_folder(folder) as files:
        (files / JOB).write_text(job.to_json(), encoding="utf-8")
        with _follow(folder, report), (files / LOG).open("w", encoding="utf-8") as log:
            if job.training.launch == "local":
                _run_local(folder, files, log)
            else:
                _run_horovod(job, spark, folder, files, log)
    return read_result(folder)


def work(
    job: str, connect: Callable[[], TrainingCollective] | None = None, access: Access = NO_ACCESS
) -> str:
    """Main function of a worker; returns the SHA-256 of its weights.

    The message of a CoinsparkError is also written to `error.txt`, for the driver.

    Args:
        job: The job as JSON.
        connect: Returns the collective operations of the workers; None: the Horovod job of this process.
        access: How to open the folders of the job if they are in an object store.
    """
    settings = json.loads(job)
    try:
        workers = (connect or horovod_collective)()
        with worker_files.local_job(job, workers, access) as local:
            return str(import_module(settings["program"]).work(local, workers))
    except CoinsparkError as error:
        message = f"{type(error).__name__}: {error}"
        (Location.of(settings["folder"], access) / ERROR).write_text(message)
        raise


def horovod_collective() -> TrainingCollective:
    """The workers of the Horovod job that this process belongs to."""
    import horovod.tensorflow.keras as hvd
    from horovod.spark.task import get_available_devices
    from horovod.tensorflow import broadcast_variables

    hvd.init()

    class HorovodCollective(AllreduceCollective, TrainingCollective):
        local_rank, local_size = hvd.local_rank(), hvd.local_size()
        gpus = tuple(get_available_devices())

        def mean(self, values: Array) -> Array:
            return np.asarray(hvd.allreduce(values, op=hvd.Average))

        def distribute_optimizer(self, optimizer: Any) -> Any:
            return hvd.DistributedOptimizer(optimizer)

        def broadcast_variables(self, variables: list[Any]) -> None:
            broadcast_variables(variables, root_rank=0)

    def allreduce(values: Array) -> Array:
        return np.asarray(hvd.allreduce(values, op=hvd.Sum))

    return HorovodCollective(allreduce, hvd.rank(), hvd.size())


def worker_environment() -> dict[str, str]:
    """The driver's environment with performance and log settings, and this package on the Python path."""
    package_path = str(Path(__file__).resolve().parents[2])
    return {
        **_PERFORMANCE,
        **os.environ,
        **QUIET,
        "PYTHONPATH": os.pathsep.join(filter(None, (package_path, os.environ.get("PYTHONPATH")))),
    }


def _run_local(folder: Location, files: Path, log: Any) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "coinspark.training.worker", str(files / JOB), str(os.getpid())],
        env={**worker_environment(), ENVIRONMENT: folder.access.to_json()},
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
        raise _failure(folder, files, f"the training process ended with exit code {code}")


def _run_horovod(job: Job, spark: SparkSession, folder: Location, files: Path, log: Any) -> None:
    import horovod.spark.runner

    if (slots := spark.sparkContext.defaultParallelism) < job.training.workers:
        raise ConfigError(
            f"training.workers: {job.training.workers} workers need as many Spark task slots at once, the "
            f"session has {slots}; add cores or lower training.workers"
        )
    interface = select_interface(job.training.interface, spark)
    listen_on(interface)  # the servers of this process
    horovod.spark.runner._task_fn = _run_task  # those of Spark's tasks
    try:
        with _thread_errors_in(files / DRIVER_LOG):
            hashes = horovod.spark.run(
                work,
                args=(job.to_json(), None, folder.access),
                num_proc=job.training.workers,
                use_gloo=True,
                nics={interface},
                verbose=0,
                start_timeout=_START_TIMEOUT,
                stdout=log,
                stderr=log,
                env=worker_environment(),
            )
    except CoinsparkError:
        raise
    except Exception as error:
        message = " ".join(str(error).split())[:300]
        raise _failure(folder, files, f"a Horovod worker failed: {message}") from error
    if len(set(hashes)) != 1:
        raise TrainingError(
            f"{job.folder}: the workers finished with different weights, so their gradients were not "
            "averaged; check that Horovod was built for the installed TensorFlow and Keras"
        )


def listen_on(interface: str) -> None:
    """Let the servers that Horovod starts in this process listen on one interface.

    Horovod 0.28 has no setting for it: `nics` only selects the addresses that it announces.
    """
    from horovod.runner.common.util import network
    from horovod.runner.http import http_server

    address = interface_address(interface)

    def find_port(create_server: Callable[[tuple[str, int]], Any]) -> tuple[Any, int]:
        server = create_server((address, 0))  # 0: any free port
        return server, server.server_address[1]

    network.find_port = http_server.find_port = find_port


def _run_task(index: int, driver_addresses: Any, key: Any, settings: Any, *more: Any) -> Any:
    """Horovod's Spark task, whose server listens on the interface of the workers."""
    from horovod.spark.runner import _task_fn

    listen_on(next(iter(settings.nics)))
    return _task_fn(index, driver_addresses, key, settings, *more)


@contextmanager
def _thread_errors_in(file: Path) -> Iterator[None]:
    """Write the stack traces of Horovod's threads to a file, not to standard error.

    Its thread that runs the Spark job raises the error of a failed task. The error of `horovod.spark.run`,
    which follows it, reaches the user in one line.
    """
    before = threading.excepthook

    def write(arguments: threading.ExceptHookArgs) -> None:
        with file.open("a", encoding="utf-8") as stream:
            traceback.print_exception(arguments.exc_value, file=stream)

    threading.excepthook = write
    try:
        yield
    finally:
        threading.excepthook = before


def _failure(folder: Location, files: Path, what: str) -> CoinsparkError:
    """The error that a worker left in `error.txt`, or `what` with the last lines of its log."""
    if (folder / ERROR).exists():
        return TrainingError(f"{folder.name}: {(folder / ERROR).read_text().partition(': ')[2]}")
    log = (files / LOG).read_text(encoding="utf-8", errors="replace")
    lines = [line for line in log.splitlines() if line.strip()]
    last_lines = " | ".join(lines[-3:])[-600:] or "none"
    return TrainingError(
        f"{folder.name}: {what}; last log lines of {folder / LOG}: {last_lines}. "
        "The last checkpoint is kept: run again to resume"
    )


@contextmanager
def _follow(folder: Location, report: Callable[[str], None]) -> Iterator[None]:
    """Report each progress line that another process writes, from a thread."""
    finished = threading.Event()
    pause = _POLL_LOCAL if folder.local is not None else worker_files.INTERVAL
    reported = len(read_progress(folder))

    def follow() -> None:
        shown, last = reported, False
        while not last:
            last = finished.wait(pause)
            lines = read_progress(folder)
            for line in lines[shown:]:
                report(line)
            shown = max(shown, len(lines))

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()
