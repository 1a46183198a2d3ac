"""How the tasks of a Spark barrier stage add up and tell each other: sockets to the first of them.

Spark's own `BarrierTaskContext.allGather` looks for its answer once a second, however short the message, so it serves only to
tell where the first task listens; a sum over sockets takes milliseconds. Nobody joins without the secret that tasks came with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener

import numpy as np

from coinspark.vision.team import ALONE, Doubles, Team

Tell = Callable[[str], list[str]]
"""Give one's own message, get everybody's, in the order of ranks: `BarrierTaskContext.allGather`."""


@contextmanager
def meet(rank: int, size: int, host: str, secret: bytes, tell: Tell) -> Iterator[Team]:
    """The team of `size` tasks while all are there; the first one listens on its `host` and adds up in the order of ranks.

    EOFError or OSError once a task is gone: this one fails as well, and Spark starts the stage anew.
    """
    with ExitStack() as stack:
        if size == 1:
            yield ALONE
        elif rank == 0:
            listener = stack.enter_context(Listener((host, 0), backlog=size, authkey=secret))
            tell(str(listener.address[1]))
            others = [stack.enter_context(joined) for joined in _joined(listener, size)]
            yield Team(lambda values: _add(others, values), lambda message: _collect(others, message))
        else:
            port = int(tell("")[0])
            first = stack.enter_context(Client((host, port), authkey=secret))
            first.send_bytes(rank.to_bytes(4, "little"))
            yield Team(lambda values: np.frombuffer(_ask(first, values.tobytes())),
                       lambda message: _split(_ask(first, message)))


def _joined(listener: Listener, size: int) -> list[Connection]:
    """The other tasks in the order of their ranks, whoever comes first."""
    found: dict[int, Connection] = {}
    while len(found) < size - 1:
        try:
            one = listener.accept()
            found[int.from_bytes(one.recv_bytes(4), "little")] = one
        except (AuthenticationError, EOFError, ConnectionError):
            continue  # a stranger: somebody tries all ports
    return [found[rank] for rank in sorted(found)]


def _add(others: list[Connection], values: Doubles) -> Doubles:
    total = values.copy()
    for other in others:
        total += np.frombuffer(other.recv_bytes())
    for other in others:
        other.send_bytes(total.tobytes())
    return total


def _collect(others: list[Connection], message: bytes) -> list[bytes]:
    every = [message, *(other.recv_bytes() for other in others)]
    lengths = np.array([len(every), *map(len, every)], np.int64)
    for other in others:
        other.send_bytes(lengths.tobytes() + b"".join(every))
    return every


def _ask(first: Connection, message: bytes) -> bytes:
    first.send_bytes(message)
    return first.recv_bytes()


def _split(answer: bytes) -> list[bytes]:
    count = int(np.frombuffer(answer, np.int64, 1)[0])
    ends = 8 * (count + 1) + np.r_[0, np.cumsum(np.frombuffer(answer, np.int64, count, 8))]
    return [answer[start:end] for start, end in pairwise(ends)]
