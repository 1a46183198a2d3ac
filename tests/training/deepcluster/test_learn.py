"""Whole trainings without labels: alone and by two Horovod workers, whole and killed between two rounds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession

from coinspark.core.errors import ConfigError, InputError, TrainingError
from coinspark.core.hashing import file_hash
from coinspark.training import launch
from coinspark.training.deepcluster import state as states
from coinspark.training.shards import Shards
from coinspark.vision import weights
from tests.deepcluster_jobs import job
from tests.deepcluster_jobs import shards as make_shards
from tests.training_jobs import a_worker_killed


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Shards:
    return make_shards(tmp_path_factory.mktemp("shards"))


# The training in a process that ends, without a word, right after its first checkpoint: a kill -9 at that point.
_KILLED = """
import os, sys
from pathlib import Path
from coinspark.training import team
from coinspark.training.deepcluster import learn, state
save = state.save
def last(folder, now):
    save(folder, now)
    os._exit(9)
state.save = last
learn.work(Path(sys.argv[1]).read_text(), team.alone())
"""


@pytest.mark.slow
def test_equal_input_gives_equal_weights_and_a_killed_training_goes_on_to_them(
    held: Shards, spark: SparkSession, tmp_path: Path
) -> None:
    said: list[str] = []
    whole = launch.run(job(tmp_path / "whole", held), spark, said.append)
    assert [line.split("  ")[0] for line in said] == ["round 1/2", "round 2/2"]
    assert "NMI" not in said[0] and "NMI" in said[1]
    assert [(one["round"], sum(one["sizes"])) for one in whole["history"]] == [(1, 24), (2, 24)]
    assert whole["history"][0]["nmi"] is None and 0 <= whole["history"][1]["nmi"] <= 1
    assert file_hash(tmp_path / "whole" / "weights.npz") == whole["sha256"]
    kept = weights.read(tmp_path / "whole" / "weights.npz", whole["sha256"], "features")
    assert kept["block1_conv1/kernel"].shape == (3, 3, 2, 64)  # edges, two channels
    assert not any(name.startswith("top") for name in kept)

    killed = job(tmp_path / "killed", held)
    (tmp_path / "killed").mkdir()
    (tmp_path / "job.json").write_text(killed.to_json())
    ended = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path / "job.json")], check=False, env=launch._environment()
    )
    assert ended.returncode == 9
    state = states.load(tmp_path / "killed")
    assert state is not None and state.round == 1
    said.clear()
    resumed = launch.run(killed, spark, said.append)
    assert [line.split("  ")[0] for line in said] == ["round 2/2"]
    assert resumed == whole


@pytest.mark.slow
def test_a_worker_killed_in_a_round_and_the_next_run_goes_on_from_the_last_whole_one(
    held: Shards, spark: SparkSession, tmp_path: Path
) -> None:
    told = job(tmp_path / "run", held, "horovod", rounds=4, stop_nmi=None)
    with (
        a_worker_killed(tmp_path / "run"),
        pytest.raises(TrainingError, match="run again to go on from there"),
    ):
        launch.run(told, spark, lambda line: None)
    state = states.load(tmp_path / "run")
    assert state is not None and 1 <= state.round < 4
    said: list[str] = []
    result = launch.run(told, spark, said.append)
    assert said[0].startswith(f"round {state.round + 1}/4")
    assert len(result["history"]) == 4
    assert all(sum(one["sizes"]) == 24 for one in result["history"])  # both workers' rows


@pytest.mark.slow
def test_it_ends_where_the_assignments_agree_and_says_what_it_cannot_use(
    held: Shards, spark: SparkSession, tmp_path: Path
) -> None:
    early = launch.run(job(tmp_path / "early", held, rounds=5, stop_nmi=1e-6), spark, lambda line: None)
    assert len(early["history"]) == 2  # the first that can be compared with one before
    file = tmp_path / "given.npz"
    np.savez(file, **{"block1_conv1/kernel": np.zeros((3, 3, 3, 64), np.float32)})
    with pytest.raises((TrainingError, InputError, ConfigError), match="SHA-256"):
        launch.run(
            job(tmp_path / "other", held, weights=str(file), weights_sha256="0" * 64),
            spark,
            lambda line: None,
        )
