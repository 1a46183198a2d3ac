"""Trainings whose run folder and shards are not on a local disk: workers share no folder with the driver."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from tensorflow.python.util import _pywrap_determinism

from coinspark.core.errors import CoinsparkError, InputError, TrainingError
from coinspark.training import checkpoint, launch, run_folder, worker_files
from coinspark.training.classifier import fit
from coinspark.training.classifier.recipe import TrainingJob
from coinspark.training.collective import SingleWorker, TrainingCollective
from coinspark.training.shards import ShardSet
from coinspark.warehouse.files import Location
from coinspark.warehouse.object_storage import NO_ACCESS, Access
from tests import remote_storage
from tests.training_jobs import small_shards, training_job


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> ShardSet:
    return small_shards(tmp_path_factory.mktemp("shards"))


@pytest.fixture(scope="module")
def trained(shards: ShardSet, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Result of the training on a local disk."""
    return run(training_job(tmp_path_factory.mktemp("local"), shards, feed="tfdata"))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, also of child processes."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Location]:
    """A folder in memory. The worker of a local training runs in this process, which alone can open it."""

    def run_local(folder: Location, files: Path, log: Any) -> None:
        try:
            launch.work((files / run_folder.JOB).read_text(), SingleWorker, folder.access)
        except CoinsparkError as error:
            raise launch._failure(folder, files, "the worker failed") from error

    def configure(workers: TrainingCollective, seed: int, precision: str) -> None:
        # All but the threads, which cannot be set once a process has used TensorFlow.
        tf.config.experimental.enable_op_determinism()
        tf.keras.utils.set_random_seed(seed)

    monkeypatch.setattr(launch, "_run_local", run_local)
    monkeypatch.setattr(fit, "configure_tensorflow", configure)
    yield remote_storage.in_memory(monkeypatch)
    _pywrap_determinism.enable(False)  # for the other tests; TensorFlow has no public function for it


def run(job: TrainingJob, access: Access = NO_ACCESS, lines: list[str] | None = None) -> dict[str, Any]:
    spark: Any = None  # a local training does not use it
    return launch.run(job, spark, (lines if lines is not None else []).append, access)


def store(shards: ShardSet, folder: Location) -> ShardSet:
    """The shards in other storage; those of the test split are missing, since no training reads them."""
    folder.upload(Path(shards.folder))
    return replace(shards, folder=str(folder), rows={**shards.rows, "test": (4, 4)})


def assert_same_run(folder: Location, expected: dict[str, Any], result: dict[str, Any]) -> None:
    assert result == expected
    assert (folder / run_folder.WEIGHTS).sha256() == expected["sha256"]
    names = {child.name for child in folder.iterdir()}
    assert names == {
        "checkpoint.npz",
        "job.json",
        "progress.txt",
        "result.json",
        "tensorboard",
        "weights.npz",
        "worker.log",
    }


def assert_no_copies(temporary: Path) -> None:
    """No copy of shards, weights or logs stays on the worker or the driver."""
    assert list(temporary.glob("coinspark-*")) == []


