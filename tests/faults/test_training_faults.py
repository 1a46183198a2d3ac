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

from coinspark.config import Config
from coinspark.core.errors import InputError, TrainingError
from coinspark.core.hashing import file_hash
from coinspark.pipeline import run as runner
from coinspark.training import checkpoint, launch, run_folder
from coinspark.training import shards as shard_files
from coinspark.training.classifier import stage as training_stage
from coinspark.training.shards import ShardSet
from coinspark.warehouse import schemas, tables
from coinspark.warehouse.local_frame import local_frame
from tests.paused_training import paused
from tests.training_jobs import (
    HOROVOD_WORKER,
    LOCAL_WORKER,
    assert_trained,
    child_processes,
    full_disk,
    kill_worker_after_checkpoint,
    small_shards,
    training_job,
)
from tests.training_shards import CLASSES, image_table, write_shards


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> ShardSet:
    return small_shards(tmp_path_factory.mktemp("shards"))


@pytest.mark.fault(18)
def test_18_crafted_checkpoint_is_never_unpickled(tmp_path: Path) -> None:
    (tmp_path / checkpoint.NAME).write_bytes(pickle.dumps([os.getcwd]))
    with pytest.raises(TrainingError, match="not a checkpoint"):
        checkpoint.load(tmp_path)


@pytest.mark.fault(18)
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


