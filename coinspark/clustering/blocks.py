"""The rows that one worker holds, and going over them piece by piece. Plain NumPy.

Rows lie in blocks: arrays in memory, or pieces of a file that are mapped while they are looked at and let go again, so that
memory stays flat however many rows there are; where there is memory to spare the operating system keeps the file in it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from coinspark.clustering.collective import Doubles, Team
from coinspark.core.errors import InputError

Block = NDArray[np.float32]
Picks = NDArray[Any]
"""Rows picked out, sorted by order, then key: fields `order` float64, `key` int64, `label` int32, `row` float32 (width,)."""

NO_ROWS = "k-means without a row: there is nothing to cluster; did an earlier stage leave its table empty?"
_BYTES = (
    1 << 20
)  # of rows at a time: with their scores and a float64 copy they stay in a core's second-level cache
_MAPPED = 1 << 24  # bytes of a file that are mapped at a time


@dataclass(frozen=True)
class Rows:
    """`keys` int64 (n,): a stable number of each row, by which draws and ties go. `blocks`: float32 (n_i, width), in order."""

    keys: NDArray[np.int64]
    blocks: Sequence[Block]

    @property
    def width(self) -> int:
        """Numbers a row; 0 where there are no rows."""
        return int(self.blocks[0].shape[1]) if len(self.blocks) else 0


class Spool(Sequence[Block]):
    """Blocks in a file without a name below `folder`: the file is gone when the worker is, however it ends."""

    def __init__(self, folder: str | None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - lives as long as the spool
        self._spans: list[tuple[int, int, int]] = []

    def add(self, rows: Block) -> None:
        """Write (n, width) rows behind the others."""
        for start in range(0, len(rows), step := max(1, _MAPPED // (4 * rows.shape[1]))):
            part = np.ascontiguousarray(rows[start : start + step])
            self._spans.append((self._file.tell(), len(part), rows.shape[1]))
            self._file.write(part.data)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __len__(self) -> int:
        return len(self._spans)

    @overload
    def __getitem__(self, at: int) -> Block: ...
    @overload
    def __getitem__(self, at: slice) -> list[Block]: ...
    def __getitem__(self, at: int | slice) -> Block | list[Block]:
        if isinstance(at, slice):
            return [self[n] for n in range(*at.indices(len(self)))]
        offset, count, width = self._spans[at]
        self._file.flush()
        return np.asarray(np.memmap(self._file, np.float32, "r", offset, (count, width)))


def pieces(rows: Rows) -> Iterator[tuple[slice, Block]]:
    """Where in the worker's rows a piece stands, and the piece, small enough for the cache."""
    at = 0
    for block in rows.blocks:
        for start in range(0, len(block), step := max(1, _BYTES // (4 * block.shape[1]))):
            piece = block[start : start + step]
            yield slice(at, at + len(piece)), piece
            at += len(piece)


def finite(piece: Block) -> NDArray[np.bool_]:
    """Which rows are without NaN and infinity, (n,)."""
    return np.asarray(np.isfinite(piece).all(1))


def survey(rows: Rows, team: Team) -> tuple[Doubles, int]:
    """The mean (width,) and the number of all workers' rows.

    InputError, the same for every worker: no rows, unequal widths, NaN or infinity by the least key of such a row.
    """
    bad = [int(key) for at, piece in pieces(rows) for key in rows.keys[at][~finite(piece)]]
    said = team.gather(np.array([rows.width, len(bad), min(bad, default=0)], np.int64).tobytes())
    heard = [np.frombuffer(message, np.int64) for message in said]
    widths = sorted({int(one[0]) for one in heard} - {0})
    if not widths:
        raise InputError(NO_ROWS)
    if len(widths) > 1:
        raise InputError(
            f"vectors of different lengths ({', '.join(map(str, widths))}): cluster the features of one model"
        )
    if faulty := [int(one[2]) for one in heard if one[1]]:
        raise InputError(
            f"row {min(faulty)}: its vector has NaN or infinity; leave it out, or make its features again"
        )
    sums = np.zeros(widths[0] + 1)
    for _, piece in pieces(rows):
        sums[:-1] += piece.sum(0, dtype=np.float64)
    sums[-1] = len(rows.keys)
    sums = team.total(sums)
    return sums[:-1] / sums[-1], int(sums[-1])


def first(
    rows: Rows, width: int, count: int, order: Callable[[slice, Block], Doubles], labels: NDArray[np.int32]
) -> Picks:
    """The `count` rows of this worker with the least `order`, ties by key; infinity is never picked."""
    kind = np.dtype([("order", "f8"), ("key", "i8"), ("label", "i4"), ("row", "f4", (width,))])
    best = np.empty(0, kind)
    for at, piece in pieces(rows):
        value = order(at, piece)
        found = np.lexsort((rows.keys[at], value))[:count]
        worst = best["order"][-1] if len(best) == count and count else np.inf
        found = found[(value[found] <= worst) & np.isfinite(value[found])]
        if not len(found):
            continue
        new = np.empty(len(found), kind)
        new["order"], new["key"], new["label"], new["row"] = (
            value[found],
            rows.keys[at][found],
            labels[at][found],
            piece[found],
        )
        best = _sorted(np.concatenate([best, new]), count)
    return best


def first_of_all(team: Team, mine: Picks, count: int) -> Picks:
    """The first `count` of all workers' picks."""
    return _sorted(
        np.concatenate([np.frombuffer(sent, mine.dtype) for sent in team.gather(mine.tobytes())]), count
    )


def _sorted(picks: Picks, count: int) -> Picks:
    return np.asarray(picks[np.lexsort((picks["key"], picks["order"]))[:count]])
