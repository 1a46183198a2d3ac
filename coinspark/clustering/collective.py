"""Collective operations of a group of workers. Plain Python and NumPy.

All workers run the same program on their own rows and call these operations in the same order.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Doubles = NDArray[np.float64]


class Collective(ABC):
    """A group of workers as one of them sees it.

    A subclass implements `allreduce` and `allgather`. `sockets.py` does it for the tasks of a Spark stage,
    `training` with Horovod; training extends the class by what only TensorFlow needs.

    Attributes:
        rank: Number of this worker, from 0.
        size: Number of workers.
    """

    rank: int
    size: int

    @abstractmethod
    def allreduce(self, values: Array) -> Array:
        """Sum of the arrays of all workers, which have the same shape and dtype; the same on all workers."""

    @abstractmethod
    def allgather(self, message: bytes) -> list[bytes]:
        """Messages of all workers, by rank. Their lengths may differ."""

    def mean(self, values: Array) -> Array:
        """Mean of the arrays of all workers."""
        return np.asarray(self.allreduce(values) / self.size)

    def broadcast(self, message: bytes) -> bytes:
        """The message of rank 0. The messages of other ranks are ignored."""
        return self.allgather(message if self.rank == 0 else b"")[0]


class SingleProcess(Collective):
    """A group of one worker."""

    rank, size = 0, 1

    def allreduce(self, values: Array) -> Array:
        return values

    def allgather(self, message: bytes) -> list[bytes]:
        return [message]


ALONE = SingleProcess()


class AllreduceCollective(Collective):
    """A group that can only add arrays, such as one of Horovod or MPI.

    With Horovod:

        AllreduceCollective(lambda values: hvd.allreduce(values, op=hvd.Sum).numpy(), hvd.rank(), hvd.size())
    """

    def __init__(self, allreduce: Callable[[Array], Array], rank: int, size: int) -> None:
        self._allreduce, self.rank, self.size = allreduce, rank, size

    def allreduce(self, values: Array) -> Array:
        return self._allreduce(values)

    def allgather(self, message: bytes) -> list[bytes]:
        """Add up arrays in which each worker fills its own row with 32 bits per float64, which is exact."""
        lengths = np.zeros(self.size)
        lengths[self.rank] = len(message)
        lengths = self.allreduce(lengths)
        words = np.zeros((self.size, int(-(-lengths.max() // 4))))
        padded = message + bytes(4 * words.shape[1] - len(message))
        words[self.rank] = np.frombuffer(padded, np.uint32)
        words = self.allreduce(words)
        return [
            row.astype(np.uint32).tobytes()[: int(length)] for row, length in zip(words, lengths, strict=True)
        ]