@pytest.mark.fault(19)
@pytest.mark.slow
def test_19_worker_without_rows_stops_the_run(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    single = write_shards(tmp_path / "shards", {"train": (5,), "validation": ()})
    job = training_job(tmp_path / "run", single, launch="horovod")
    with pytest.raises(TrainingError, match=r"leave one of 2 workers without rows; lower training\.workers"):
        launch.run(job, spark, lambda line: None)
    assert capsys.readouterr().err == ""
    assert "Traceback" in (tmp_path / "run" / run_folder.DRIVER_LOG).read_text()


@pytest.mark.fault(19)
def test_19_no_file_is_assigned_to_two_workers(tmp_path: Path) -> None:
    uneven = write_shards(tmp_path, {"train": (2, 2, 1)})
    sources = [shard_files.worker_shards(uneven, "train", rank, 2) for rank in range(2)]
    files = [file for source in sources for file in source.files]
    assert sorted(files) == sorted(set(files)) and len(files) == 3
    with pytest.raises(InputError):
        shard_files.steps_per_epoch(uneven, "train", 4, 1)


@pytest.mark.fault(19, 20)
@pytest.mark.slow(seconds=60)
def test_19_and_20_two_workers_on_three_shards_resume_after_a_kill_with_the_same_weights(
    spark: SparkSession, tmp_path: Path
) -> None:
    """Seven steps per epoch; one of the workers has no validation images."""
    uneven = write_shards(tmp_path / "shards", {"train": (5, 4, 4), "validation": (1, 0)})
    whole_job, job = (
        training_job(tmp_path / name, uneven, launch="horovod", epochs=3) for name in ("whole", "killed")
    )
    whole = launch.run(whole_job, spark, lambda line: None)  # checks that the workers' weights are equal
    assert whole["epochs"] == 3 and "validation_loss" in whole["history"][0]
    assert whole["history"][-1]["loss"] < whole["history"][0]["loss"] - 0.01
    assert_trained(whole_job, whole["sha256"])

    began = time.monotonic()
    with (
        kill_worker_after_checkpoint(tmp_path / "killed"),
        pytest.raises(TrainingError, match="run again to resume"),
    ):
        launch.run(paused(job), spark, lambda line: None)
    assert time.monotonic() - began < 240
    _assert_ended([pid for pid, line in child_processes().items() if HOROVOD_WORKER in line])
    state = checkpoint.load(tmp_path / "killed")
    assert state is not None and state.epoch == 1

    lines: list[str] = []
    assert launch.run(job, spark, lines.append) == whole
    assert lines[0].startswith("epoch 2/3")


@pytest.fixture
def coins_to_train(spark: SparkSession, config: Config, tmp_path: Path) -> Config:
    """Published tables of 24 coins of three mints, and the configuration of a training in three epochs."""
    config = config.model_copy(update={"warehouse": str(tmp_path)})
    tables.create(spark, config)
    sides = {6: "validation", 7: "test"}
    coins = [
        {
            "layer": "mint",
            "fold": 0,
            "coin_id": f"c{n}",
            "medium": "original",
            "mint": CLASSES[n % 3],
            "class": CLASSES[n % 3],
            "split": sides.get(n % 8, "train"),
            "types": [],
            "source": "s",
            "descriptions": [],
            "image_id": f"i{n}",
        }
        for n in range(24)
    ]
    for schema in (schemas.COINS, schemas.SPLITS):
        rows = [tuple(coin.get(name) for name in schema.columns) for coin in coins]
        frame = local_frame(spark, rows, schema.ddl)
        tables.publish(spark, config, tables.stage(spark, config, schema.name, frame))
    images = image_table(spark, range(24))
    tables.publish(spark, config, tables.stage(spark, config, "images", images))
    training = training_job(tmp_path, ShardSet("", "", (), {}, ()), epochs=3, feed="tfdata").training
    ingest = config.ingest.model_copy(update={"sizes": (32,), "shape": "wide"})
    return config.model_copy(update={"training": training, "ingest": ingest})


@pytest.mark.fault(20)
@pytest.mark.slow(seconds=40)
def test_20_published_model_stays_and_damaged_weights_are_trained_again(
    spark: SparkSession, coins_to_train: Config, tmp_path: Path
) -> None:
    config = coins_to_train
    assert runner.run(spark, config, training_stage.STAGE)
    published = tables.snapshot(spark, config, "runs")
    runs = {row["role"]: row for row in tables.read(spark, config, "runs").collect()}
    assert set(runs) == {"network", "baseline"}
    files = {role: tmp_path / row["weights"] for role, row in runs.items()}

    def assert_published() -> None:
        assert tables.snapshot(spark, config, "runs") == published
        hashes = {role: file_hash(file) for role, file in files.items()}
        assert hashes == {role: row["sha256"] for role, row in runs.items()}
        assert not runner.run(spark, config, training_stage.STAGE)

    # The worker of another training is killed: the published model is still the whole one.
    longer = config.training.model_copy(update={"epochs": 5000, "patience": 5000})
    more_epochs = config.model_copy(update={"training": longer})
    with (
        kill_worker_after_checkpoint(tmp_path / "runs", LOCAL_WORKER),
        pytest.raises(TrainingError, match=r"exit code -9; .* run again to resume"),
    ):
        runner.run(spark, more_epochs, training_stage.STAGE)
    assert_published()

    # The disk is full at the next checkpoint: the last whole one and the published model stay.
    (file,) = (tmp_path / "runs").glob(f"*/{checkpoint.NAME}")
    content = file.read_bytes()
    with (
        full_disk(20_000),
        pytest.raises(TrainingError, match=r"the checkpoint of epoch .* cannot be written"),
    ):
        runner.run(spark, more_epochs, training_stage.STAGE)
    assert file.read_bytes() == content
    assert_published()

    # Damaged weights are trained again to the same hash; the weights of the other run are not touched.
    content, baseline = files["network"].read_bytes(), files["baseline"].stat()
    files["network"].write_bytes(content[: len(content) // 2])
    assert runner.run(spark, config, training_stage.STAGE)
    assert files["network"].read_bytes() == content
    assert files["baseline"].stat() == baseline
    assert tables.snapshot(spark, config, "runs") == published, "the stages after it are skipped"
    assert not runner.run(spark, config, training_stage.STAGE)


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


@pytest.mark.fault(20)
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


@pytest.mark.fault(20)
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
