"""How the tasks of a Spark barrier stage add up and tell each other: sockets to the first of them.

Spark's own `BarrierTaskContext.allGather` looks for its answer once a second, however short the message, so not even where the
first task listens is told by it: the ports it may have are drawn from the secret that all tasks came with, it takes the first
free one, and the others try them in turn until one answers that knows the secret. The first task of an attempt that failed
a moment ago may know it too; it goes, whoever waits for it tries on, and whoever had joined it fails with it, once more.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import pairwise
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener, answer_challenge, deliver_challenge

import numpy as np

from coinspark.clustering.collective import ALONE, Doubles, Team

_PORTS = range(10_000, 32_768)  # above, systems give ports to whoever calls out
_TRIED = 16
_GREETING = 2.0  # seconds until a port that says nothing is somebody else's
_PATIENCE = 600.0  # seconds: the tasks of a barrier stage begin together


@contextmanager
def meet(rank: int, size: int, host: str, secret: bytes) -> Iterator[Team]:
    """The team of `size` tasks while all are there; the first one listens on its `host` and adds up in the order of ranks.

    EOFError or OSError once a task is gone: this one fails as well, and Spark starts the stage anew.
    """
    with ExitStack() as stack:
        if size == 1:
            yield ALONE
        elif rank == 0:
            with _listening(host, secret, size) as listener:
                others = [stack.enter_context(joined) for joined in _joined(listener, size)]
            yield Team(lambda values: _add(others, values), lambda message: _collect(others, message))
        else:
            first = stack.enter_context(_found(host, secret))
            first.send_bytes(rank.to_bytes(4, "little"))
            yield Team(
                lambda values: np.frombuffer(_ask(first, values.tobytes())),
                lambda message: _split(_ask(first, message)),
            )


def ports(secret: bytes) -> list[int]:
    """Where the first task may listen, in the order in which it tries; the same wherever the secret is known."""
    drawn: list[int] = np.random.default_rng(list(secret)).choice(_PORTS, _TRIED, replace=False).tolist()
    return drawn


def _listening(host: str, secret: bytes, size: int) -> Listener:
    for port in ports(secret):
        try:
            return Listener((host, port), backlog=size, authkey=secret)
        except OSError as fault:
            if fault.errno != errno.EADDRINUSE:
                raise
    raise OSError(f"{host}: others listen on all of the ports {sorted(ports(secret))}")


def _found(host: str, secret: bytes) -> Connection:
    """The connection to the first task, which may not listen yet."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        for port in ports(secret):
            with suppress(ConnectionError):
                if _knows(one := Client((host, port)), secret):
                    return one
                one.close()
        time.sleep(0.01)
    raise ConnectionError(
        f"{host}: no first task of k-means answered within {_PATIENCE:.0f} seconds on any of the ports "
        f"{sorted(ports(secret))}: do the machines of this cluster reach each other there?"
    )


def _knows(one: Connection, secret: bytes) -> bool:
    """Whether the other end greets as `Listener` does, and proves the secret."""
    try:
        if not one.poll(_GREETING):
            return False
        answer_challenge(one, secret)
        deliver_challenge(one, secret)
    except (AssertionError, AuthenticationError, EOFError, OSError):  # the first for another greeting
        return False
    return True


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
