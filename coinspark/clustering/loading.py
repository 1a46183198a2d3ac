"""Reading Arrow batches of keys and vectors in a Spark task: checks, and sorting into a file of blocks."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coinspark.clustering.blocks import Block, BlockFile, finite
from coinspark.core.errors import InputError

Numbers = NDArray[np.int64]


class Report(NamedTuple):
    """A task's report to the others: a fault or '', the width of its rows (0 without rows), and one key."""

    fault: str = ""
    width: int = 0
    key: str = ""


@dataclass(frozen=True)
class LoadedRows:
    """The rows of a task, sorted by number.

    Attributes:
        numbers: int64 (n,), hash of each row's key.
        before: int64 (n,), number of each row's cluster in the previous build; 0: none.
        report: For `combined_fault`.
    """

    numbers: Numbers
    before: Numbers
    report: Report


_FIX = ": remove this row or compute its features again"
_RANGE_BITS = 6  # 64 files, each of which must fit in memory while it is sorted


def load(batches: Iterable[pa.RecordBatch], vectors: BlockFile, folder: str | None) -> LoadedRows:
    """Read all batches and write their vectors to a file, sorted by number.

    Rows arrive in any order and may not fit in memory. They are first distributed over temporary files by
    ranges of numbers, then each file is sorted. (Sorting whole rows in Spark took half of the loading time.)

    Args:
        batches: Columns number, key, vector, and optionally before. After a fault the remaining batches are
            skipped.
        vectors: An empty file for the vectors.
        folder: Folder of the temporary files.
    """
    report = Report()
    with ExitStack() as stack:
        ranges = [stack.enter_context(closing(BlockFile(folder))) for _ in range(1 << _RANGE_BITS)]
        columns: list[list[Numbers]] = [[] for _ in ranges]  # arrays (n, 2) of number and before
        for batch in batches:
            if report.fault or not len(batch):
                continue
            try:
                rows = _read_finite(batch, report.width)
            except InputError as error:
                report = report._replace(fault=str(error))
                continue
            report = Report("", rows.shape[1], report.key or str(batch.column("key")[0].as_py()))
            numbers = np.stack([batch.column("number").to_numpy(), _before(batch)], axis=1)
            range_of = (numbers[:, 0] >> (64 - _RANGE_BITS)) + (1 << _RANGE_BITS - 1)
            for index in np.unique(range_of):
                ranges[index].add(rows[range_of == index])
                columns[index].append(numbers[range_of == index])
        ordered = _sort_ranges(ranges, columns, vectors)
    return LoadedRows(ordered[:, 0].copy(), ordered[:, 1].copy(), report)


def combined_fault(reports: list[Report]) -> str:
    """The first fault of any task, or a difference between the widths of two tasks; '' if there is none."""
    if faults := sorted(report.fault for report in reports if report.fault):
        return faults[0]
    keys = {report.width: report.key for report in reports if report.width}
    return _different_lengths(*list(keys.items())[:2]) if len(keys) > 1 else ""


def read_vectors(batch: pa.RecordBatch, width: int) -> Block:
    """The column `vector` of a batch as float32 (n, width), without copying.

    Args:
        batch: Columns key, and vector: list<float>, or binary with little-endian float32.
        width: Expected numbers per vector; 0: as many as the first vector has.

    Raises:
        InputError: A vector is missing, empty or of another length; names its key.
    """
    keys, vectors = batch.column("key"), batch.column("vector")
    if vectors.null_count:
        key = keys[vectors.is_null().index(True).as_py()].as_py()
        raise InputError(f"the vector of {key!r} is missing{_FIX}")
    flat, sizes = _flat_values(vectors)
    if (partial := sizes % 1 > 0).any():
        key = keys[int(partial.argmax())].as_py()
        raise InputError(f"the vector of {key!r} is not a whole number of 4-byte floats{_FIX}")
    width = width or int(sizes[0])
    if (other := sizes != width).any():
        at = int(other.argmax())
        same = keys[int((~other).argmax())].as_py() if not other.all() else "an earlier row"
        raise InputError(_different_lengths((width, same), (int(sizes[at]), keys[at].as_py())))
    if not width:
        raise InputError(f"the vector of {keys[0].as_py()!r} is empty{_FIX}")
    return flat.view(np.float32).reshape(-1, width)


def _read_finite(batch: pa.RecordBatch, width: int) -> Block:
    rows = read_vectors(batch, width)
    if not (valid := finite(rows)).all():
        key = batch.column("key")[int(valid.argmin())].as_py()
        raise InputError(f"the vector of {key!r} has NaN or infinity{_FIX}")
    return rows


def _flat_values(vectors: pa.Array) -> tuple[NDArray[Any], NDArray[Any]]:
    """The values of all vectors in one array (bytes or float32), and the number of floats of each."""
    if pa.types.is_large_binary(vectors.type):  # with spark.sql.execution.arrow.useLargeVarTypes
        vectors = vectors.cast(pa.binary())
    if pa.types.is_binary(vectors.type):
        offsets = np.frombuffer(vectors.buffers()[1], np.int32, len(vectors) + 1, 4 * vectors.offset)
        content = np.frombuffer(vectors.buffers()[2] or b"", np.uint8)
        return content[offsets[0] : offsets[-1]], np.diff(offsets) / 4
    values = vectors.flatten().to_numpy(zero_copy_only=False)  # a null among the numbers becomes NaN
    return values, np.diff(vectors.offsets.to_numpy())


def _before(batch: pa.RecordBatch) -> Numbers:
    if "before" not in batch.schema.names:
        return np.zeros(len(batch), np.int64)
    return np.asarray(batch.column("before").fill_null(0).to_numpy(), np.int64)


def _sort_ranges(ranges: list[BlockFile], columns: list[list[Numbers]], vectors: BlockFile) -> Numbers:
    """Sort each range, append its rows to `vectors`, and return (number, before) (n, 2) in that order."""
    ordered = [np.empty((0, 2), np.int64)]
    for part, arrays in zip(ranges, columns, strict=True):
        if arrays:
            numbers = np.concatenate(arrays)
            order = np.argsort(numbers[:, 0], kind="stable")
            ordered.append(numbers[order])
            vectors.add(np.concatenate(part[:])[order])
            part.close()
    return np.concatenate(ordered)


def _different_lengths(first: tuple[int, str], second: tuple[int, str]) -> str:
    return (
        f"vectors of different lengths: {first[1]!r} has {first[0]} numbers, {second[1]!r} has {second[0]}; "
        "cluster the features of one model at a time"
    )
