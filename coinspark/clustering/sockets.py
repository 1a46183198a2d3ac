"""Collective operations of the tasks of a Spark barrier stage, over TCP connections to the first task.

Spark's own `BarrierTaskContext.allGather` polls once per second, which is too slow for one call per
iteration, and even for telling the others a port. So the ports that the first task may use are drawn from a
secret that all tasks have. The first task listens on the first of them that is free; the others try them in
turn until one answers that knows the secret.

A task of a failed attempt may still listen and also knows the secret. It ends soon: a task that waits for its
answer tries the next port, and a task that joined it fails with it and is started again by Spark.
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

from coinspark.clustering.collective import ALONE, Array, Collective

_PORTS = range(10_000, 32_768)  # below the range of ephemeral ports
_PORTS_TRIED = 16
_GREETING_SECONDS = 2.0  # a listener that sends nothing within this time is another program
_JOIN_SECONDS = 600.0  # the tasks of a barrier stage start together


class _FirstTask(Collective):
    """Rank 0: receives from all other tasks, in the order of ranks, and answers each of them."""

    rank = 0

    def __init__(self, others: list[Connection]) -> None:
        self.size, self._others = 1 + len(others), others

    def allreduce(self, values: Array) -> Array:
        total = values.copy()
        for other in self._others:
            total += np.frombuffer(other.recv_bytes(), values.dtype)
        for other in self._others:
            other.send_bytes(total.tobytes())
        return total

    def allgather(self, message: bytes) -> list[bytes]:
        messages = [message, *(other.recv_bytes() for other in self._others)]
        lengths = np.array([len(messages), *map(len, messages)], np.int64)
        for other in self._others:
            other.send_bytes(lengths.tobytes() + b"".join(messages))
        return messages


class _OtherTask(Collective):
    """Any other rank: sends to rank 0 and waits for its answer."""

    def __init__(self, first: Connection, rank: int, size: int) -> None:
        self.rank, self.size, self._first = rank, size, first

    def allreduce(self, values: Array) -> Array:
        return np.frombuffer(self._ask(values.tobytes()), values.dtype)

    def allgather(self, message: bytes) -> list[bytes]:
        answer = self._ask(message)
        count = int(np.frombuffer(answer, np.int64, 1)[0])
        ends = 8 * (count + 1) + np.r_[0, np.cumsum(np.frombuffer(answer, np.int64, count, 8))]
        return [answer[start:end] for start, end in pairwise(ends)]

    def _ask(self, message: bytes) -> bytes:
        self._first.send_bytes(message)
        return self._first.recv_bytes()


@contextmanager
def connect(rank: int, size: int, host: str, secret: bytes) -> Iterator[Collective]:
    """Connect the tasks of a stage for the duration of the context. The first task listens on its `host`.

    Operations raise EOFError or OSError when a task is gone. The task then fails, and Spark starts the stage
    again.
    """
    with ExitStack() as stack:
        if size == 1:
            yield ALONE
        elif rank == 0:
            with _listen(host, secret, size) as listener:
                others = [stack.enter_context(connection) for connection in _accept_all(listener, size)]
            yield _FirstTask(others)
        else:
            first = stack.enter_context(_connect_to_first(host, secret))
            first.send_bytes(rank.to_bytes(4, "little"))
            yield _OtherTask(first, rank, size)


def ports(secret: bytes) -> list[int]:
    """Ports on which the first task may listen, in the order of its attempts; all tasks draw the same."""
    random = np.random.default_rng(list(secret))
    drawn: list[int] = random.choice(_PORTS, _PORTS_TRIED, replace=False).tolist()
    return drawn


def _listen(host: str, secret: bytes, size: int) -> Listener:
    for port in ports(secret):
        try:
            return Listener((host, port), backlog=size, authkey=secret)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(f"k-means: all of the ports {sorted(ports(secret))} on {host} are in use")


def _connect_to_first(host: str, secret: bytes) -> Connection:
    """Connect to the first task, which may not listen yet."""
    until = time.monotonic() + _JOIN_SECONDS
    while time.monotonic() < until:
        for port in ports(secret):
            with suppress(ConnectionError):
                connection = Client((host, port))
                if _authenticate(connection, secret):
                    return connection
                connection.close()
        time.sleep(0.01)
    raise ConnectionError(
        f"k-means: no first task answered on {host} within {_JOIN_SECONDS:.0f} seconds on any of the ports "
        f"{sorted(ports(secret))}; check that a firewall lets the machines of the cluster connect on these "
        "ports"
    )


def _authenticate(connection: Connection, secret: bytes) -> bool:
    """Whether the other end greets as a `Listener` does and knows the secret."""
    try:
        if not connection.poll(_GREETING_SECONDS):
            return False
        answer_challenge(connection, secret)
        deliver_challenge(connection, secret)
    except (AssertionError, AuthenticationError, EOFError, OSError):  # AssertionError: another greeting
        return False
    return True


def _accept_all(listener: Listener, size: int) -> list[Connection]:
    """Connections to the other tasks, by rank."""
    by_rank: dict[int, Connection] = {}
    while len(by_rank) < size - 1:
        try:
            connection = listener.accept()
            by_rank[int.from_bytes(connection.recv_bytes(4), "little")] = connection
        except (AuthenticationError, EOFError, ConnectionError):
            continue  # not a task of this stage, for example a port scanner
    return [by_rank[rank] for rank in sorted(by_rank)]
