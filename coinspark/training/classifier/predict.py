"""Predictions of a trained run for images, in Spark's Python workers."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame

from coinspark.training.baselines import BASELINES
from coinspark.training.split_digest import Fold, check_split
from coinspark.vision import weights
from coinspark.warehouse import schemas
from coinspark.warehouse.files import Location
from coinspark.warehouse.object_storage import NO_ACCESS, Access

_BATCH = (
    16  # images; short batches are padded, so that the result of an image does not depend on the other images
)

Array = np.ndarray[Any, Any]
Predictor = Callable[[list[bytes]], Array]


@dataclass(frozen=True)
class RunModel:
    """The model of a run.

    Attributes:
        model: Name of a backbone or of a baseline.
        role: `network` or `baseline`.
        classes: Class names in label order.
        mints: The mint of each class.
        weights: Path or URI of the weights file.
        sha256: SHA-256 hex of the weights file.
        settings: JSON with the architecture, the image format and the precision of a network.
        views: Number of shifted copies of an image whose predictions a network averages, 1 or 5.
        access: How to open the weights file if it is in an object store.
    """

    run_id: str
    model: str
    role: str
    classes: tuple[str, ...]
    mints: tuple[str, ...]
    weights: str
    sha256: str
    settings: str = "{}"
    views: int = 1
    access: Access = NO_ACCESS

    @property
    def file(self) -> Location:
        """The weights file."""
        return Location.of(self.weights, self.access)


def run_model(
    row: Mapping[str, Any], folder: Location, digests: Mapping[Fold, str], views: int = 1
) -> RunModel:
    """The model of a row of `runs`.

    Args:
        folder: The warehouse.
        digests: `split_digests` of the table `splits`, from which the images to predict come.
        views: `training.prediction_views`.

    Raises:
        InputError: The run was trained on another split.
    """
    check_split(row, digests)
    settings = json.loads(row["config"])
    return RunModel(
        run_id=row["run_id"],
        model=row["model"],
        role=row["role"],
        classes=tuple(row["classes"]),
        mints=tuple(settings["mints"]),
        weights=str(folder / row["weights"]),
        sha256=row["sha256"],
        settings=json.dumps(settings.get("network", {}), sort_keys=True),
        views=views,
        access=folder.access,
    )


def predict(images: DataFrame, run: RunModel, top: int = 5) -> DataFrame:
    """Rows of PREDICTIONS with the `top` classes and mints of each image.

    Level `class` ranks the classes. Level `mint` ranks the mints by the sum of the probabilities of their
    classes; both columns `class` and `mint` then have the name of the mint. Each Python worker loads the
    weights once.

    Args:
        images: `coin_id`, `medium`, `jpeg` (of the size of the run's images).
    """

    def predict_frames(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for frame in frames:
            for start in range(0, len(frame), 8 * _BATCH):
                rows = frame.iloc[start : start + 8 * _BATCH]
                values = probabilities(run, rows["jpeg"].tolist())
                yield ranked(rows["coin_id"].tolist(), rows["medium"].tolist(), values, run, top)

    columns = images.select("coin_id", "medium", "jpeg")
    return columns.mapInPandas(predict_frames, schema=schemas.PREDICTIONS.ddl)  # type: ignore[arg-type]


def probabilities(run: RunModel, jpegs: list[bytes]) -> Array:
    """(n, classes) float64 with rows that add up to 1.

    Raises:
        InputError: The weights file is not the one of the run.
    """
    return _predictor(run)(jpegs)


def ranked(coins: list[str], media: list[str], values: Array, run: RunModel, top: int) -> pd.DataFrame:
    """Rows of PREDICTIONS from probabilities (n, classes). Ranks count from 1; ties are ordered by name."""
    mints = sorted(set(run.mints))
    membership = np.array([[mint == name for name in mints] for mint in run.mints], dtype=np.float64)
    levels = (
        ("class", run.classes, run.mints, values),
        ("mint", tuple(mints), tuple(mints), values @ membership),
    )
    parts = []
    for level, names, mint_of_name, scores in levels:
        scores = scores.round(6)
        columns = np.broadcast_to(np.arange(scores.shape[1]), scores.shape)
        best = np.lexsort((columns, -scores), axis=1)[:, :top]
        n, k = best.shape
        labels = best.ravel()
        parts.append(
            pd.DataFrame(
                {
                    "run_id": run.run_id,
                    "level": level,
                    "coin_id": np.repeat(np.array(coins, dtype=object), k),
                    "medium": np.repeat(np.array(media, dtype=object), k),
                    "rank": np.tile(np.arange(1, k + 1, dtype=np.int32), n),
                    "class": np.array(names, dtype=object)[labels],
                    "mint": np.array(mint_of_name, dtype=object)[labels],
                    "probability": np.take_along_axis(scores, best, axis=1).ravel(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


@functools.lru_cache(maxsize=2)
def _predictor(run: RunModel) -> Predictor:
    return _baseline(run) if run.role == "baseline" else _network(run)


def _baseline(run: RunModel) -> Predictor:
    arrays = weights.read(run.file, run.sha256)
    return functools.partial(BASELINES[run.model].probabilities, arrays)


def _network(run: RunModel) -> Predictor:
    import tensorflow as tf

    from coinspark.training.augment import shifted_views
    from coinspark.training.classifier import model
    from coinspark.vision.devices import configure_inference
    from coinspark.vision.network import ImageSpec
    from coinspark.vision.preprocess import decode, prepare

    settings = json.loads(run.settings)
    configure_inference(settings["precision"], threads=1)
    image = ImageSpec(**settings["image"])
    network = model.build_classifier(model.Architecture.from_dict(settings["architecture"]))
    model.load_weights(network, run.file, run.sha256)

    @tf.function(input_signature=[tf.TensorSpec((_BATCH,), tf.string)])  # type: ignore[untyped-decorator]
    def forward(jpegs: tf.Tensor) -> tf.Tensor:
        images = tf.map_fn(lambda jpeg: decode(jpeg, image), jpegs, fn_output_signature=tf.uint8)
        views = shifted_views(images, image, run.views)
        logits = [network(prepare(view, image), training=False) for view in views]
        return tf.add_n([tf.nn.softmax(tf.cast(values, tf.float64)) for values in logits]) / len(views)

    def predictor(jpegs: list[bytes]) -> Array:
        padded = jpegs + [jpegs[0]] * (-len(jpegs) % _BATCH)
        batches = [forward(tf.constant(padded[n : n + _BATCH])) for n in range(0, len(padded), _BATCH)]
        return np.asarray(np.concatenate([batch.numpy() for batch in batches])[: len(jpegs)])

    return predictor
