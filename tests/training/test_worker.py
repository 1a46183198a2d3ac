"""Averaging of batch normalization statistics over workers, against NumPy."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from coinspark.clustering.collective import Array
from coinspark.training.collective import SingleWorker
from coinspark.training.worker import average_batchnorm


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
