"""Input pipeline: the shards of one worker → batches of images. The only module that imports Petastorm.

The feeds `petastorm` (`make_batch_reader` on plain Parquet) and `tfdata` (pyarrow) return the same rows in
the same order. Rows are counted, because a reader that stops early raises no error.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow.parquet as pq
import tensorflow as tf

from coinspark.config import Augment
from coinspark.core.errors import InputError
from coinspark.training import augment, shards
from coinspark.training.shards import WorkerShards
from coinspark.vision.network import ImageSpec
from coinspark.vision.preprocess import decode, prepare
from coinspark.warehouse.files import Location

Chunk = tuple[np.ndarray[Any, Any], ...]
Kind = Literal["petastorm", "tfdata"]

_DTYPES = {"label": np.int32, "type": np.int32}  # all other columns are bytes or strings
_SIGNATURE = tuple(
    tf.TensorSpec((None,), tf.int32 if name in _DTYPES else tf.string) for name in shards.COLUMNS
)
_SHUFFLE_BUFFER = 20_000  # rows with undecoded JPEGs: about 100 MB at the usual sizes


@dataclass(frozen=True)
class EpochSpec:
    """One pass of the worker `rank` over its rows in `steps` batches; `augment` None: as exported."""

    seed: int
    epoch: int
    rank: int
    steps: int
    augment: Augment | None


def chunks(kind: Kind, source: WorkerShards) -> Iterator[Chunk]:
    """Read the shards, one row group at a time: a tuple of the columns `shards.COLUMNS`.

    Raises:
        InputError: The number of rows differs from the exported number, or a folder contains a pickled file.
    """
    shards.refuse_pickles(source.files)
    read: Callable[[tuple[str, ...]], Iterator[Chunk]] = _petastorm if kind == "petastorm" else _pyarrow
    rows = 0
    for chunk in read(source.files) if source.files else ():
        rows += len(chunk[0])
        yield chunk
    if rows != source.rows:
        raise InputError(
            f"{', '.join(source.files[:3])}…: {kind} returned {rows} rows, {source.rows} were exported; "
            "remove the folder of the shards and run again"
        )


def _petastorm(files: tuple[str, ...]) -> Iterator[Chunk]:
    from petastorm import make_batch_reader

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Petastorm uses deprecated pyarrow functions
        # One thread keeps the order of the row groups. With explicit file names Petastorm does not look for
        # `_common_metadata`, which it would unpickle.
        with make_batch_reader(
            [Location.of(file).uri for file in files],
            schema_fields=list(shards.COLUMNS),
            shuffle_row_groups=False,
            num_epochs=1,
            workers_count=1,
        ) as reader:
            for batch in reader:
                yield tuple(_column(name, getattr(batch, name)) for name in shards.COLUMNS)


def _pyarrow(files: tuple[str, ...]) -> Iterator[Chunk]:
    for path in files:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=list(shards.COLUMNS))
                yield tuple(_column(name, table[name].to_numpy()) for name in shards.COLUMNS)


def _column(name: str, values: Any) -> np.ndarray[Any, Any]:
    return np.asarray(values, dtype=_DTYPES.get(name, object))


def rows(kind: Kind, source: WorkerShards) -> tf.data.Dataset:
    """A dataset of single rows, in the order of the shards: a scalar per column of `shards.COLUMNS`."""
    return (
        tf.data.Dataset.from_generator(lambda: chunks(kind, source), output_signature=_SIGNATURE)
        .unbatch()
        .with_options(dataset_options())
    )


def dataset_options() -> tf.data.Options:
    """Options without autotuning.

    In TensorFlow 2.15 the autotune thread (`Model::OptimizeLoop`) can miss its cancellation and delay the
    end of an epoch by up to half a minute; this happened in every third epoch.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return options


def batches(kind: Kind, source: WorkerShards, image: ImageSpec, epoch: EpochSpec) -> tf.data.Dataset:
    """A dataset of `epoch.steps` batches whose sizes differ by at most one.

    With `epoch.augment` the rows are shuffled by seed, epoch and rank, and augmented; without it they keep
    the exported order.

    Returns:
        Tuples of float32 images (n, height, width, 3), int32 labels (n,) and int32 types (n,).
    """
    dataset = rows(kind, source)
    if (settings := epoch.augment) is not None:
        shuffle_seed = (epoch.seed * 1_000_003 + epoch.epoch * 1_009 + epoch.rank) % 2**31
        dataset = dataset.shuffle(
            min(source.rows, _SHUFFLE_BUFFER), seed=shuffle_seed, reshuffle_each_iteration=False
        )

    # AutoGraph is not needed. It would convert these functions again in each epoch, in half a second.
    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def decode_row(
        coin_id: tf.Tensor, medium: tf.Tensor, label: tf.Tensor, type_: tf.Tensor, jpeg: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        key = tf.strings.join([coin_id, medium], "\x1f")
        draws = tf.zeros(()) if settings is None else augment.random_draws(key, epoch.seed, epoch.epoch)
        return decode(jpeg, image), label, type_, draws

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def prepare_batch(
        images: tf.Tensor, labels: tf.Tensor, types: tf.Tensor, draws: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        if settings is not None:
            images = augment.augment(images, draws, image, settings)
        return prepare(images, image), labels, types

    sizes = shards.batch_sizes(source.rows, epoch.steps)
    dataset = dataset.map(decode_row, num_parallel_calls=2, deterministic=True)
    dataset = dataset.batch(sizes[0]).rebatch(sizes)
    return dataset.map(prepare_batch, num_parallel_calls=2, deterministic=True).prefetch(4)
