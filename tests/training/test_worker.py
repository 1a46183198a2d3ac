"""Averaging of batch normalization statistics over workers, against NumPy; variables of an optimizer."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from coinspark.clustering.collective import Array
from coinspark.training.collective import SingleWorker
from coinspark.training.worker import (
    average_batchnorm,
    inner_optimizer,
    optimizer_state,
    optimizer_variables,
    restore_optimizer,
)


def _variables(seed: int) -> list[tf.Variable]:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(3,)), rng.normal(size=(2, 2))
    return [*(tf.Variable(value, dtype=tf.float32) for value in values), tf.Variable(7 + seed)]


def test_average_batchnorm_sets_the_mean_of_two_workers() -> None:
    own, other = _variables(1), _variables(2)
    expected = [(a.numpy() + b.numpy()) / 2 for a, b in zip(own[:2], other[:2], strict=True)]
    flat = np.concatenate([variable.numpy().ravel() for variable in other[:2]])

    class TwoWorkers(SingleWorker):
        size = 2

        def allreduce(self, values: Array) -> Array:
            return values + flat

    average_batchnorm(TwoWorkers(), own)
    np.testing.assert_allclose(own[0], expected[0], rtol=1e-6)
    np.testing.assert_allclose(own[1], expected[1], rtol=1e-6)
    assert int(own[2]) == 8  # step counts are not averaged


def test_average_batchnorm_of_a_single_worker_changes_nothing() -> None:
    variables = _variables(1)
    average_batchnorm(SingleWorker(), variables)
    for variable, before in zip(variables, _variables(1), strict=True):
        np.testing.assert_array_equal(variable, before)


def _float16_network() -> tf.keras.Model:
    """A dense layer with the policy mixed_float16, and its compiled optimizer."""
    inputs = tf.keras.layers.Input((2,))
    outputs = tf.keras.layers.Dense(1, kernel_initializer="ones", dtype="mixed_float16")(inputs)
    network = tf.keras.Model(inputs, outputs)
    optimizer = tf.keras.optimizers.legacy.Adam(0.5)
    network.compile(tf.keras.mixed_precision.LossScaleOptimizer(optimizer, dynamic_growth_steps=3), "mse")
    inner_optimizer(network.optimizer)._create_all_weights(network.trainable_variables)
    return network


def test_loss_scale_is_among_the_variables_of_an_optimizer() -> None:
    """An overflow halves the loss scale; two finite steps count towards the third, which doubles it."""
    first, second = _float16_network(), _float16_network()
    finite, overflow = np.ones((1, 2), np.float32), np.full((1, 2), 60_000, np.float32)
    first.fit(overflow, np.ones((1, 1)), verbose=0)
    for _ in range(2):
        first.fit(finite, np.ones((1, 1)), verbose=0)
    state = optimizer_state(first.optimizer)
    assert [float(value) for value in state[-2:]] == [2**14, 2]

    restore_optimizer(second.optimizer, state)
    second.set_weights(first.get_weights())
    for network in (first, second):
        network.fit(finite, np.ones((1, 1)), verbose=0)
        assert float(network.optimizer.loss_scale) == 2**15
    for resumed, whole in zip(
        optimizer_state(second.optimizer), optimizer_state(first.optimizer), strict=True
    ):
        np.testing.assert_array_equal(resumed, whole)


def test_optimizer_without_loss_scale_has_step_count_and_moments_only() -> None:
    network = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(2,))])
    network.compile(tf.keras.optimizers.legacy.Adam(), "mse")
    network.optimizer._create_all_weights(network.trainable_variables)
    assert len(optimizer_variables(network.optimizer)) == 1 + 2 * 2
