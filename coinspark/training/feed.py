"""A worker's share of the shards → batches: the only file that knows Petastorm (`make_batch_reader` on plain Parquet).

`petastorm` and `tfdata` (pyarrow) give the same rows in the same order. Every row of a share comes once an epoch and none
twice; rows are counted, since a reader that ends early would say nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow.parquet as pq
import tensorflow as tf

from coinspark.config import Augment
from coinspark.core.errors import InputError
from coinspark.training import augment as pixels
from coinspark.training import shards
from coinspark.training.shards import Share
from coinspark.vision.network import Picture
from coinspark.vision.preprocess import decode, prepare

Chunk = tuple[np.ndarray[Any, Any], ...]
Kind = Literal["petastorm", "tfdata"]

_KINDS = {"label": np.int32, "type": np.int32}  # the other columns are bytes or strings
_SIGNATURE = tuple(
    tf.TensorSpec((None,), tf.int32 if name in _KINDS else tf.string) for name in shards.COLUMNS
)
_BUFFER = 20_000  # rows held for shuffling: JPEG bytes, some 100 MB at the usual sizes


@dataclass(frozen=True)
class Epoch:
    """One pass: which epoch of which seed, by which worker, in how many steps, changed by `augment` (None: as it is)."""

    seed: int
    epoch: int
    rank: int
    steps: int
    augment: Augment | None


def chunks(kind: Kind, share: Share) -> Iterator[Chunk]:
    """The columns of a shard, a row group at a time, each row of the share once.

    Raises InputError where the files hold more or fewer rows than were exported, or something that could be unpickled.
    """
    shards.refuse_pickles(share.files)
    read: Callable[[tuple[str, ...]], Iterator[Chunk]] = _petastorm if kind == "petastorm" else _pyarrow
    seen = 0
    for chunk in read(share.files) if share.files else ():
        seen += len(chunk[0])
        yield chunk
    if seen != share.rows:
        raise InputError(
            f"{kind} gave {seen} of {share.rows} rows of {', '.join(share.files[:3])}…: the shards are not those "
            "that were exported; remove their folder and run again"
        )


def _petastorm(files: tuple[str, ...]) -> Iterator[Chunk]:
    from petastorm import make_batch_reader

    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # Petastorm speaks to pyarrow in its old ways, which pyarrow bewails at each call
        # One thread keeps the order of the row groups, and files are named one by one: Petastorm then looks for no
        # `_common_metadata`, whose content it would unpickle.
        with make_batch_reader(
            [Path(file).absolute().as_uri() for file in files],
            schema_fields=list(shards.COLUMNS),
            shuffle_row_groups=False,
            num_epochs=1,
            workers_count=1,
        ) as reader:
            for batch in reader:
                yield tuple(_column(name, getattr(batch, name)) for name in shards.COLUMNS)


def _pyarrow(files: tuple[str, ...]) -> Iterator[Chunk]:
    for file in files:
        with pq.ParquetFile(file) as opened:
            for group in range(opened.num_row_groups):
                table = opened.read_row_group(group, columns=list(shards.COLUMNS))
                yield tuple(_column(name, table[name].to_numpy()) for name in shards.COLUMNS)


def _column(name: str, values: Any) -> np.ndarray[Any, Any]:
    return np.asarray(values, dtype=_KINDS.get(name, object))


def rows(kind: Kind, share: Share) -> tf.data.Dataset:
    """The columns of each row, in the order of the shards."""
    return (
        tf.data.Dataset.from_generator(lambda: chunks(kind, share), output_signature=_SIGNATURE)
        .unbatch()
        .with_options(plain_options())
    )


def plain_options() -> tf.data.Options:
    """No tuning of buffers while it runs: at the end of an epoch its thread may sleep on for half a minute before it stops.

    (`Model::OptimizeLoop` of tf.data misses the call that ends it; seen with TensorFlow 2.15 as every third epoch.)
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return options


def batches(kind: Kind, share: Share, picture: Picture, epoch: Epoch) -> tf.data.Dataset:
    """`epoch.steps` batches of (float32 images (n, h, w, 3), int32 labels (n,), int32 types (n,)); sizes differ by at most one.

    Training rows are shuffled by seed, epoch and rank, and changed as `epoch.augment` says; without it they come as exported.
    """
    dataset = rows(kind, share)
    if (how := epoch.augment) is not None:
        mixed = (epoch.seed * 1_000_003 + epoch.epoch * 1_009 + epoch.rank) % 2**31
        dataset = dataset.shuffle(min(share.rows, _BUFFER), seed=mixed, reshuffle_each_iteration=False)

    # Nothing here needs AutoGraph, which would rewrite these functions anew for each epoch, at half a second a time.
    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def decoded(
        coin_id: tf.Tensor, medium: tf.Tensor, label: tf.Tensor, type_: tf.Tensor, jpeg: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        key = tf.strings.join([coin_id, medium], "\x1f")
        draws = tf.zeros(()) if how is None else pixels.draw(key, epoch.seed, epoch.epoch)
        return decode(jpeg, picture), label, type_, draws

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def ready(
        images: tf.Tensor, labels: tf.Tensor, types: tf.Tensor, draws: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        changed = images if how is None else pixels.augment(images, draws, picture, how)
        return prepare(changed, picture), labels, types

    cut = shards.cuts(share.rows, epoch.steps)
    dataset = dataset.map(decoded, num_parallel_calls=2, deterministic=True).batch(cut[0]).rebatch(cut)
    return dataset.map(ready, num_parallel_calls=2, deterministic=True).prefetch(4)
