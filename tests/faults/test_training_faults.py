"""Faults 18 to 20: crafted files, uneven shards, killed workers, a full disk, a killed driver."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from pyspark.sql import SparkSession

from coinspark.core.errors import InputError, TrainingError
from coinspark.training import checkpoint, launch, run_folder
from coinspark.training import shards as shard_files
from coinspark.training.shards import ShardSet
from tests.training_jobs import (
    HOROVOD_WORKER,
    child_processes,
    kill_worker_after_checkpoint,
    small_shards,
    training_job,
)
from tests.training_shards import write_shards


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> ShardSet:
    return small_shards(tmp_path_factory.mktemp("shards"))


def test_18_crafted_checkpoint_is_never_unpickled(tmp_path: Path) -> None:
    (tmp_path / checkpoint.NAME).write_bytes(pickle.dumps([os.getcwd]))
    with pytest.raises(TrainingError, match="not a checkpoint"):
        checkpoint.load(tmp_path)


@pytest.mark.slow
def test_18_weights_with_another_hash_stop_the_run(
    shards: ShardSet, spark: SparkSession, tmp_path: Path
) -> None:
    (tmp_path / "initial.npz").write_bytes(b"not the expected weights")
    file = str(tmp_path / "initial.npz")
    job = training_job(tmp_path / "run", shards, weights=file, weights_sha256="0" * 64)
    with pytest.raises(TrainingError, match=r"initial\.npz: SHA-256 is .*0000"):
        launch.run(job, spark, lambda line: None)
    assert not (tmp_path / "run" / run_folder.RESULT).exists()


@pytest.mark.slow
def test_19_two_workers_train_on_three_shards(spark: SparkSession, tmp_path: Path) -> None:
    uneven = write_shards(tmp_path / "shards", {"train": (5, 4, 4), "validation": (1, 0)})
    job = training_job(tmp_path / "run", uneven, launch="horovod", epochs=1)
    result = launch.run(job, spark, lambda line: None)
    assert result["epochs"] == 1 and "validation_loss" in result["history"][0]


@pytest.mark.slow
def test_19_worker_without_rows_stops_the_run(spark: SparkSession, tmp_path: Path) -> None:
    single = write_shards(tmp_path / "shards", {"train": (5,), "validation": ()})
    job = training_job(tmp_path / "run", single, launch="horovod")
    with pytest.raises(TrainingError, match=r"leave one of 2 workers without rows; lower training\.workers"):
        launch.run(job, spark, lambda line: None)


def test_19_no_file_is_assigned_to_two_workers(tmp_path: Path) -> None:
    uneven = write_shards(tmp_path, {"train": (2, 2, 1)})
    sources = [shard_files.worker_shards(uneven, "train", rank, 2) for rank in range(2)]
    files = [file for source in sources for file in source.files]
    assert sorted(files) == sorted(set(files)) and len(files) == 3
    with pytest.raises(InputError):
        shard_files.steps_per_epoch(uneven, "train", 4, 1)


@pytest.mark.slow
def test_20_killed_worker_fails_the_run_and_the_next_run_resumes(
    shards: ShardSet, spark: SparkSession, tmp_path: Path
) -> None:
    job = training_job(tmp_path / "run", shards, launch="horovod", epochs=20, patience=20)
    began = time.monotonic()
    with (
        kill_worker_after_checkpoint(tmp_path / "run"),
        pytest.raises(TrainingError, match="run again to resume"),
    ):
        launch.run(job, spark, lambda line: None)
    assert time.monotonic() - began < 240
    _assert_ended([pid for pid, line in child_processes().items() if HOROVOD_WORKER in line])
    state = checkpoint.load(tmp_path / "run")
    assert state is not None and 1 <= state.epoch < 20

    lines: list[str] = []
    result = launch.run(job, spark, lines.append)
    assert lines[0].startswith(f"epoch {state.epoch + 1:>2}/20")
    assert result["epochs"] == 20


# A training whose disk is full from the second epoch on: no file can grow past 20 kB.
_FULL_DISK = """
import resource, sys
from coinspark.training import checkpoint, worker
save = checkpoint.save
def save_to_full_disk(folder, state):
    if state.epoch == 2:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    save(folder, state)
checkpoint.save = save_to_full_disk
sys.exit(worker.main(sys.argv[1], sys.argv[2]))
"""


@pytest.mark.slow
def test_20_full_disk_keeps_the_previous_checkpoint(shards: ShardSet, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / run_folder.JOB).write_text(training_job(run, shards).to_json())
    process = subprocess.run(
        [sys.executable, "-c", _FULL_DISK, str(run / run_folder.JOB), str(os.getpid())],
        check=False,
        env=launch.worker_environment(),
        timeout=300,
    )
    assert process.returncode == 1
    assert "the checkpoint of epoch 2 cannot be written" in (run / run_folder.ERROR).read_text()
    state = checkpoint.load(run)
    assert state is not None and state.epoch == 1


_DRIVER = """
import sys
from pathlib import Path
from pyspark.sql import SparkSession
from coinspark.training import launch
from coinspark.training.classifier.recipe import TrainingJob
job = TrainingJob.from_json(Path(sys.argv[1]).read_text())
builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
spark = builder.getOrCreate() if job.training.launch == "horovod" else None
launch.run(job, spark, lambda line: print(line, flush=True))
"""


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["local", "horovod"])
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_20_ended_driver_leaves_no_worker(
    shards: ShardSet, tmp_path: Path, launcher: str, end: signal.Signals
) -> None:
    job = training_job(tmp_path / "run", shards, launch=launcher, epochs=500, patience=500)
    (tmp_path / "job.json").write_text(job.to_json())
    driver = subprocess.Popen(
        [sys.executable, "-c", _DRIVER, str(tmp_path / "job.json")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        env={**launch.worker_environment(), "PYSPARK_PYTHON": sys.executable},
    )
    assert driver.stdout is not None
    started: list[int] = []
    try:
        assert driver.stdout.readline().startswith("epoch ")
        started = list(child_processes(driver.pid))
        assert started
        if end == signal.SIGINT:
            os.killpg(driver.pid, end)  # Ctrl-C signals the whole process group
        else:
            driver.kill()
        assert driver.wait(timeout=90) != 0
        _assert_ended(started)
        assert checkpoint.load(tmp_path / "run") is not None
    finally:
        for pid in [driver.pid, *started]:
            if psutil.pid_exists(pid):
                os.kill(pid, signal.SIGKILL)


def _assert_ended(pids: list[int]) -> None:
    """Check that all of these processes end within half a minute."""
    processes = []
    for pid in pids:
        try:
            processes.append(psutil.Process(pid))
        except psutil.NoSuchProcess:
            continue
    _, alive = psutil.wait_procs(processes, timeout=30)
    running = [
        process for process in alive if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    ]
    assert not running, [process.cmdline() for process in running]
