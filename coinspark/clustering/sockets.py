"""Collective operations of the tasks of a Spark barrier stage, over TCP connections to the first task.

Spark's own `BarrierTaskContext.allGather` polls once per second, which is too slow for one call per
iteration, and even for telling the others a port. So the ports that the first task may use are drawn from a
secret that all tasks have. The first task listens on the first of them that is free; the others try them in
turn until one answers that knows the secret (`handshake.py`).

A task of a failed attempt may still listen and also knows the secret. It ends soon: a task that waits for its
answer tries the next port, and a task that joined it fails with it and is started again by Spark.
"""

from __future__ import annotations

import errno
import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import pairwise
from multiprocessing.connection import Connection

import numpy as np

from coinspark.clustering import handshake
from coinspark.clustering.collective import ALONE, Array, Collective

_PORTS = range(10_000, 32_768)  # below the range of ephemeral ports
_PORTS_TRIED = 16
_HANDSHAKE_SECONDS = 5.0  # a connection without a complete handshake within this time is another program's
_MAX_HANDSHAKES = 256  # at the same time; further connections are closed, and tasks try again
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
                others = _accept_all(listener, secret, size)
            yield _FirstTask([stack.enter_context(_as_connection(other)) for other in others])
        else:
            first = stack.enter_context(_as_connection(_connect_to_first(host, rank, secret)))
            yield _OtherTask(first, rank, size)


def ports(secret: bytes) -> list[int]:
    """Ports on which the first task may listen, in the order of its attempts; all tasks draw the same."""
    random = np.random.default_rng(list(secret))
    drawn: list[int] = random.choice(_PORTS, _PORTS_TRIED, replace=False).tolist()
    return drawn


def _listen(host: str, secret: bytes, size: int) -> socket.socket:
    for port in ports(secret):
        try:
            return socket.create_server((host, port), backlog=max(size, 128))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(f"k-means: all of the ports {sorted(ports(secret))} on {host} are in use")


def _connect_to_first(host: str, rank: int, secret: bytes) -> socket.socket:
    """Connect to the first task, which may not listen yet."""
    until = time.monotonic() + _JOIN_SECONDS
    while time.monotonic() < until:
        for port in ports(secret):
            with suppress(OSError):
                connection = socket.create_connection((host, port), _HANDSHAKE_SECONDS)
                try:
                    handshake.join(connection, rank, secret, time.monotonic() + _HANDSHAKE_SECONDS)
                except OSError:
                    connection.close()
                else:
                    return connection
        time.sleep(0.01)
    raise ConnectionError(
        f"k-means: no first task answered on {host} within {_JOIN_SECONDS:.0f} seconds on any of the ports "
        f"{sorted(ports(secret))}; check that a firewall lets the machines of the cluster connect on these "
        "ports"
    )


def _accept_all(listener: socket.socket, secret: bytes, size: int) -> list[socket.socket]:
    """Connections to the other tasks, by rank.

    Each handshake has a thread of its own: a connection that sends nothing, or something else, delays nobody.
    """
    joined: queue.Queue[tuple[int, socket.socket]] = queue.Queue()
    accepting = threading.Thread(target=_accept, args=(listener, secret, size, joined), daemon=True)
    accepting.start()
    by_rank: dict[int, socket.socket] = {}
    until = time.monotonic() + _JOIN_SECONDS
    try:
        while len(by_rank) < size - 1:
            rank, connection = joined.get(timeout=max(0.0, until - time.monotonic()))
            if before := by_rank.get(rank):
                before.close()  # the task gave this connection up and tried again
            by_rank[rank] = connection
    except queue.Empty:
        missing = sorted({*range(1, size)} - {*by_rank})
        raise ConnectionError(
            f"k-means: the tasks {missing} did not connect to {listener.getsockname()} within "
            f"{_JOIN_SECONDS:.0f} seconds; check that a firewall lets the machines of the cluster connect"
        ) from None
    finally:
        listener.shutdown(socket.SHUT_RDWR)  # ends `accept`, which closing would not
        accepting.join()
    return [by_rank[rank] for rank in sorted(by_rank)]


def _accept(
    listener: socket.socket, secret: bytes, size: int, joined: queue.Queue[tuple[int, socket.socket]]
) -> None:
    """Accept connections until the listener is shut down, and put those of tasks into `joined`."""
    running = threading.BoundedSemaphore(_MAX_HANDSHAKES)

    def greet(connection: socket.socket) -> None:
        try:
            rank = handshake.admit(connection, size, secret, time.monotonic() + _HANDSHAKE_SECONDS)
            joined.put((rank, connection))
        except OSError:  # not a task of this stage, for example a port scanner
            connection.close()
        finally:
            running.release()

    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            if running.acquire(blocking=False):
                threading.Thread(target=greet, args=(connection,), daemon=True).start()
            else:
                connection.close()


def _as_connection(connection: socket.socket) -> Connection:
    """The socket as a connection for messages of any length, which waits without limit."""
    connection.settimeout(None)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # notice a machine that is gone
    return Connection(connection.detach())
