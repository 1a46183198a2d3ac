"""Checkpoints: saved and loaded unchanged, replaced atomically, other files refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from coinspark.core.errors import TrainingError
from coinspark.training import checkpoint
from coinspark.training.checkpoint import TrainingState
from tests.training_jobs import full_disk


def _state(epoch: int, size: int = 3) -> TrainingState:
    arrays = [np.full((size,), epoch, np.float32) for _ in range(12)]
    history = [{"loss": 1.0}] * epoch
    return TrainingState(epoch, 1, 0.75, 0.5, history, arrays, [np.array(7)], arrays[:2], arrays[:1])


def test_saved_state_is_loaded_unchanged(tmp_path: Path) -> None:
    assert checkpoint.load(tmp_path) is None
    checkpoint.save(tmp_path, _state(2))
    state = checkpoint.load(tmp_path)
    assert state is not None
    facts = (state.epoch, state.best_epoch, state.best_top1, state.best_loss, state.history)
    assert facts == (2, 1, 0.75, 0.5, [{"loss": 1.0}] * 2)
    lengths = [len(arrays) for arrays in (state.weights, state.optimizer, state.average, state.best)]
    assert lengths == [12, 1, 2, 1]
    assert (state.weights[11] == 2).all()


def test_infinite_loss_is_loaded_unchanged(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, TrainingState())
    state = checkpoint.load(tmp_path)
    assert state is not None and state.best_loss == float("inf")


@pytest.mark.fault(20)
def test_full_disk_keeps_the_previous_checkpoint(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, _state(1))
    message = r"checkpoint\.npz: the checkpoint of epoch 2 cannot be written"
    with full_disk(50_000), pytest.raises(TrainingError, match=message):
        checkpoint.save(tmp_path, _state(2, 100_000))
    state = checkpoint.load(tmp_path)
    assert state is not None and state.epoch == 1
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.npz"]


@pytest.mark.parametrize("content", [b"", b"half a zip", b"PK\x03\x04rest"])
def test_file_that_is_not_a_checkpoint_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / checkpoint.NAME).write_bytes(content)
    with pytest.raises(TrainingError, match=r"checkpoint\.npz: not a checkpoint"):
        checkpoint.load(tmp_path)
