"""Pictures → vectors: the pooled last maps of a network's convolutions, one network a Python worker, spread over Spark."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.core.errors import InputError
from coinspark.vision.network import Network

OUTCOME = "image_id string, vector array<float>, fault string"
"""A row a picture: its vector, or what is wrong with it."""

_FIELDS = pa.schema([("image_id", pa.string()), ("vector", pa.list_(pa.float32())), ("fault", pa.string())])
_ROWS = 256  # pictures in an Arrow batch that a worker gives back: a megabyte of vectors

Array = np.ndarray[Any, Any]
See = Callable[[Sequence[bytes | None]], tuple[Array, dict[int, str]]]


def features(images: DataFrame, network: Network, batch: int) -> DataFrame:
    """`image_id`, `jpeg` (of the network's picture) → OUTCOME: float32 vectors (512 long, or 1024: obverse before reverse).

    Decoded and prepared as for a prediction. The weights are loaded once a Python worker, by their hash; TensorFlow takes
    as many threads as Spark gives a task cores.
    """
    session = images.sparkSession.sparkContext
    session.environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    threads = int(session.getConf().get("spark.task.cpus", "1") or 1)

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        some = max(_ROWS // batch, 1) * batch
        for given in batches:
            for start in range(0, given.num_rows, some):
                piece = given.slice(start, some)
                yield _rows(
                    piece.column("image_id"),
                    *vectors(network, piece.column("jpeg").to_pylist(), batch, threads),
                )

    return images.select("image_id", "jpeg").mapInArrow(work, OUTCOME)


def vectors(
    network: Network, jpegs: Sequence[bytes | None], batch: int, threads: int = 1
) -> tuple[Array, dict[int, str]]:
    """(n, 512 × sides) float32, and place → fault of the pictures that have none. InputError where the weights are others."""
    return _load(network, batch, threads)(jpegs)


def of_model(features: DataFrame, model: str | None = None) -> DataFrame:
    """The rows of FEATURES of one model; None: of the only one there is.

    Vectors of two models mean nothing to each other: InputError where `model` is not there, or is not named and there are
    several.
    """
    known = sorted(row["model"] for row in features.select("model").distinct().collect())
    if model is None and len(known) > 1:
        raise InputError(
            f"features: of {len(known)} models, whose vectors can't be compared; name one of {', '.join(known)}"
        )
    if not known or model not in (None, *known):
        raise InputError(
            f"features: none of model {model or 'any'}; there are: {', '.join(known) or 'none yet'}. Run "
            "`coinspark features` with this configuration first"
        )
    return features.where(F.col("model") == (model or known[0]))


def _rows(names: pa.Array, found: Array, faults: dict[int, str]) -> pa.RecordBatch:
    """OUTCOME rows of (n, d) vectors; what has a fault has no vector."""
    starts = pa.array(range(0, found.size + 1, found.shape[1]), pa.int32())
    told = [faults.get(n) for n in range(len(names))]
    held = pa.ListArray.from_arrays(
        starts, found.ravel(), mask=pa.array([fault is not None for fault in told])
    )
    return pa.RecordBatch.from_arrays([names, held, pa.array(told, pa.string())], schema=_FIELDS)


@functools.lru_cache(maxsize=2)
def _load(network: Network, batch: int, threads: int) -> See:
    import tensorflow as tf

    from coinspark.vision import preprocess
    from coinspark.vision.backbones import vgg16
    from coinspark.vision.edges import channels, edges

    vgg16.settle(network.precision, threads)
    model = vgg16.network(
        network.picture.height, network.picture.width, network.batch_norm, channels=channels(network.edges)
    )
    vgg16.load(model, network.weights, network.sha256, "features")

    @tf.function(input_signature=[tf.TensorSpec((batch,), tf.string)])  # type: ignore[untyped-decorator]
    def decoded(jpegs: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(
            lambda jpeg: preprocess.decode(jpeg, network.picture), jpegs, fn_output_signature=tf.uint8
        )

    shape = (batch, network.picture.height, network.picture.width, 3)

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.uint8)])  # type: ignore[untyped-decorator]
    def forward(images: tf.Tensor) -> tf.Tensor:
        prepared = preprocess.prepare(images, network.picture)
        return tf.cast(model(edges(prepared, network.edges), training=False), tf.float32)

    def pictures(jpegs: list[bytes], first: int, faults: dict[int, str]) -> Any:
        """(batch, h, w, 3) uint8; where one is broken, the others of its batch are decoded one by one."""
        try:
            return decoded(tf.constant(jpegs))
        except tf.errors.InvalidArgumentError:
            return tf.stack([alone(jpeg, first + n, faults) for n, jpeg in enumerate(jpegs)])

    def alone(jpeg: bytes, place: int, faults: dict[int, str]) -> Any:
        try:
            return preprocess.decode(tf.constant(jpeg), network.picture)
        except (tf.errors.InvalidArgumentError, ValueError) as error:
            faults[place] = str(getattr(error, "message", error)).splitlines()[0]
            return tf.zeros(shape[1:], tf.uint8)

    def see(jpegs: Sequence[bytes | None]) -> tuple[Array, dict[int, str]]:
        faults: dict[int, str] = {}
        filled = [jpeg or b"" for jpeg in jpegs]
        filled += filled[:1] * (
            -len(jpegs) % batch
        )  # always whole, so that a vector does not depend on its company
        parts = [
            forward(pictures(filled[n : n + batch], n, faults)).numpy() for n in range(0, len(filled), batch)
        ]
        found = np.concatenate(parts)[: len(jpegs)]
        odd = np.flatnonzero(~np.isfinite(found).all(axis=1))
        faults.update({int(n): "the network gives it a vector that is not finite" for n in odd})
        return found, faults

    return see
