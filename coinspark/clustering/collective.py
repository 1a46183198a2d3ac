"""What the workers of one piece of work tell each other: a sum over all of them, and a message of each. Plain Python and NumPy.

Every worker runs the same program on rows of its own and calls these in the same order. `ALONE` is one process; `by_sum` makes
a team of any all-reduce (Horovod's, MPI's) and is how a training calls k-means; `vision/exchange.py` makes Spark's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Team:
    """`total`: the sum of every worker's array, alike on all; `gather`: every worker's message, in the order of their ranks."""

    total: Callable[[Doubles], Doubles]
    gather: Callable[[bytes], list[bytes]]


ALONE = Team(lambda values: values, lambda message: [message])
"""A single process: its own sum, its own message."""


def by_sum(allreduce: Callable[[Doubles], Doubles], rank: int, size: int) -> Team:
    """A team of `size` workers that can only sum: `allreduce` adds float64 arrays of equal shape over all of them.

    With Horovod: `by_sum(lambda values: hvd.allreduce(values, op=hvd.Sum).numpy(), hvd.rank(), hvd.size())`. A message is
    added to the others' zeros, 32 bits a number, which float64 holds exactly.
    """

    def gather(message: bytes) -> list[bytes]:
        lengths = np.zeros(size)
        lengths[rank] = len(message)
        lengths = allreduce(lengths)
        words = np.zeros((size, int(-(-lengths.max() // 4))))
        padded = message + bytes(4 * words.shape[1] - len(message))
        words[rank] = np.frombuffer(padded, np.uint32)
        words = allreduce(words)
        return [
            row.astype(np.uint32).tobytes()[: int(length)] for row, length in zip(words, lengths, strict=True)
        ]

    return Team(allreduce, gather)
