"""Whole DeepCluster trainings: with one worker and with two Horovod workers, uninterrupted and killed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession

from coinspark.core.errors import TrainingError
from coinspark.core.hashing import file_hash
from coinspark.training import launch
from coinspark.training.deepcluster import state as states
from coinspark.training.shards import ShardSet
from coinspark.vision import weights
from coinspark.vision.backbones.backbone import weight_arrays
from tests.deepcluster_jobs import deepcluster_job, unlabelled_shards
from tests.extensions import toy_backbone
from tests.paused_training import paused
from tests.training_jobs import kill_after_first_checkpoint, kill_worker_after_checkpoint


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> ShardSet:
    return unlabelled_shards(tmp_path_factory.mktemp("shards"))


@pytest.mark.slow
def test_resumed_training_ends_with_the_same_weights(
    shards: ShardSet, spark: SparkSession, tmp_path: Path
) -> None:
    lines: list[str] = []
    whole = launch.run(deepcluster_job(tmp_path / "whole", shards), spark, lines.append)
    assert [line.split("  ")[0] for line in lines] == ["round 1/2", "round 2/2"]
    assert "NMI" not in lines[0] and "NMI" in lines[1]
    assert [(record["round"], sum(record["sizes"])) for record in whole["history"]] == [(1, 24), (2, 24)]
    assert whole["history"][0]["nmi"] is None and 0 <= whole["history"][1]["nmi"] <= 1
    assert file_hash(tmp_path / "whole" / "weights.npz") == whole["sha256"]
    arrays = weights.read(tmp_path / "whole" / "weights.npz", whole["sha256"])
    assert arrays["toy_conv/kernel"].shape == (8, 8, 2, 16)  # two channels, by the input filter
    assert not any(name.startswith("top") for name in arrays)
    initial = weight_arrays(toy_backbone.BACKBONE.network(32, 64, True, 11, channels=2))
    change = np.abs(arrays["toy_conv/kernel"] - initial["toy_conv/kernel"])
    assert change.max() > 1e-3, "the network has not been trained"

    killed = deepcluster_job(tmp_path / "killed", shards)
    kill_after_first_checkpoint(killed, states.__name__)
    state = states.load(tmp_path / "killed")
    assert state is not None and state.round == 1
    lines.clear()
    resumed = launch.run(killed, spark, lines.append)
    assert [line.split("  ")[0] for line in lines] == ["round 2/2"]
    assert resumed == whole


@pytest.mark.slow
def test_training_resumes_after_a_killed_worker(
    shards: ShardSet, spark: SparkSession, tmp_path: Path
) -> None:
    job = deepcluster_job(tmp_path / "run", shards, "horovod", rounds=3, stop_nmi=None)
    with (
        kill_worker_after_checkpoint(tmp_path / "run"),
        pytest.raises(TrainingError, match="run again to resume"),
    ):
        launch.run(paused(job), spark, lambda line: None)
    state = states.load(tmp_path / "run")
    assert state is not None and state.round == 1
    lines: list[str] = []
    result = launch.run(job, spark, lines.append)
    assert lines[0].startswith("round 2/3")
    assert len(result["history"]) == 3
    assert all(sum(record["sizes"]) == 24 for record in result["history"])  # rows of both workers


@pytest.mark.slow
def test_training_stops_at_the_nmi_limit(shards: ShardSet, spark: SparkSession, tmp_path: Path) -> None:
    job = deepcluster_job(tmp_path / "early", shards, rounds=5, stop_nmi=1e-6)
    assert len(launch.run(job, spark, lambda line: None)["history"]) == 2  # the first round has no NMI


@pytest.mark.slow
def test_weights_with_another_hash_are_refused(shards: ShardSet, spark: SparkSession, tmp_path: Path) -> None:
    file = tmp_path / "initial.npz"
    np.savez(file, **{"toy_conv/kernel": np.zeros((8, 8, 3, 16), np.float32)})
    job = deepcluster_job(tmp_path / "run", shards, weights=str(file), weights_sha256="0" * 64)
    with pytest.raises(TrainingError, match="SHA-256"):
        launch.run(job, spark, lambda line: None)
