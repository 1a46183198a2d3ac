"""The baseline: features against scikit-image's definition by size, and that it learns what a line can tell apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from coinspark.core.errors import InputError
from coinspark.training import baseline
from coinspark.training.classifier import predict
from coinspark.training.classifier.predict import RunModel
from coinspark.training.shards import Shards
from tests.training_shards import CLASSES, shade, write


def test_features_are_those_of_both_sides() -> None:
    assert baseline.hog(shade(1)).shape == (2 * 1764,)  # 7 × 7 blocks of 2 × 2 cells of 9 directions
    assert baseline.hog(shade(1, 64, 64)).shape == (1764,)
    both = baseline.hog(shade(1, 64, 128))
    assert both[:1764].any() and both[1764:].any()
    with pytest.raises(InputError):
        baseline.hog(b"no picture")


def test_stripes_are_told_apart_and_predicted(tmp_path: Path) -> None:
    held = write(tmp_path / "shards", {"train": (12, 12), "validation": (6,)})
    digest, metrics = baseline.train(held, tmp_path / "weights.npz", 1)
    assert metrics == {"train_rows": 24.0, "validation_top1": 1.0}
    run = RunModel("mint-0-x", baseline.MODEL, CLASSES, CLASSES, str(tmp_path / "weights.npz"), digest)
    chances = predict.probabilities(run, [shade(n) for n in range(100, 106)])
    assert chances.argmax(axis=1).tolist() == [n % 3 for n in range(100, 106)]
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    assert baseline.train(held, tmp_path / "again.npz", 1)[0] == digest


def test_two_classes_and_a_class_without_images(tmp_path: Path) -> None:
    held = write(tmp_path / "shards", {"train": (24,)})
    planes, offsets = baseline._every_class(np.array([[1.0, 2.0]]), np.array([3.0]), np.array([0, 2]), 3)
    assert planes.tolist() == [[-1, -2], [0, 0], [1, 2]]
    assert offsets.tolist() == [-3, -1e9, 3]
    assert isinstance(held, Shards)


def test_other_weights_than_the_runs_are_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "weights.npz").write_bytes(b"x")
    run = RunModel("mint-0-y", baseline.MODEL, CLASSES, CLASSES, str(tmp_path / "weights.npz"), "0" * 64)
    with pytest.raises(InputError, match="mint-0-y has 0000"):
        predict.probabilities(run, [shade(1)])
