"""Images → feature vectors: the pooled last feature map of a network, one network per Python worker."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.core.errors import InputError
from coinspark.vision.network import Network, configure_inference

OUTCOME = "image_id string, vector array<float>, fault string"
"""One row per image: its vector, or the reason why it has none."""

_OUTCOME_ARROW = pa.schema(
    [("image_id", pa.string()), ("vector", pa.list_(pa.float32())), ("fault", pa.string())]
)
_ROWS = 256  # images per Arrow batch of results: about 1 MB of vectors

Array = np.ndarray[Any, Any]
Extractor = Callable[[Sequence[bytes | None]], tuple[Array, dict[int, str]]]


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
    session = images.sparkSession.sparkContext
    session.environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    threads = int(session.getConf().get("spark.task.cpus", "1") or 1)

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
        float32 (n, channels × sides), and the faults: index of an image → reason why its vector must not be
        used.

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
def _load(network: Network, batch: int, threads: int) -> Extractor:
    """Build the network, load its weights, and return the function from JPEGs to vectors."""
    import tensorflow as tf

    from coinspark.vision import preprocess
    from coinspark.vision.backbones import BACKBONES
    from coinspark.vision.edges import channels, edges

    configure_inference(network.precision, threads)
    backbone, spec = BACKBONES[network.backbone], network.image
    model = backbone.network(spec.height, spec.width, network.batch_norm, channels=channels(network.edges))
    backbone.load(model, network.weights, network.sha256, "features")

    @tf.function(input_signature=[tf.TensorSpec((batch,), tf.string)])  # type: ignore[untyped-decorator]
    def decode_batch(jpegs: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(lambda jpeg: preprocess.decode(jpeg, spec), jpegs, fn_output_signature=tf.uint8)

    shape = (batch, spec.height, spec.width, 3)

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.uint8)])  # type: ignore[untyped-decorator]
    def forward(images: tf.Tensor) -> tf.Tensor:
        inputs = edges(preprocess.prepare(images, spec), network.edges)
        return tf.cast(model(inputs, training=False), tf.float32)

    def decode_all(jpegs: list[bytes], first: int, faults: dict[int, str]) -> Any:
        """(batch, h, w, 3) uint8. If an image is broken, the images of the batch are decoded one by one."""
        try:
            return decode_batch(tf.constant(jpegs))
        except tf.errors.InvalidArgumentError:
            return tf.stack([decode_one(jpeg, first + n, faults) for n, jpeg in enumerate(jpegs)])

    def decode_one(jpeg: bytes, index: int, faults: dict[int, str]) -> Any:
        try:
            return preprocess.decode(tf.constant(jpeg), spec)
        except (tf.errors.InvalidArgumentError, ValueError) as error:
            faults[index] = str(getattr(error, "message", error)).splitlines()[0]
            return tf.zeros(shape[1:], tf.uint8)

    def extractor(jpegs: Sequence[bytes | None]) -> tuple[Array, dict[int, str]]:
        faults: dict[int, str] = {}
        padded = [jpeg or b"" for jpeg in jpegs]
        padded += padded[:1] * (
            -len(jpegs) % batch
        )  # full batches: a vector must not depend on the batch size
        parts = [
            forward(decode_all(padded[start : start + batch], start, faults)).numpy()
            for start in range(0, len(padded), batch)
        ]
        values = np.concatenate(parts)[: len(jpegs)]
        for index in np.flatnonzero(~np.isfinite(values).all(axis=1)):
            faults[int(index)] = "its vector has NaN or infinity"
        return values, faults

    return extractor
