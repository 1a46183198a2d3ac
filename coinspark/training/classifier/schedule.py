"""Learning rate schedule, weight decay and weight average of each training step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from coinspark.config import Training
from coinspark.training.worker import inner_optimizer

AVERAGE_INTERVAL = 8
"""Steps between two updates of the weight average after the first steps.

An update in every step would take a tenth of the step's time.
"""

FIRST_STEPS = 64
"""Steps after each of which the weight average is updated: short trainings must not keep initial weights."""


def learning_rate_schedule(training: Training, step: int, steps_per_epoch: int) -> float:
    """Learning rate of a step, counted from 0: linear warm-up over `warmup` epochs, then cosine decay to 0.

    With learning_rate 1, warmup 1, epochs 3 and 4 steps per epoch: 0.2, 0.4, 0.6, 0.8, then 1.0 in step 4,
    0.5 in step 8 and 0 after the last step.
    """
    warmup_steps, total_steps = training.warmup * steps_per_epoch, training.epochs * steps_per_epoch
    if step < warmup_steps:
        return training.learning_rate * (step + 1) / (warmup_steps + 1)
    progress = min(1.0, (step - warmup_steps) / max(1.0, total_steps - warmup_steps))
    return training.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))


def average_decay(training: Training, step: int) -> float | None:
    """Share of the weight average that the update after `step` steps keeps; None: no update after this step.

    The decay of a step is min(weight_average, (1 + step) / (10 + step)), as in TensorFlow's
    `ExponentialMovingAverage`: the average forgets the initial weights within a few steps, and reaches its
    full length after 440 steps for 0.98. The updates are in each of the `FIRST_STEPS`, then in every eighth
    step with the decay of eight steps.

    With weight_average 0.98: 2/11 after step 1, 11/20 after step 10, None after step 65, (73/82)**8 after
    step 72.
    """
    decay = min(training.weight_average, (1 + step) / (10 + step))
    if step <= FIRST_STEPS:
        return decay
    return decay**AVERAGE_INTERVAL if step % AVERAGE_INTERVAL == 0 else None


class StepCallback(tf.keras.callbacks.Callback):  # type: ignore[misc]
    """Keras callback: set the learning rate before each step; then decay weights and update their average.

    Attributes:
        step: Number of finished steps. Set it before `fit` resumes a training.
    """

    def __init__(
        self, training: Training, steps_per_epoch: int, network: tf.keras.Model, average: list[tf.Variable]
    ) -> None:
        """`average` has a variable for each weight of the network; empty: no weight average."""
        super().__init__()
        self.training, self.steps_per_epoch, self.average, self.step = training, steps_per_epoch, average, 0
        self._decay_weights = _weight_decay(network)
        self._update_average = _average_update(average, network)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.learning_rate = learning_rate_schedule(self.training, self.step, self.steps_per_epoch)
        inner_optimizer(self.model.optimizer).learning_rate = self.learning_rate

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.step += 1
        if self.training.weight_decay:
            share = self.learning_rate * self.training.weight_decay
            self._decay_weights(tf.constant(share, tf.float32))
        if self.average and (decay := average_decay(self.training, self.step)) is not None:
            self._update_average(tf.constant(decay, tf.float32))


def _weight_decay(network: tf.keras.Model) -> Callable[[tf.Tensor], None]:
    """A graph function that reduces all kernels by a share of themselves (decoupled weight decay)."""
    kernels = [weight for weight in network.trainable_variables if weight.shape.rank > 1]

    @tf.function  # type: ignore[untyped-decorator]
    def decay_weights(share: tf.Tensor) -> None:
        for kernel in kernels:
            kernel.assign_sub(kernel * share)

    return decay_weights  # type: ignore[no-any-return]


def _average_update(average: list[tf.Variable], network: tf.keras.Model) -> Callable[[tf.Tensor], None]:
    """A graph function for average = decay · average + (1 - decay) · weight. Integer variables are copied."""

    @tf.function  # type: ignore[untyped-decorator]
    def update_average(decay: tf.Tensor) -> None:
        for mean, weight in zip(average, network.weights, strict=False):
            if mean.dtype.is_floating:
                mean.assign_sub((mean - weight) * (1 - decay))
            else:
                mean.assign(weight)

    return update_average  # type: ignore[no-any-return]
