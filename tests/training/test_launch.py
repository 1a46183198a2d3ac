"""Whole runs: alone and by two Horovod workers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from coinspark.core.errors import ConfigError
from coinspark.core.hashing import file_hash
from coinspark.training import checkpoint, launch
from coinspark.training.shards import Shards
from tests.training_jobs import job
from tests.training_jobs import shards as make_shards


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Shards:
    return make_shards(tmp_path_factory.mktemp("shards"))


# The training function in a process that ends, without a word, right after its first checkpoint: a kill -9 at that point.
_KILLED = """
import os, sys
from pathlib import Path
from coinspark.training import checkpoint, fit, team
from coinspark.training.recipe import Job
save = checkpoint.save
def last(folder, state):
    save(folder, state)
    os._exit(9)
checkpoint.save = last
fit.train(Job.from_json(Path(sys.argv[1]).read_text()), team.alone())
"""


@pytest.mark.slow
def test_equal_input_gives_equal_weights_and_a_killed_run_goes_on_to_them(
    held: Shards, spark: SparkSession, tmp_path: Path
) -> None:
    said: list[str] = []
    whole = launch.run(job(tmp_path / "whole", held, feed="petastorm"), spark, said.append)
    assert [line.split("  ")[0] for line in said] == ["epoch 1/2", "epoch 2/2"]
    assert all("val top-1" in line for line in said)
    assert whole["epochs"] == 2 and len(whole["history"]) == 2
    assert file_hash(tmp_path / "whole" / "weights.npz") == whole["sha256"]
    assert list((tmp_path / "whole" / "tensorboard").iterdir())

    killed = job(tmp_path / "killed", held, feed="tfdata")
    (tmp_path / "killed").mkdir()
    (tmp_path / "job.json").write_text(killed.to_json())
    ended = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path / "job.json")], check=False, env=launch._environment()
    )
    assert ended.returncode == 9
    state = checkpoint.load(tmp_path / "killed")
    assert state is not None and state.epoch == 1
    said.clear()
    resumed = launch.run(killed, spark, said.append)
    assert [line.split("  ")[0] for line in said] == ["epoch 2/2"]
    assert resumed == whole  # the two feeds give the same rows, and the interruption left no trace


@pytest.mark.slow
def test_two_workers_end_with_equal_weights_and_do_so_again(
    held: Shards, spark: SparkSession, tmp_path: Path
) -> None:
    first, again = (
        launch.run(job(tmp_path / name, held, launch="horovod"), spark, lambda line: None) for name in "ab"
    )
    assert first == again  # launch.run itself refuses a team whose weights differ
    assert len(first["history"]) == 2


def test_too_few_slots_are_said_and_nothing_hangs(held: Shards, spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"training\.workers: 9 workers need .* the session has 2"):
        launch.run(job(tmp_path / "run", held, launch="horovod", workers=9), spark, lambda line: None)
