"""Faults 18 to 20 of DESIGN section 6, caused: crafted weights, uneven shards, workers killed, disks full, Ctrl-C."""

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
from coinspark.training import checkpoint, launch, shards
from coinspark.training.shards import Shards
from tests.training_jobs import WORKER, a_worker_killed, below, job
from tests.training_jobs import shards as make_shards
from tests.training_shards import write


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Shards:
    return make_shards(tmp_path_factory.mktemp("shards"))


def test_18_a_crafted_checkpoint_is_never_unpickled(tmp_path: Path) -> None:
    (tmp_path / checkpoint.NAME).write_bytes(pickle.dumps([os.getcwd]))
    with pytest.raises(TrainingError, match="is no checkpoint of ours"):
        checkpoint.load(tmp_path)


@pytest.mark.slow
def test_18_weights_of_another_hash_stop_the_run_and_the_driver_is_told(
    held: Shards, spark: SparkSession, tmp_path: Path
) -> None:
    (tmp_path / "given.npz").write_bytes(b"other weights than were meant")
    told = job(tmp_path / "run", held, weights=str(tmp_path / "given.npz"), weights_sha256="0" * 64)
    with pytest.raises(TrainingError, match=r"given\.npz: SHA-256 is .* but 0000"):
        launch.run(told, spark, lambda line: None)
    assert not (tmp_path / "run" / launch.RESULT).exists()


@pytest.mark.slow
def test_19_three_shards_for_two_workers_end_without_a_stall(spark: SparkSession, tmp_path: Path) -> None:
    uneven = write(tmp_path / "shards", {"train": (5, 4, 4), "validation": (1, 0)})
    result = launch.run(job(tmp_path / "run", uneven, launch="horovod", epochs=1), spark, lambda line: None)
    assert result["epochs"] == 1 and "validation_loss" in result["history"][0]


@pytest.mark.slow
def test_19_a_worker_without_a_row_is_said_before_anybody_waits(spark: SparkSession, tmp_path: Path) -> None:
    thin = write(tmp_path / "shards", {"train": (5,), "validation": ()})
    with pytest.raises(TrainingError, match=r"leave one of 2 workers without a row; lower training\.workers"):
        launch.run(job(tmp_path / "run", thin, launch="horovod"), spark, lambda line: None)


@pytest.mark.slow
def test_20_a_killed_worker_fails_the_run_and_the_next_one_goes_on(
    held: Shards, spark: SparkSession, tmp_path: Path
) -> None:
    told = job(tmp_path / "run", held, launch="horovod", epochs=6, patience=6)
    began = time.monotonic()
    with (
        a_worker_killed(tmp_path / "run"),
        pytest.raises(TrainingError, match="run again to go on from there"),
    ):
        launch.run(told, spark, lambda line: None)
    assert time.monotonic() - began < 240
    _ended([pid for pid, line in below().items() if WORKER in line])
    state = checkpoint.load(tmp_path / "run")
    assert state is not None and 1 <= state.epoch < 6

    said: list[str] = []
    result = launch.run(told, spark, said.append)
    assert said[0].startswith(f"epoch {state.epoch + 1}/6")
    assert result["epochs"] == 6


# The training function on a disk that fills up in the second epoch: no file may grow past 50 kB from then on.
_FULL = """
import resource, sys
from pathlib import Path
from coinspark.training import checkpoint, worker
save = checkpoint.save
def full(folder, state):
    if state.epoch == 2:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    save(folder, state)
checkpoint.save = full
sys.exit(worker.main(sys.argv[1], sys.argv[2]))
"""


@pytest.mark.slow
def test_20_a_disk_full_at_a_checkpoint_leaves_the_one_before(held: Shards, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / launch.JOB).write_text(job(run, held).to_json())
    ended = subprocess.run(
        [sys.executable, "-c", _FULL, str(run / launch.JOB), str(os.getpid())],
        check=False,
        env={**os.environ, **launch._environment()},
        timeout=300,
    )
    assert ended.returncode == 1
    assert "the checkpoint of epoch 2 cannot be written" in (run / launch.ERROR).read_text()
    state = checkpoint.load(run)
    assert state is not None and state.epoch == 1


_DRIVER = """
import sys
from pathlib import Path
from pyspark.sql import SparkSession
from coinspark.training import launch
from coinspark.training.recipe import Job
job = Job.from_json(Path(sys.argv[1]).read_text())
spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
launch.run(job, spark, lambda line: print(line, flush=True))
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["local", "horovod"])
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL])
def test_20_whatever_ends_the_driver_leaves_no_worker_behind(
    held: Shards, tmp_path: Path, how: str, by: signal.Signals
) -> None:
    (tmp_path / "job.json").write_text(
        job(tmp_path / "run", held, launch=how, epochs=500, patience=500).to_json()
    )
    driver = subprocess.Popen(
        [sys.executable, "-c", _DRIVER, str(tmp_path / "job.json")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        env={**os.environ, **launch._environment(), "PYSPARK_PYTHON": sys.executable},
    )
    assert driver.stdout is not None
    started: list[int] = []
    try:
        assert driver.stdout.readline().startswith("epoch ")
        started = list(below(driver.pid))
        assert started
        if by == signal.SIGINT:
            os.killpg(driver.pid, by)  # as Ctrl-C does: to everybody in the terminal's foreground
        else:
            driver.kill()
        assert driver.wait(timeout=90) != 0
        _ended(started)
        assert checkpoint.load(tmp_path / "run") is not None
    finally:
        for pid in [driver.pid, *started]:
            if psutil.pid_exists(pid):
                os.kill(pid, signal.SIGKILL)


def _ended(pids: list[int]) -> None:
    """All of these processes end within half a minute."""
    running = []
    for pid in pids:
        try:
            running.append(psutil.Process(pid))
        except psutil.NoSuchProcess:
            continue
    _, alive = psutil.wait_procs(running, timeout=30)
    alive = [
        process for process in alive if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    ]
    assert not alive, [process.cmdline() for process in alive]


def test_19_a_share_never_takes_a_file_twice(tmp_path: Path) -> None:
    uneven = write(tmp_path, {"train": (2, 2, 1)})
    files = [file for rank in range(2) for file in shards.share(uneven, "train", rank, 2).files]
    assert sorted(files) == sorted(set(files)) and len(files) == 3
    with pytest.raises(InputError):
        shards.steps(uneven, "train", 4, 1)
