"""Checkpoints: back as they went, replaced whole, refused when they are something else."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest

from coinspark.core.errors import TrainingError
from coinspark.training import checkpoint
from coinspark.training.checkpoint import State


def _state(epoch: int, size: int = 3) -> State:
    arrays = [np.full((size,), epoch, np.float32) for _ in range(12)]
    return State(epoch, 1, 0.75, 0.5, [{"loss": 1.0}] * epoch, arrays, [np.array(7)], arrays[:2], arrays[:1])


def test_a_state_comes_back(tmp_path: Path) -> None:
    assert checkpoint.load(tmp_path) is None
    checkpoint.save(tmp_path, _state(2))
    found = checkpoint.load(tmp_path)
    assert found is not None
    facts = (found.epoch, found.best_epoch, found.best_top1, found.best_loss, found.history)
    assert facts == (2, 1, 0.75, 0.5, [{"loss": 1.0}] * 2)
    assert [len(arrays) for arrays in (found.weights, found.optimizer, found.average, found.best)] == [
        12,
        1,
        2,
        1,
    ]
    assert (found.weights[11] == 2).all()


def test_before_the_first_best_the_loss_is_infinite(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, State())
    found = checkpoint.load(tmp_path)
    assert found is not None and found.best_loss == float("inf")


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, _state(1))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (50_000, limits[1])
    )  # no file may grow past 50 kB: a write fails in its midst
    try:
        with pytest.raises(
            TrainingError, match=r"checkpoint\.npz: the checkpoint of epoch 2 cannot be written"
        ):
            checkpoint.save(tmp_path, _state(2, 100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    found = checkpoint.load(tmp_path)
    assert found is not None and found.epoch == 1
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.npz"]


@pytest.mark.parametrize("content", [b"", b"half a zip", b"PK\x03\x04rest"])
def test_what_is_no_checkpoint_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / checkpoint.NAME).write_bytes(content)
    with pytest.raises(TrainingError, match=r"checkpoint\.npz: is no checkpoint of ours"):
        checkpoint.load(tmp_path)
