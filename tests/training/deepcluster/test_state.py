"""How far assignments agree, against scikit-learn; a state that goes to disk and comes back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

from coinspark.core.errors import TrainingError
from coinspark.training.deepcluster import state as states
from coinspark.training.deepcluster.state import State, agreement


def test_agreement_is_scikit_learns() -> None:
    draw = np.random.default_rng(3)
    before = draw.integers(0, 7, 400)
    after = np.where(draw.random(400) < 0.6, (before * 3 + 1) % 7, draw.integers(0, 5, 400))
    found = agreement(contingency_matrix(before, after).astype(float))
    assert found == pytest.approx(normalized_mutual_info_score(before, after))


def test_agreement_by_hand() -> None:
    assert agreement(np.array([[2.0, 0], [0, 2]])) == pytest.approx(1)
    assert agreement(np.array([[0, 2.0], [2, 0]])) == pytest.approx(
        1
    )  # the same clusters under other numbers
    assert agreement(np.array([[1.0, 1], [1, 1]])) == 0
    assert agreement(np.array([[4.0]])) == 1  # one cluster, twice


def test_a_state_comes_back(tmp_path: Path) -> None:
    assert states.load(tmp_path) is None
    given = State(
        3,
        [{"round": 3, "nmi": None, "sizes": [2, 1]}],
        [np.ones((2, 2), np.float32)],
        [np.array(4)],
        [np.array([1, 2], np.int64), np.array([0, 5], np.int32)],
    )
    states.save(tmp_path, given)
    found = states.load(tmp_path)
    assert found is not None and (found.round, found.history) == (3, given.history)
    for one, other in zip(
        [*found.weights, *found.optimizer, *found.assigned],
        [*given.weights, *given.optimizer, *given.assigned],
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype


def test_a_file_that_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.npz").write_bytes(b"no zip")
    with pytest.raises(TrainingError, match=r"checkpoint\.npz: is no checkpoint of ours"):
        states.load(tmp_path)
