"""Learning rate schedule, weight decay and weight average, against values computed with NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf

from coinspark.config import Training
from coinspark.training.classifier import schedule


def test_learning_rate_warms_up_linearly_and_decays_by_a_cosine() -> None:
    training = Training(learning_rate=1.0, warmup=1, epochs=3)
    rates = [schedule.learning_rate_schedule(training, step, 4) for step in range(13)]
    warmup = [0.2, 0.4, 0.6, 0.8]
    cosine = [0.5 * (1 + math.cos(math.pi * step / 8)) for step in range(9)]
    assert rates == pytest.approx([*warmup, *cosine])
    assert (rates[4], rates[8], rates[12]) == pytest.approx((1.0, 0.5, 0.0))


def test_average_decay_is_lower_in_the_first_steps() -> None:
    training = Training(weight_average=0.98)
    decays = {step: schedule.average_decay(training, step) for step in (1, 10, 64, 65, 71, 72, 10_000)}
    expected = {1: 2 / 11, 10: 11 / 20, 64: 65 / 74, 72: (73 / 82) ** 8, 10_000: 0.98**8}
    assert {step: decay for step, decay in decays.items() if decay is not None} == pytest.approx(expected)


@pytest.mark.parametrize(("steps", "share"), [(1, 2 / 11), (2, 1 / 22), (8, 1 / 4862)])
def test_average_forgets_the_initial_weights_in_a_short_training(steps: int, share: float) -> None:
    """The share of the initial weights in the average is the product of the decays."""
    decays = [schedule.average_decay(Training(), step) for step in range(1, steps + 1)]
    assert math.prod(decay for decay in decays if decay is not None) == pytest.approx(share)


def test_step_callback_applies_rate_decay_and_average() -> None:
    training = Training(learning_rate=0.1, warmup=0, epochs=20, weight_decay=0.5, weight_average=0.9)
    inputs = tf.keras.layers.Input((2,))
    network = tf.keras.Model(inputs, tf.keras.layers.Dense(1, kernel_initializer="ones")(inputs))
    optimizer = tf.keras.optimizers.legacy.SGD()
    network.compile(optimizer, "mse")
    average = [tf.Variable(weight, trainable=False) for weight in network.get_weights()]
    callback = schedule.StepCallback(training, 4, network, average)
    callback.set_model(network)

    kernel, mean = np.ones(2), np.ones(2)
    for step in range(80):
        callback.on_train_batch_begin(step)
        rate = 0.1 * 0.5 * (1 + math.cos(math.pi * step / 80))
        assert float(optimizer.learning_rate) == pytest.approx(rate)
        callback.on_train_batch_end(step)
        kernel *= 1 - rate * 0.5
        decay = min(0.9, (2 + step) / (11 + step))
        if step < 64:  # the average is updated in each of the first steps
            mean = decay * mean + (1 - decay) * kernel
        elif step in (71, 79):  # then in every eighth
            mean = decay**8 * mean + (1 - decay**8) * kernel
    np.testing.assert_allclose(network.get_weights()[0][:, 0], kernel, rtol=1e-5)
    np.testing.assert_allclose(average[0][:, 0], mean, rtol=1e-5)
    assert network.get_weights()[1] == average[1] == 0  # biases do not decay
