"""What a network is punished for: by hand, with and without types. Whole runs are in test_launch.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from coinspark.training.classifier import fit
from tests.training_jobs import job, shards

LOGITS = tf.constant([[2.0, 0.0, 1.0, 0.5, -0.5], [0.0, 3.0, 0.0, 1.0, 1.0]])  # three classes, two types
WANTED = tf.constant(
    [[1.0, 0.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 0.0, 0.0]]
)  # the second coin's type is not shown
CLASS = np.array([np.log(np.e**2 + 1 + np.e) - 2, np.log(2 + np.e**3) - 3])
TYPE = np.array([np.log(np.e**0.5 + np.e**-0.5) + 0.5, 0.0])


def test_a_coin_pays_for_its_class_and_its_type(tmp_path: Path) -> None:
    loss = fit._loss(job(tmp_path, shards(tmp_path / "shards")))
    np.testing.assert_allclose(loss(WANTED, LOGITS), CLASS + TYPE, rtol=1e-5)


def test_focal_loss_is_of_the_class_alone(tmp_path: Path) -> None:
    loss = fit._loss(job(tmp_path, shards(tmp_path / "shards"), loss="focal"))
    np.testing.assert_allclose(loss(WANTED, LOGITS), (1 - np.exp(-CLASS)) ** 2 * CLASS + TYPE, rtol=1e-5)


@pytest.mark.parametrize("types", [True, False])
def test_the_network_has_an_output_for_every_class_and_type(tmp_path: Path, types: bool) -> None:
    held = shards(tmp_path / "shards")
    network = fit.build(job(tmp_path, held if types else held.__class__(**{**held.__dict__, "types": ()})))
    assert network.output_shape == (None, 5 if types else 3)
