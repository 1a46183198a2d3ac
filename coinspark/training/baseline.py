"""The baseline: histograms of oriented gradients (Dalal and Triggs 2005) of both sides and a linear SVM, on the same shards.

It shows what the network is worth: whoever cannot beat it needs no network.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as pq

from coinspark.core.errors import InputError
from coinspark.core.hashing import file_hash
from coinspark.training import shards
from coinspark.training.shards import Shards

MODEL = "hog-svm"
SIDE, CELL = 64, 8  # pixels; blocks of 2 × 2 cells, 9 directions: 1,764 numbers a side

Array = np.ndarray[Any, Any]


def train(held: Shards, file: Path, seed: int) -> tuple[str, dict[str, float]]:
    """Fit the machine on the train shards and write its npz (`coef` (classes, features), `intercept` (classes,), float32).

    Gives the file's SHA-256 and the share of validation coins it gets right. C is scikit-learn's default, 1.
    """
    from sklearn.svm import LinearSVC

    features, labels = _read(held, "train")
    machine = LinearSVC(C=1.0, dual=True, max_iter=20_000, random_state=seed % 2**31).fit(features, labels)
    coef, intercept = _every_class(machine.coef_, machine.intercept_, machine.classes_, len(held.classes))
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    with part.open("wb") as opened:
        np.savez(opened, coef=coef, intercept=intercept)
    part.replace(file)
    metrics = {"train_rows": float(len(labels))}
    if any(held.rows.get("validation", ())):
        features, labels = _read(held, "validation")
        metrics["validation_top1"] = float(np.mean((features @ coef.T + intercept).argmax(1) == labels))
    return file_hash(file), metrics


def probabilities(weights: dict[str, Array], jpegs: list[bytes]) -> Array:
    """(n, classes) float64: the softmax of the distances to the planes. Not calibrated: it ranks, no more."""
    scores = (
        np.stack([hog(jpeg) for jpeg in jpegs]) @ weights["coef"].T.astype(np.float64) + weights["intercept"]
    )
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def hog(jpeg: bytes) -> Array:
    """(features,) float32 of a merged picture: of each side where they stand 1:2 without bars, else of the whole square."""
    grey = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        raise InputError("a picture in the shards cannot be decoded; remove the shards' folder and run again")
    height, width = grey.shape
    sides = [grey[:, :height], grey[:, height:]] if width == 2 * height else [grey]
    describe = cv2.HOGDescriptor((SIDE, SIDE), (2 * CELL, 2 * CELL), (CELL, CELL), (CELL, CELL), 9)
    resized = [cv2.resize(side, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for side in sides]
    return np.concatenate([np.asarray(describe.compute(side)).ravel() for side in resized])


def _read(held: Shards, split: str) -> tuple[Array, Array]:
    files = shards.share(held, split, 0, 1).files
    shards.refuse_pickles(files)
    tables = [pq.read_table(file, columns=["label", "jpeg"], partitioning=None) for file in files]
    labels = np.concatenate([table["label"].to_numpy() for table in tables])
    return np.stack([hog(jpeg) for table in tables for jpeg in table["jpeg"].to_pylist()]), labels


def _every_class(coef: Array, intercept: Array, seen: Array, classes: int) -> tuple[Array, Array]:
    """A plane for each class: of two classes the machine gives one plane; a class without train images is never said."""
    if len(seen) == 2:
        coef, intercept = np.concatenate([-coef, coef]), np.concatenate([-intercept, intercept])
    planes = np.zeros((classes, coef.shape[1]), np.float32)
    offsets = np.full(classes, -1e9, np.float32)
    planes[seen], offsets[seen] = coef, intercept
    return planes, offsets
