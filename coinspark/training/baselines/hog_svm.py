"""Baseline `hog-svm`: histograms of oriented gradients (Dalal and Triggs 2005) and a linear SVM."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq

from coinspark.core.errors import InputError
from coinspark.training import shards
from coinspark.training.baselines.baseline import Array, Baseline
from coinspark.training.shards import ShardSet
from coinspark.vision import weights

SIDE, CELL = 64, 8
"""Pixels of a side and of a cell. Blocks of 2 × 2 cells with 9 directions give 1,764 features per side."""


def train(shard_set: ShardSet, file: Path, seed: int) -> tuple[str, dict[str, float]]:
    """Fit a linear SVM (C = 1) on the training shards.

    The file has the arrays `coef` (classes, features) and `intercept` (classes,), float32.

    Returns:
        SHA-256 hex of the file, and the metrics `train_rows` and, with validation rows, `validation_top1`.
    """
    from sklearn.svm import LinearSVC

    features, labels = _read(shard_set, "train")
    svm = LinearSVC(C=1.0, dual=True, max_iter=20_000, random_state=seed % 2**31).fit(features, labels)
    coef, intercept = all_classes(svm.coef_, svm.intercept_, svm.classes_, len(shard_set.classes))
    file.parent.mkdir(parents=True, exist_ok=True)
    digest = weights.save({"coef": coef, "intercept": intercept}, file)
    metrics = {"train_rows": float(len(labels))}
    if any(shard_set.rows.get("validation", ())):
        features, labels = _read(shard_set, "validation")
        metrics["validation_top1"] = float(np.mean((features @ coef.T + intercept).argmax(1) == labels))
    return digest, metrics


def probabilities(arrays: Mapping[str, Array], jpegs: list[bytes]) -> Array:
    """(n, classes) float64: softmax of the distances to the planes.

    Not calibrated: only the ranking is meaningful.
    """
    features = np.stack([hog(jpeg) for jpeg in jpegs])
    scores = features @ arrays["coef"].T.astype(np.float64) + arrays["intercept"]
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def hog(jpeg: bytes) -> Array:
    """(features,) float32 of a merged image: of both sides if it is twice as wide as high."""
    grey = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        raise InputError(
            "an image in the shards cannot be decoded; remove the folder of the shards and run again"
        )
    height, width = grey.shape
    sides = [grey[:, :height], grey[:, height:]] if width == 2 * height else [grey]
    descriptor = cv2.HOGDescriptor((SIDE, SIDE), (2 * CELL, 2 * CELL), (CELL, CELL), (CELL, CELL), 9)
    resized = [cv2.resize(side, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for side in sides]
    return np.concatenate([np.asarray(descriptor.compute(side)).ravel() for side in resized])


def all_classes(coef: Array, intercept: Array, trained: Array, classes: int) -> tuple[Array, Array]:
    """Arrange the planes of the trained labels by class.

    With two trained classes scikit-learn returns one plane; it is mirrored. A class without training images
    gets the intercept -1e9, so that it is never predicted.
    """
    if len(trained) == 2:
        coef, intercept = np.concatenate([-coef, coef]), np.concatenate([-intercept, intercept])
    planes = np.zeros((classes, coef.shape[1]), np.float32)
    offsets = np.full(classes, -1e9, np.float32)
    planes[trained], offsets[trained] = coef, intercept
    return planes, offsets


def _read(shard_set: ShardSet, split: str) -> tuple[Array, Array]:
    """HOG features and labels of all rows of a split."""
    files = shards.worker_shards(shard_set, split, 0, 1).files
    shards.refuse_pickles(files)
    tables = [pq.read_table(file, columns=["label", "jpeg"], partitioning=None) for file in files]
    labels = np.concatenate([table["label"].to_numpy() for table in tables])
    return np.stack([hog(jpeg) for table in tables for jpeg in table["jpeg"].to_pylist()]), labels


BASELINE = Baseline("HOG + linear SVM", train, probabilities)
