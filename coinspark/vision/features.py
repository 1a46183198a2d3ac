"""Images → feature vectors: the pooled last feature map of a network, one network per Python worker."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import or_
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from coinspark.core.errors import InputError
from coinspark.vision import weights
from coinspark.vision.devices import configure_inference
from coinspark.vision.network import Network
from coinspark.warehouse.files import Location

OUTCOME = "image_id string, vector array<float>, fault string"
"""One row per image: its vector, or the reason why it has none."""

_OUTCOME_ARROW = pa.schema(
    [("image_id", pa.string()), ("vector", pa.list_(pa.float32())), ("fault", pa.string())]
)
_NOT_FINITE = (float("nan"), float("inf"), float("-inf"))
_ROWS = 256  # images per Arrow batch of results: about 1 MB of vectors

Array = np.ndarray[Any, Any]


def extract(images: DataFrame, network: Network, batch: int) -> DataFrame:
    """Compute the vector of each image.

    Decodes and preprocesses as prediction does. Each Python worker loads the weights once, by hash;
    TensorFlow uses as many threads as a Spark task has cores.

    Args:
        images: image_id, jpeg (of the size of `network.image`).
        batch: Images per forward pass.

    Returns:
        OUTCOME rows: float32 vectors of the backbone's channels, or twice as many with the obverse first.
    """
    threads = int(images.sparkSession.sparkContext.getConf().get("spark.task.cpus", "1") or 1)

    def extract_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        step = max(_ROWS // batch, 1) * batch
        for rows in batches:
            for start in range(0, rows.num_rows, step):
                part = rows.slice(start, step)
                jpegs = part.column("jpeg").to_pylist()
                yield _outcome(part.column("image_id"), *vectors(network, jpegs, batch, threads))

    return images.select("image_id", "jpeg").mapInArrow(extract_batches, OUTCOME)


def vectors(
    network: Network, jpegs: Sequence[bytes | None], batch: int, threads: int = 1
) -> tuple[Array, dict[int, str]]:
    """Compute the vectors of JPEGs in this process.

    Returns:
        float32 (n, channels × sides), and the faults: index of an image that cannot be decoded → reason. A
        vector may have NaN or infinity, where the network overflows.

    Raises:
        InputError: The weights file is missing, changed, or not of the backbone.
    """
    return _load(network, batch, threads)(jpegs)


def of_model(features: DataFrame, model: str | None = None) -> DataFrame:
    """The rows of one model in the table `features`; without `model`, of the only one.

    Vectors of different models cannot be compared. Raises InputError if the table has no rows of the model,
    or rows of several models and `model` is None.
    """
    models = sorted(row["model"] for row in features.select("model").distinct().collect())
    if model is None and len(models) > 1:
        raise InputError(
            f"features: there are {len(models)} models, whose vectors cannot be compared; name one of "
            f"{', '.join(models)}"
        )
    if not models or model not in (None, *models):
        raise InputError(
            f"features: no rows of model {model or 'any'}, found: {', '.join(models) or 'none'}; run "
            "`coinspark features` with this configuration first"
        )
    return features.where(F.col("model") == (model or models[0]))


def not_finite(vector: str) -> Column:
    """Whether this column of vectors has NaN, infinity or a missing number; false for a missing vector."""
    values = (F.array_contains(vector, F.lit(value).cast("float")) for value in _NOT_FINITE)
    has_value = reduce(or_, values)  # null if a number is missing
    return F.col(vector).isNotNull() & F.coalesce(has_value, F.lit(True))


def _outcome(image_ids: pa.Array, values: Array, faults: dict[int, str]) -> pa.RecordBatch:
    """OUTCOME rows of vectors (n, d); an image with a fault gets no vector."""
    offsets = pa.array(range(0, values.size + 1, values.shape[1]), pa.int32())
    reasons = [faults.get(index) for index in range(len(image_ids))]
    lists = pa.ListArray.from_arrays(
        offsets, values.ravel(), mask=pa.array([reason is not None for reason in reasons])
    )
    return pa.RecordBatch.from_arrays(
        [image_ids, lists, pa.array(reasons, pa.string())], schema=_OUTCOME_ARROW
    )


@functools.lru_cache(maxsize=2)
def _load(network: Network, batch: int, threads: int) -> _Extractor:
    """The extractor of a network, built once per process."""
    configure_inference(network.precision, threads)
    return _Extractor(network, batch)


class _Extractor:
    """A network with its weights, as a function from JPEGs to vectors and faults (see `vectors`)."""

    def __init__(self, network: Network, batch: int) -> None:
        import tensorflow as tf

        from coinspark.vision import preprocess
        from coinspark.vision.backbones import BACKBONES
        from coinspark.vision.edges import channels, edges

        backbone, spec = BACKBONES[network.backbone], network.image
        model = backbone.network(
            spec.height, spec.width, network.batch_norm, channels=channels(network.edges)
        )
        file = Location.of(network.weights, network.access)
        backbone.fill(model, weights.read(file, network.sha256), network.weights)

        @tf.function(input_signature=[tf.TensorSpec((batch,), tf.string)])  # type: ignore[untyped-decorator]
        def decode(jpegs: tf.Tensor) -> tf.Tensor:
            return tf.map_fn(lambda jpeg: preprocess.decode(jpeg, spec), jpegs, fn_output_signature=tf.uint8)

        shape = (batch, spec.height, spec.width, 3)

        @tf.function(input_signature=[tf.TensorSpec(shape, tf.uint8)])  # type: ignore[untyped-decorator]
        def forward(images: tf.Tensor) -> tf.Tensor:
            inputs = edges(preprocess.prepare(images, spec), network.edges)
            return tf.cast(model(inputs, training=False), tf.float32)

        self._decode, self._forward, self._spec, self._batch = decode, forward, spec, batch

    def __call__(self, jpegs: Sequence[bytes | None]) -> tuple[Array, dict[int, str]]:
        faults: dict[int, str] = {}
        batch = self._batch
        padded = [jpeg or b"" for jpeg in jpegs]
        padded += padded[:1] * (-len(jpegs) % batch)  # full batches: a vector must not depend on their size
        parts = [
            self._forward(self._decode_batch(padded[start : start + batch], start, faults)).numpy()
            for start in range(0, len(padded), batch)
        ]
        return np.concatenate(parts)[: len(jpegs)], faults

    def _decode_batch(self, jpegs: list[bytes], first: int, faults: dict[int, str]) -> Any:
        """(batch, h, w, 3) uint8. If an image is broken, the images of the batch are decoded one by one."""
        import tensorflow as tf

        try:
            return self._decode(tf.constant(jpegs))
        except tf.errors.InvalidArgumentError:
            return tf.stack([self._decode_one(jpeg, first + n, faults) for n, jpeg in enumerate(jpegs)])

    def _decode_one(self, jpeg: bytes, index: int, faults: dict[int, str]) -> Any:
        """(h, w, 3) uint8, or zeros and a fault."""
        import tensorflow as tf

        from coinspark.vision import preprocess

        try:
            return preprocess.decode(tf.constant(jpeg), self._spec)
        except (tf.errors.InvalidArgumentError, ValueError) as error:
            faults[index] = str(getattr(error, "message", error)).splitlines()[0]
            return tf.zeros((self._spec.height, self._spec.width, 3), tf.uint8)
