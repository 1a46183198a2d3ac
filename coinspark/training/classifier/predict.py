"""A run's weights and pictures → what it says of each coin, spread over Spark's workers."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame

from coinspark.core.errors import InputError
from coinspark.core.hashing import file_hash
from coinspark.training import baseline
from coinspark.warehouse import schemas

_BATCH = (
    16  # pictures at once; short batches are filled up, so that a coin's numbers do not depend on its company
)

Array = np.ndarray[Any, Any]
Guess = Callable[[list[bytes]], Array]


@dataclass(frozen=True)
class RunModel:
    """What predicting needs of a run: classes in label order, the mint of each, the weights' file and hash, the picture."""

    run_id: str
    model: str
    classes: tuple[str, ...]
    mints: tuple[str, ...]
    weights: str
    sha256: str
    settings: str = (
        "{}"  # JSON of architecture, precision, views and convention of the pixels; "{}" for the baseline
    )


def run_model(row: Mapping[str, Any], folder: Path) -> RunModel:
    """The model of a row of `runs` (a dict or a Spark Row's `asDict()`); `folder` is `warehouse.locations.local_folder(config)`."""
    settings = json.loads(row["config"])
    return RunModel(
        row["run_id"],
        row["model"],
        tuple(row["classes"]),
        tuple(settings["mints"]),
        str(folder / row["weights"]),
        row["sha256"],
        json.dumps(settings.get("network", {}), sort_keys=True),
    )


def predict(images: DataFrame, run: RunModel, top: int = 5) -> DataFrame:
    """`coin_id`, `medium`, `jpeg` (of the run's size) → PREDICTIONS: the `top` classes and mints of each coin, best first.

    Level `class` ranks the classes; level `mint` the mints, each with the sum of its classes' probabilities, its name in
    both `class` and `mint`. The weights are loaded once a Python worker, by their hash.
    """
    images.sparkSession.sparkContext.environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

    def guess(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for frame in frames:
            for start in range(0, len(frame), 8 * _BATCH):
                piece = frame.iloc[start : start + 8 * _BATCH]
                chances = probabilities(run, piece["jpeg"].tolist())
                yield ranked(piece["coin_id"].tolist(), piece["medium"].tolist(), chances, run, top)

    return images.select("coin_id", "medium", "jpeg").mapInPandas(guess, schema=schemas.PREDICTIONS.ddl)  # type: ignore[arg-type]


def probabilities(run: RunModel, jpegs: list[bytes]) -> Array:
    """(n, classes) float64 of these pictures, rows adding up to 1. Raises InputError where the weights are not the run's."""
    return _load(run)(jpegs)


def ranked(coins: list[str], media: list[str], chances: Array, run: RunModel, top: int) -> pd.DataFrame:
    """Rows of PREDICTIONS from (n, classes) probabilities; ranks count from 1, equal chances stand in order of name."""
    mints = sorted(set(run.mints))
    member = np.array(
        [[mint == name for name in mints] for mint in run.mints], dtype=np.float64
    )  # (classes, mints)
    parts = []
    for level, names, of_mint, values in (
        ("class", run.classes, run.mints, chances),
        ("mint", tuple(mints), tuple(mints), chances @ member),
    ):
        values = values.round(6)
        best = np.lexsort((np.broadcast_to(np.arange(values.shape[1]), values.shape), -values), axis=1)[
            :, :top
        ]
        n, k = best.shape
        flat = best.ravel()
        parts.append(
            pd.DataFrame(
                {
                    "run_id": run.run_id,
                    "level": level,
                    "coin_id": np.repeat(np.array(coins, dtype=object), k),
                    "medium": np.repeat(np.array(media, dtype=object), k),
                    "rank": np.tile(np.arange(1, k + 1, dtype=np.int32), n),
                    "class": np.array(names, dtype=object)[flat],
                    "mint": np.array(of_mint, dtype=object)[flat],
                    "probability": np.take_along_axis(values, best, axis=1).ravel(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


@functools.lru_cache(maxsize=2)
def _load(run: RunModel) -> Guess:
    if run.model == baseline.MODEL:
        weights = _baseline_weights(run)
        return lambda jpegs: baseline.probabilities(weights, jpegs)
    return _network(run)


def _baseline_weights(run: RunModel) -> dict[str, Array]:
    if (found := file_hash(Path(run.weights))) != run.sha256:
        raise InputError(
            f"{run.weights}: SHA-256 is {found}, but run {run.run_id} has {run.sha256}; "
            "the weights were not loaded"
        )
    with np.load(run.weights, allow_pickle=False) as opened:
        return {name: opened[name] for name in opened.files}


def _network(run: RunModel) -> Guess:
    import tensorflow as tf

    from coinspark.training.augment import views as shifted
    from coinspark.training.classifier import model
    from coinspark.vision.backbones import vgg16
    from coinspark.vision.network import Picture
    from coinspark.vision.preprocess import decode, prepare

    settings = json.loads(run.settings)
    vgg16.settle(settings["precision"], threads=1)
    picture = Picture(**settings["picture"])
    architecture = settings["architecture"]
    network = model.vgg16(model.Architecture(**{**architecture, "head": tuple(architecture["head"])}))
    model.load_weights(network, Path(run.weights), run.sha256)

    @tf.function(input_signature=[tf.TensorSpec((_BATCH,), tf.string)])  # type: ignore[untyped-decorator]
    def forward(jpegs: tf.Tensor) -> tf.Tensor:
        images = tf.map_fn(lambda jpeg: decode(jpeg, picture), jpegs, fn_output_signature=tf.uint8)
        views = shifted(images, picture, settings["views"])
        logits = [network(prepare(view, picture), training=False) for view in views]
        return tf.add_n([tf.nn.softmax(tf.cast(one, tf.float64)) for one in logits]) / len(views)

    def guess(jpegs: list[bytes]) -> Array:
        filled = jpegs + [jpegs[0]] * (-len(jpegs) % _BATCH)
        batches = [
            forward(tf.constant(filled[n : n + _BATCH])).numpy() for n in range(0, len(filled), _BATCH)
        ]
        return np.asarray(np.concatenate(batches)[: len(jpegs)])

    return guess
