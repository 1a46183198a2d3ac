"""Baseline `hog-svm`: features, accuracy on separable classes, deterministic weights, hash check."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from coinspark.core.errors import InputError
from coinspark.training.baselines import BASELINES, hog_svm
from coinspark.training.classifier import predict
from coinspark.training.classifier.predict import RunModel
from tests.training_shards import CLASSES, striped_image, write_shards


def _run(run_id: str, file: Path, digest: str) -> RunModel:
    return RunModel(run_id, "hog-svm", "baseline", CLASSES, CLASSES, str(file), digest)


def test_hog_has_1764_features_per_side() -> None:
    assert hog_svm.hog(striped_image(1)).shape == (2 * 1764,)  # 7 × 7 blocks, 2 × 2 cells, 9 directions
    assert hog_svm.hog(striped_image(1, 64, 64)).shape == (1764,)
    features = hog_svm.hog(striped_image(1, 64, 128))
    assert features[:1764].any() and features[1764:].any()
    with pytest.raises(InputError, match="cannot be decoded"):
        hog_svm.hog(b"not a JPEG")


def test_separable_classes_are_predicted_and_weights_are_deterministic(tmp_path: Path) -> None:
    shards = write_shards(tmp_path / "shards", {"train": (12, 12), "validation": (6,)})
    file = tmp_path / "weights.npz"
    digest, metrics = BASELINES["hog-svm"].train(shards, file, 1)
    assert metrics == {"train_rows": 24.0, "validation_top1": 1.0}
    images = [striped_image(n) for n in range(100, 106)]
    values = predict.probabilities(_run("mint-0-x", file, digest), images)
    assert values.argmax(axis=1).tolist() == [n % 3 for n in range(100, 106)]
    np.testing.assert_allclose(values.sum(axis=1), 1)
    assert hog_svm.train(shards, tmp_path / "again.npz", 1)[0] == digest


def test_class_without_training_images_is_never_predicted() -> None:
    planes, offsets = hog_svm.all_classes(np.array([[1.0, 2.0]]), np.array([3.0]), np.array([0, 2]), 3)
    assert planes.tolist() == [[-1, -2], [0, 0], [1, 2]]
    assert offsets.tolist() == [-3, -1e9, 3]


def test_weights_with_another_hash_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "weights.npz"
    file.write_bytes(b"x")
    with pytest.raises(InputError, match=r"weights\.npz: SHA-256 is .*0000"):
        predict.probabilities(_run("mint-0-y", file, "0" * 64), [striped_image(1)])
