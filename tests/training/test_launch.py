"""Whole trainings with a single worker. Those with two Horovod workers are in tests/faults."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.sql import SparkSession

from coinspark.core.errors import ConfigError, TrainingError
from coinspark.core.hashing import file_hash
from coinspark.training import checkpoint, launch
from coinspark.training.shards import ShardSet
from tests.training_jobs import assert_trained, kill_after_first_checkpoint, small_shards, training_job
from tests.training_shards import write_shards


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> ShardSet:
    return small_shards(tmp_path_factory.mktemp("shards"))


@pytest.mark.slow
def test_resumed_training_ends_with_the_same_weights_and_both_feeds_agree(
    shards: ShardSet, spark: SparkSession, tmp_path: Path
) -> None:
    lines: list[str] = []
    whole = launch.run(training_job(tmp_path / "whole", shards, feed="petastorm"), spark, lines.append)
    assert [line.split("  ")[0] for line in lines] == ["epoch 1/2", "epoch 2/2"]
    assert all("val top-1" in line for line in lines)
    assert whole["epochs"] == 2 and len(whole["history"]) == 2
    assert whole["history"][1]["loss"] < whole["history"][0]["loss"] - 0.01
    assert file_hash(tmp_path / "whole" / "weights.npz") == whole["sha256"]
    assert_trained(training_job(tmp_path / "whole", shards), whole["sha256"])
    assert list((tmp_path / "whole" / "tensorboard").iterdir())

    killed = training_job(tmp_path / "killed", shards, feed="tfdata")
    kill_after_first_checkpoint(killed, checkpoint.__name__)
    state = checkpoint.load(tmp_path / "killed")
    assert state is not None and state.epoch == 1
    lines.clear()
    resumed = launch.run(killed, spark, lines.append)
    assert [line.split("  ")[0] for line in lines] == ["epoch 2/2"]
    assert resumed == whole


@pytest.mark.slow
def test_vgg16_separates_stripes(spark: SparkSession, tmp_path: Path) -> None:
    """Three classes; chance is a third. 24 steps."""
    stripes = write_shards(tmp_path / "shards", {"train": (24, 24), "validation": (18, 18)})
    job = training_job(
        tmp_path / "run", stripes, model="vgg16", batch=8, epochs=4, learning_rate=0.001, feed="tfdata"
    )
    result = launch.run(job, spark, lambda line: None)
    losses = [epoch["loss"] for epoch in result["history"]]
    assert losses[-1] < 0.5 * losses[0], losses
    assert max(epoch["validation_top1"] for epoch in result["history"]) >= 0.8, result["history"]
    assert_trained(job, result["sha256"])


def test_more_workers_than_task_slots_is_an_error(
    shards: ShardSet, spark: SparkSession, tmp_path: Path
) -> None:
    job = training_job(tmp_path / "run", shards, launch="horovod", workers=9)
    with pytest.raises(ConfigError, match=r"training\.workers: 9 workers need .* the session has 2"):
        launch.run(job, spark, lambda line: None)


def test_workers_with_different_weights_fail_the_run(
    shards: ShardSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a Horovod that does not average the gradients of this TensorFlow."""
    import horovod.spark.runner

    monkeypatch.setattr(launch, "select_interface", lambda interface, spark: "lo")
    monkeypatch.setattr(launch, "listen_on", lambda interface: None)
    monkeypatch.setattr(horovod.spark.runner, "_task_fn", None)
    monkeypatch.setattr(horovod.spark, "run", lambda work, **settings: ["a" * 64, "b" * 64])
    spark: Any = SimpleNamespace(sparkContext=SimpleNamespace(environment={}, defaultParallelism=2))
    job = training_job(tmp_path / "run", shards, launch="horovod")
    with pytest.raises(TrainingError, match="finished with different weights, so their gradients were not"):
        launch.run(job, spark, lambda line: None)


_WORKER = """
import json, sys
from pathlib import Path
import numpy as np
import tensorflow as tf
from coinspark.training.launch import horovod_collective
workers = horovod_collective()
weight = tf.Variable(10.0 + workers.rank)
workers.broadcast_variables([weight])
optimizer = workers.distribute_optimizer(tf.keras.optimizers.legacy.SGD(1.0))
with tf.GradientTape() as tape:
    loss = weight * (1.0 + 2 * workers.rank)
optimizer.minimize(loss, [weight], tape=tape)
mean = workers.mean(np.array([1.0 + 2 * workers.rank]))
result = [workers.size, float(weight), float(mean[0]), float(workers.allreduce(mean)[0])]
Path(sys.argv[1], f"{workers.rank}.json").write_text(json.dumps(result))
"""


@pytest.mark.slow
def test_two_horovod_workers_apply_the_mean_of_their_gradients(tmp_path: Path) -> None:
    """Gradients 1 and 3: the weight 10 of worker 0 becomes 10 - 2 on both."""
    (tmp_path / "worker.py").write_text(_WORKER)
    command = [sys.executable, "-m", "horovod.runner.launch", "-np", "2", "--gloo"]
    work = [sys.executable, tmp_path / "worker.py", tmp_path]
    environment = {**launch.worker_environment(), "OMP_NUM_THREADS": "1"}
    subprocess.run([*command, *work], check=True, env=environment, timeout=200)
    results = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2)]
    assert results == [[2, 8.0, 2.0, 4.0]] * 2
