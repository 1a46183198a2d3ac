"""NMI of two assignments, against scikit-learn; checkpoints of DeepCluster."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

from coinspark.core.errors import TrainingError
from coinspark.training.deepcluster import state as states
from coinspark.training.deepcluster.state import DeepClusterState, normalized_mutual_information


def test_nmi_equals_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    first = rng.integers(0, 7, 400)
    second = np.where(rng.random(400) < 0.6, (first * 3 + 1) % 7, rng.integers(0, 5, 400))
    nmi = normalized_mutual_information(contingency_matrix(first, second).astype(float))
    assert nmi == pytest.approx(normalized_mutual_info_score(first, second))


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ([[2, 0], [0, 2]], 1),
        ([[0, 2], [2, 0]], 1),  # the same clusters with other numbers
        ([[1, 1], [1, 1]], 0),
        ([[4]], 1),  # a single cluster in both
    ],
)
def test_nmi_by_hand(table: list[list[int]], expected: int) -> None:
    assert normalized_mutual_information(np.array(table, float)) == pytest.approx(expected)


def test_saved_state_is_loaded_unchanged(tmp_path: Path) -> None:
    assert states.load(tmp_path) is None
    saved = DeepClusterState(
        3,
        [{"round": 3, "nmi": None, "sizes": [2, 1]}],
        [np.ones((2, 2), np.float32)],
        [np.array(4)],
        [np.array([1, 2], np.int64), np.array([0, 5], np.int32)],
    )
    states.save(tmp_path, saved)
    loaded = states.load(tmp_path)
    assert loaded is not None and (loaded.round, loaded.history) == (3, saved.history)
    for array, expected in zip(
        [*loaded.weights, *loaded.optimizer, *loaded.assigned],
        [*saved.weights, *saved.optimizer, *saved.assigned],
        strict=True,
    ):
        np.testing.assert_array_equal(array, expected)
        assert array.dtype == expected.dtype


def test_file_that_is_not_a_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.npz").write_bytes(b"no zip")
    with pytest.raises(TrainingError, match=r"checkpoint\.npz: not a checkpoint"):
        states.load(tmp_path)
