"""The arithmetic of the recipe, by hand."""

from __future__ import annotations

import pytest

from coinspark.config import Training
from coinspark.training.classifier import recipe
from coinspark.training.classifier.recipe import Job
from coinspark.training.shards import Shards


def test_the_rate_goes_up_in_a_line_and_down_half_a_cosine() -> None:
    training = Training(learning_rate=1.0, warmup=1, epochs=3)
    rates = [recipe.learning_rate(training, step, 4) for step in range(13)]
    assert rates[:4] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert rates[4] == 1.0
    assert rates[8] == pytest.approx(0.5)  # half way from step 4 to step 12
    assert rates[12] == pytest.approx(0.0)
    assert rates[4:] == sorted(rates[4:], reverse=True)


def test_balanced_weights_make_classes_weigh_alike() -> None:
    balanced = recipe.sample_weights(Training(class_weights="balanced"), (30, 10, 0))
    assert balanced == pytest.approx([40 / 60, 2.0, 0.0])
    assert balanced[0] * 30 == pytest.approx(balanced[1] * 10)
    assert recipe.sample_weights(Training(), (30, 10)) == [1.0, 1.0]


def test_a_job_comes_back_from_its_text() -> None:
    shards = Shards("f", "d", ("a", "b"), {"train": (3, 2), "validation": ()}, (3, 2))
    job = Job("folder", shards, 32, 64, Training(head_units=(7, 5), epochs=2), 9, "float32")
    assert Job.from_json(job.to_json()) == job


def test_the_line_of_an_epoch() -> None:
    record = {"loss": 1.2, "validation_loss": 1.4, "validation_top1": 0.41}
    assert (
        recipe.progress_line(3, 25, record, 12.3)
        == "epoch  3/25  loss 1.200  val loss 1.400  val top-1 0.410  12.3 s"
    )
    assert recipe.progress_line(3, 5, {"loss": 1.2}, 1.0) == "epoch 3/5  loss 1.200  1.0 s"
