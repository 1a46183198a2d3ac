"""Rows of one worker, in memory or in a file, and passes over them piece by piece. Plain NumPy.

A block is a float32 array (n, width). Blocks of a file are memory-mapped one at a time, so that memory use
does not grow with the number of rows.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from coinspark.clustering.collective import Collective, Doubles
from coinspark.core.errors import InputError

Block = NDArray[np.float32]
Picks = NDArray[Any]
"""Selected rows by order, then key: fields order float64, key int64, label int32, row float32 (width,)."""

NO_ROWS = "k-means: there are no rows to cluster; check whether an earlier stage left its table empty"
_PIECE_BYTES = (
    1 << 20
)  # with its scores and a float64 copy, a piece stays in the second-level cache of a core
_BLOCK_BYTES = 1 << 24  # bytes of a file that are mapped at a time


@dataclass(frozen=True)
class Rows:
    """The rows of one worker.

    Attributes:
        keys: int64 (n,), a stable number for each row. Random draws and ties depend on it, not on the order
            of rows.
        blocks: float32 arrays (n_i, width), in the order of the keys.
        before: int64 (n,), cluster of each row in the previous build, from 1 on; 0, or None for all: none.
    """

    keys: NDArray[np.int64]
    blocks: Sequence[Block]
    before: NDArray[np.int64] | None = None

    @property
    def width(self) -> int:
        """Numbers per row; 0 without rows."""
        return int(self.blocks[0].shape[1]) if len(self.blocks) else 0


class BlockFile(Sequence[Block]):
    """Blocks in an unnamed temporary file in `folder`, which disappears when the process ends."""

    def __init__(self, folder: str | None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by close()
        self._spans: list[tuple[int, int, int]] = []  # offset, rows, width

    def add(self, rows: Block) -> None:
        """Append rows (n, width)."""
        for start in range(0, len(rows), step := max(1, _BLOCK_BYTES // (4 * rows.shape[1]))):
            part = np.ascontiguousarray(rows[start : start + step])
            self._spans.append((self._file.tell(), len(part), rows.shape[1]))
            self._file.write(part.data)

    def close(self) -> None:
        """Delete the file."""
        self._file.close()

    def __len__(self) -> int:
        return len(self._spans)

    @overload
    def __getitem__(self, index: int) -> Block: ...
    @overload
    def __getitem__(self, index: slice) -> list[Block]: ...
    def __getitem__(self, index: int | slice) -> Block | list[Block]:
        if isinstance(index, slice):
            return [self[n] for n in range(*index.indices(len(self)))]
        offset, count, width = self._spans[index]
        self._file.flush()
        return np.asarray(np.memmap(self._file, np.float32, "r", offset, (count, width)))


def pieces(rows: Rows) -> Iterator[tuple[slice, Block]]:
    """Parts of the blocks that fit the cache, each with its position among the worker's rows."""
    position = 0
    for block in rows.blocks:
        for start in range(0, len(block), step := max(1, _PIECE_BYTES // (4 * block.shape[1]))):
            piece = block[start : start + step]
            yield slice(position, position + len(piece)), piece
            position += len(piece)


def finite(piece: Block) -> NDArray[np.bool_]:
    """Which rows have neither NaN nor infinity, (n,)."""
    return np.asarray(np.isfinite(piece).all(1))


def checked_mean(rows: Rows, collective: Collective) -> tuple[Doubles, int]:
    """Mean (width,) and number of the rows of all workers.

    Raises:
        InputError: There are no rows, widths differ, or a row has NaN or infinity. All workers raise the same
            error.
    """
    invalid = [int(key) for at, piece in pieces(rows) for key in rows.keys[at][~finite(piece)]]
    own = np.array([rows.width, len(invalid), min(invalid, default=0)], np.int64)
    reports = [np.frombuffer(message, np.int64) for message in collective.allgather(own.tobytes())]
    widths = sorted({int(width) for width, _, _ in reports} - {0})
    if not widths:
        raise InputError(NO_ROWS)
    if len(widths) > 1:
        raise InputError(
            f"k-means: vectors have different lengths ({', '.join(map(str, widths))}); cluster the features "
            "of one model"
        )
    if keys := [int(key) for _, count, key in reports if count]:
        raise InputError(
            f"k-means: the vector of row {min(keys)} has NaN or infinity; remove the row or compute it again"
        )
    sums = np.zeros(widths[0] + 1)  # the last number counts the rows
    for _, piece in pieces(rows):
        sums[:-1] += piece.sum(0, dtype=np.float64)
    sums[-1] = len(rows.keys)
    sums = collective.allreduce(sums)
    return sums[:-1] / sums[-1], int(sums[-1])


def smallest(
    rows: Rows, width: int, count: int, order: Callable[[slice, Block], Doubles], labels: NDArray[np.int32]
) -> Picks:
    """The `count` rows of this worker with the smallest `order`, ties by key.

    Args:
        order: `order(position, piece)` returns a number for each row of a piece; infinity excludes a row.
        labels: int32 (n,), copied to the selected rows.
    """
    dtype = np.dtype([("order", "f8"), ("key", "i8"), ("label", "i4"), ("row", "f4", (width,))])
    best = np.empty(0, dtype)
    for at, piece in pieces(rows):
        values = order(at, piece)
        nearest = np.lexsort((rows.keys[at], values))[:count]
        worst = best["order"][-1] if len(best) == count and count else np.inf
        nearest = nearest[(values[nearest] <= worst) & np.isfinite(values[nearest])]
        if not len(nearest):
            continue
        picks = np.empty(len(nearest), dtype)
        picks["order"], picks["key"] = values[nearest], rows.keys[at][nearest]
        picks["label"], picks["row"] = labels[at][nearest], piece[nearest]
        best = _sorted(np.concatenate([best, picks]), count)
    return best


def smallest_of_all(collective: Collective, own: Picks, count: int) -> Picks:
    """The `count` smallest of the picks of all workers."""
    messages = collective.allgather(own.tobytes())
    return _sorted(np.concatenate([np.frombuffer(message, own.dtype) for message in messages]), count)


def _sorted(picks: Picks, count: int) -> Picks:
    return np.asarray(picks[np.lexsort((picks["key"], picks["order"]))[:count]])
