"""The job and the recipe without TensorFlow, against values computed by hand."""

from __future__ import annotations

import pytest

from coinspark.config import Training
from coinspark.training.classifier import recipe
from coinspark.training.classifier.recipe import TrainingJob
from coinspark.training.shards import ShardSet


def test_balanced_sample_weights_give_classes_equal_totals() -> None:
    weights = recipe.sample_weights(Training(class_weights="balanced"), (30, 10, 0))
    assert weights == pytest.approx([40 / 60, 2.0, 0.0])
    assert weights[0] * 30 == pytest.approx(weights[1] * 10)
    assert recipe.sample_weights(Training(), (30, 10)) == [1.0, 1.0]


def test_job_is_restored_from_json() -> None:
    shards = ShardSet("f", "d", ("a", "b"), {"train": (3, 2), "validation": ()}, (3, 2))
    job = TrainingJob("folder", shards, 32, 64, Training(head_units=(7, 5), epochs=2), 9, "float32")
    assert TrainingJob.from_json(job.to_json()) == job


def test_progress_line_shows_loss_and_validation() -> None:
    metrics = {"loss": 1.2, "validation_loss": 1.4, "validation_top1": 0.41}
    expected = "epoch  3/25  loss 1.200  val loss 1.400  val top-1 0.410  12.3 s"
    assert recipe.progress_line(3, 25, metrics, 12.3) == expected
    assert recipe.progress_line(3, 5, {"loss": 1.2}, 1.0) == "epoch 3/5  loss 1.200  1.0 s"
