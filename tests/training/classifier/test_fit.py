"""Loss, selection of the best weights, and outputs of the network. Whole trainings are in test_launch.py."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from coinspark.config import Training
from coinspark.training.checkpoint import TrainingState
from coinspark.training.classifier import fit, schedule
from coinspark.training.collective import SingleWorker
from tests.training_jobs import small_shards, training_job

LOGITS = tf.constant([[2.0, 0.0, 1.0, 0.5, -0.5], [0.0, 3.0, 0.0, 1.0, 1.0]])  # three classes, two types
TARGETS = tf.constant([[1.0, 0.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 0.0, 0.0]])  # the second has no type
CLASS_LOSS = np.array([np.log(np.e**2 + 1 + np.e) - 2, np.log(2 + np.e**3) - 3])
TYPE_LOSS = np.array([np.log(np.e**0.5 + np.e**-0.5) + 0.5, 0.0])


def test_loss_is_the_sum_of_class_and_type_loss(tmp_path: Path) -> None:
    loss = fit.loss_function(training_job(tmp_path, small_shards(tmp_path / "shards")))
    np.testing.assert_allclose(loss(TARGETS, LOGITS), CLASS_LOSS + TYPE_LOSS, rtol=1e-5)


def test_image_without_type_has_no_gradient_in_the_type_head(tmp_path: Path) -> None:
    """The gradient of cross entropy is softmax - target; for the image without a type it is 0."""
    loss = fit.loss_function(training_job(tmp_path, small_shards(tmp_path / "shards")))
    with tf.GradientTape() as tape:
        tape.watch(LOGITS)
        losses = loss(TARGETS, LOGITS)
    gradient = tape.gradient(losses, LOGITS).numpy()
    nike = 1 / (1 + np.e)  # softmax of 0.5 and -0.5 is (1 - nike, nike)
    np.testing.assert_allclose(gradient[:, 3:], [[1 - nike, nike - 1], [0, 0]], rtol=1e-5)
    softmax = np.exp([2.0, 0.0, 1.0]) / np.exp([2.0, 0.0, 1.0]).sum()
    np.testing.assert_allclose(gradient[0, :3], softmax - [1, 0, 0], rtol=1e-5)


def test_focal_loss_applies_to_the_class_only(tmp_path: Path) -> None:
    loss = fit.loss_function(training_job(tmp_path, small_shards(tmp_path / "shards"), loss="focal"))
    expected = (1 - np.exp(-CLASS_LOSS)) ** 2 * CLASS_LOSS + TYPE_LOSS
    np.testing.assert_allclose(loss(TARGETS, LOGITS), expected, rtol=1e-5)


@pytest.mark.parametrize(("types", "outputs"), [(("Nike", "Tyche"), 5), ((), 3)])
def test_network_has_an_output_per_class_and_type(
    tmp_path: Path, types: tuple[str, ...], outputs: int
) -> None:
    shards = replace(small_shards(tmp_path / "shards"), types=types)
    assert fit.build_network(training_job(tmp_path, shards)).output_shape == (None, outputs)


def test_select_best_prefers_accuracy_then_lower_loss() -> None:
    state = TrainingState()
    results = [(0.5, 2.0), (0.6, 3.0), (0.6, 2.5), (0.6, 2.6), (0.5, 0.1)]
    for epoch, (top1, loss) in enumerate(results, 1):
        state.epoch, state.weights = epoch, [np.array(epoch)]
        fit.select_best(state, {"validation_top1": top1, "validation_loss": loss})
    assert (state.best_epoch, state.best) == (3, [3])


def test_select_best_keeps_the_last_weights_without_validation() -> None:
    state = TrainingState(epoch=1, weights=[np.array(1)])
    fit.select_best(state, {})
    state.epoch, state.weights, state.average = 2, [np.array(2)], [np.array(20)]
    fit.select_best(state, {})
    assert (state.best_epoch, state.best) == (2, [20])


def test_learning_rate_goes_on_over_epochs_and_after_a_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two epochs of twelve steps, then a third one from the checkpoint."""
    steps: list[int] = []

    def record(training: Training, step: int, steps_per_epoch: int) -> float:
        steps.append(step)
        return 0.001

    monkeypatch.setattr(schedule, "learning_rate_schedule", record)
    monkeypatch.setattr(fit, "configure_tensorflow", lambda workers, seed, precision: None)
    shards = small_shards(tmp_path / "shards")
    for epochs, expected in ((2, range(24)), (3, range(24, 36))):
        steps.clear()
        fit.train(training_job(tmp_path, shards, feed="tfdata", epochs=epochs), SingleWorker())
        assert steps == list(expected)
