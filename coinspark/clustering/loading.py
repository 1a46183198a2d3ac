"""What comes from Spark into a task, Arrow batches of keys and vectors: read, judged, and put in order into a file."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack, closing

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coinspark.clustering.blocks import Block, Spool, finite

Numbers = NDArray[np.int64]
Sample = tuple[str, int, str]
"""What a task says of its rows before all begin: a fault or nothing, their width (0 without rows), the key of one of them."""

_MEND = ": leave this row out, or make its features again"
_RANGES = 6  # bits: 64 files, each of which must fit in memory while it is sorted


def load(
    batches: Iterable[pa.RecordBatch], spool: Spool, folder: str | None
) -> tuple[Numbers, Numbers, Sample]:
    """The rows' numbers (n,) and former clusters (n,), their vectors into the spool, by number, and a sample.

    A batch has number, key, vector and, where clusters are known from before, `before`; 0 stands where a row has none. After a
    fault the rest only passes by.

    Rows arrive in any order and may not fit in memory: first into a file for each range of numbers, then each range sorted.
    Spark's own sort of whole rows took half of the loading.
    """
    width, key, fault = 0, "", ""
    with ExitStack() as stack:
        ranges = [stack.enter_context(closing(Spool(folder))) for _ in range(1 << _RANGES)]
        arrived: list[list[Numbers]] = [[] for _ in ranges]
        for batch in batches:
            if fault or not len(batch):
                continue
            vectors, fault = read(batch, width)
            if fault:
                continue
            width, key = vectors.shape[1], key or str(batch.column("key")[0].as_py())
            if not (good := finite(vectors)).all():
                fault = f"the vector of {batch.column('key')[int(good.argmin())].as_py()!r} has NaN or infinity{_MEND}"
            numbers = np.stack([batch.column("number").to_numpy(), _before(batch)], axis=1)
            places = (numbers[:, 0] >> (64 - _RANGES)) + (1 << _RANGES - 1)
            for place in np.unique(places):
                ranges[place].add(vectors[places == place])
                arrived[place].append(numbers[places == place])
        found = _sorted(ranges, arrived, spool)
        return found[:, 0].copy(), found[:, 1].copy(), (fault, width, key)


def _before(batch: pa.RecordBatch) -> Numbers:
    if "before" not in batch.schema.names:
        return np.zeros(len(batch), np.int64)
    return np.asarray(batch.column("before").fill_null(0).to_numpy(), np.int64)


def _sorted(ranges: list[Spool], arrived: list[list[Numbers]], spool: Spool) -> Numbers:
    """Numbers and former clusters (n, 2) in the order of the numbers, and the vectors into the spool in theirs."""
    found = [np.empty((0, 2), np.int64)]
    for part, numbers in zip(ranges, arrived, strict=True):
        if numbers:
            order = np.argsort((joined := np.concatenate(numbers))[:, 0], kind="stable")
            found.append(joined[order])
            spool.add(np.concatenate(part[:])[order])
            part.close()
    return np.concatenate(found)


def judge(samples: list[Sample]) -> str:
    """What is wrong in any task, or between two of them; nothing: an empty string."""
    if faults := sorted(fault for fault, _, _ in samples if fault):
        return faults[0]
    seen = {width: key for _, width, key in samples if width}
    return _lengths(*list(seen.items())[:2]) if len(seen) > 1 else ""


def _lengths(one: tuple[int, str], other: tuple[int, str]) -> str:
    return (
        f"vectors of different lengths: {one[1]!r} has {one[0]} numbers, {other[1]!r} has {other[0]}; "
        "cluster the features of one model at a time"
    )


def read(batch: pa.RecordBatch, width: int) -> tuple[Block, str]:
    """The column `vector` of a batch as float32 (n, width), not copied, or what is wrong with it; width 0: the first one's."""
    keys, vectors = batch.column("key"), batch.column("vector")
    nothing = np.empty((0, width), np.float32)
    if vectors.null_count:
        return (
            nothing,
            f"the vector of {keys[vectors.is_null().index(True).as_py()].as_py()!r} is missing{_MEND}",
        )
    if pa.types.is_large_binary(vectors.type):  # as spark.sql.execution.arrow.useLargeVarTypes asks for
        vectors = vectors.cast(pa.binary())
    if pa.types.is_binary(vectors.type):
        offsets = np.frombuffer(vectors.buffers()[1], np.int32, len(vectors) + 1, 4 * vectors.offset)
        sizes = np.diff(offsets) / 4
        flat = np.frombuffer(vectors.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
    else:
        sizes = np.diff(vectors.offsets.to_numpy())
        flat = vectors.flatten().to_numpy(zero_copy_only=False)  # a null among the numbers becomes NaN
    if (torn := sizes % 1 > 0).any():
        return (
            nothing,
            f"the vector of {keys[int(torn.argmax())].as_py()!r} ends within a float32 of 4 bytes{_MEND}",
        )
    width = width or int(sizes[0])
    if (other := sizes != width).any():
        at = int(other.argmax())
        same = keys[int((~other).argmax())].as_py() if not other.all() else "an earlier one"
        return nothing, _lengths((width, same), (int(sizes[at]), keys[at].as_py()))
    if not width:
        return nothing, f"the vector of {keys[0].as_py()!r} is empty{_MEND}"
    return flat.view(np.float32).reshape(-1, width), ""