def test_training_in_memory_gives_the_weights_of_a_local_one_and_resumes(
    shards: ShardSet,
    trained: dict[str, Any],
    memory: Location,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, lines = memory / "runs" / "mint-0", list[str]()
    stored = store(shards, memory / "shards")
    job = training_job(folder, stored, feed="tfdata")
    save = checkpoint.save

    def save_and_die(run: Path, state: checkpoint.TrainingState) -> None:
        save(run, state)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", save_and_die)
        with pytest.raises(KeyboardInterrupt):
            run(job)
    assert not (folder / run_folder.RESULT).exists() and (folder / checkpoint.NAME).exists()
    assert_same_run(folder, trained, run(job, lines=lines))
    assert [line.split("  ")[0] for line in lines] == ["epoch 2/2"]
    assert_no_copies(temporary)
    assert json.loads((folder / "job.json").read_text())["folder"] == folder.uri


def test_missing_shard_stops_the_training(shards: ShardSet, memory: Location) -> None:
    stored = store(shards, memory / "shards")
    (memory / "shards" / "train" / "00001.parquet").remove()
    with pytest.raises(TrainingError, match=r"train/00001\.parquet: no such shard; remove the folder"):
        run(training_job(memory / "run", stored, feed="tfdata"))


def test_initial_weights_of_the_driver_reach_the_worker_and_count_by_their_hash(
    shards: ShardSet, memory: Location, tmp_path: Path
) -> None:
    """The worker cannot open the driver's file."""
    file = tmp_path / "initial.npz"
    file.write_bytes(b"not the expected weights")
    job = training_job(
        memory / "run", store(shards, memory / "shards"), weights=str(file), weights_sha256="0" * 64
    )
    with pytest.raises(TrainingError, match=r"/initial-training\.npz: SHA-256 is .*0000"):
        run(job)
    assert (memory / "run" / "initial-training.npz").read_bytes() == file.read_bytes()


def test_result_is_the_last_file_of_a_run(
    shards: ShardSet, memory: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training whose weights cannot be stored has no result: it is not taken for finished."""
    upload = Location.upload

    def fail(self: Location, source: Path) -> None:
        if self.name == run_folder.WEIGHTS:
            raise InputError(f"{self}: access denied")
        upload(self, source)

    monkeypatch.setattr(Location, "upload", fail)
    with pytest.raises(TrainingError, match=r"mint-0: .*weights\.npz: access denied"):
        run(training_job(memory / "mint-0", store(shards, memory / "shards"), feed="tfdata"))
    assert not (memory / "mint-0" / run_folder.RESULT).exists()


def test_only_worker_0_copies_its_files_back_and_each_worker_its_own_shards(
    shards: ShardSet, memory: Location, temporary: Path
) -> None:
    job = training_job(memory / "run", store(shards, memory / "shards"))

    class SecondOfTwo(SingleWorker):
        rank, size = 1, 2

    with worker_files.local_job(job.to_json(), SecondOfTwo(), NO_ACCESS) as text:
        local = TrainingJob.from_json(text)
        files = sorted(
            path.relative_to(local.shards.folder) for path in Path(local.shards.folder).rglob("*.parquet")
        )
        assert [str(path) for path in files] == ["train/00001.parquet", "validation/00001.parquet"]
        run_folder.append_progress(Path(local.folder), "epoch 1")
    assert not (memory / "run").exists()
    assert_no_copies(temporary)


@pytest.mark.parametrize("killed_after", ["weights.npz", "run.json"])
def test_forced_run_is_finished_once_its_marker_is_written(
    memory: Location, monkeypatch: pytest.MonkeyPatch, killed_after: str
) -> None:
    """The marker of the former run does not fit the new weights: the run is trained again."""
    published, scratch = memory / "runs" / "a", memory / "scratch" / "runs" / "a"
    for folder, content in ((published, b"former"), (scratch, b"new")):
        (folder / run_folder.WEIGHTS).write_bytes(content)
        (folder / "worker.log").write_bytes(content)
    (published / "run.json").write_json({"sha256": (published / run_folder.WEIGHTS).sha256()})
    (scratch / checkpoint.NAME).write_bytes(b"checkpoint")
    row = {"sha256": (scratch / run_folder.WEIGHTS).sha256()}
    move, write = Location.move, Location.write_json

    def move_and_die(self: Location, target: Location) -> None:
        move(self, target)
        if self.name == killed_after:
            raise KeyboardInterrupt

    def write_and_die(self: Location, value: Any) -> None:
        write(self, value)
        if self.name == killed_after:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Location, "move", move_and_die)
        patch.setattr(Location, "write_json", write_and_die)
        with pytest.raises(KeyboardInterrupt):
            run_folder.mark_finished(scratch, published, "run.json", row)
    expected = row if killed_after == "run.json" else None
    assert run_folder.finished_row(published, "run.json") == expected
    if expected is None:
        assert run_folder.mark_finished(scratch, published, "run.json", row) == row
        assert (published / "worker.log").read_bytes() == b"new"
        assert not (published / checkpoint.NAME).exists() and not scratch.exists()


@pytest.mark.slow(seconds=20)
def test_training_in_s3_in_another_process_shares_no_folder_with_the_driver(
    shards: ShardSet, trained: dict[str, Any], temporary: Path
) -> None:
    with remote_storage.s3_server() as warehouse:
        folder, lines = warehouse / "runs" / "mint-0", list[str]()
        job = training_job(folder, store(shards, warehouse / "shards"), feed="petastorm")
        assert_same_run(folder, trained, run(job, warehouse.access, lines))
        assert [line.split("  ")[0] for line in lines] == ["epoch 1/2", "epoch 2/2"]
        assert_no_copies(temporary)
        for child in folder.iterdir():
            assert child.is_dir() or b"secret" not in child.read_bytes()
