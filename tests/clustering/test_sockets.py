"""The sockets between the tasks of k-means: exchange, authentication, and strangers that connect."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from coinspark.clustering import handshake, sockets
from coinspark.clustering.sockets import connect
from tests.clustering.test_kmeans import run_workers

HOST = "127.0.0.1"


def sum_of_ones(rank: int, size: int, secret: bytes) -> float:
    with connect(rank, size, HOST, secret) as collective:
        return float(collective.allreduce(np.ones(1))[0])


def reach(port: int) -> socket.socket:
    """A connection to the port, as soon as something listens there."""
    while True:
        try:
            return socket.create_connection((HOST, port), 60)
        except ConnectionRefusedError:
            continue


@contextmanager
def listener(port: int) -> Iterator[socket.socket]:
    with socket.create_server((HOST, port)) as server:
        server.settimeout(60)
        yield server


@pytest.mark.parametrize("size", [1, 2, 5])
def test_tasks_exchange_sums_and_messages(size: int) -> None:
    secret = os.urandom(32)

    def work(rank: int, _: Any) -> tuple[float, list[bytes]]:
        with connect(rank, size, HOST, secret) as collective:
            return float(collective.allreduce(np.array([10.0**rank]))[0]), collective.allgather(b"x" * rank)

    for total, messages in run_workers(size, work):
        assert total == sum(10.0**rank for rank in range(size))
        assert messages == [b"x" * rank for rank in range(size)]


STRANGERS = {
    "silence": b"",
    "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "huge length": b"\xff\xff\xff\xff\x7f\xff\xff\xff",
    "part of an answer": bytes(17),
    "zeros": bytes(1000),
}


def test_strangers_neither_stop_nor_delay_the_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them are connected, most without an end, before the tasks; the deadline never comes."""
    monkeypatch.setattr(sockets, "_HANDSHAKE_SECONDS", 3600.0)
    secret, connected = os.urandom(32), threading.Event()

    def work(rank: int, _: Any) -> float:
        if rank == 2:
            strangers = [reach(sockets.ports(secret)[0]) for _ in range(20 * len(STRANGERS))]
            for stranger, message in zip(strangers, 20 * [*STRANGERS.values()], strict=True):
                stranger.sendall(message)
            reach(sockets.ports(secret)[0]).close()
            connected.set()
            tasks_are_done.wait(60)
            for stranger in strangers:
                stranger.close()
            return 0
        if rank == 1:
            assert connected.wait(60)
        try:
            return sum_of_ones(rank, 2, secret)
        finally:
            tasks_are_done.set()

    tasks_are_done = threading.Event()
    assert run_workers(3, work) == [2, 2, 0]


def test_more_strangers_than_handshakes_make_a_task_wait_for_their_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sockets, "_HANDSHAKE_SECONDS", 0.3)
    monkeypatch.setattr(sockets, "_MAX_HANDSHAKES", 2)
    secret, connected = os.urandom(32), threading.Event()

    def work(rank: int, _: Any) -> float:
        if rank == 2:
            strangers = [reach(sockets.ports(secret)[0]) for _ in range(4)]
            connected.set()
            assert strangers[0].recv(1) and drain(strangers[0]), "closed at the deadline"
            return 0
        if rank == 1:
            assert connected.wait(60)
        return sum_of_ones(rank, 2, secret)

    assert run_workers(3, work) == [2, 2, 0]


def drain(connection: socket.socket) -> bool:
    """Whether the other end closes the connection after whatever it sends."""
    try:
        while connection.recv(1000):
            pass
    except ConnectionResetError:
        return True
    return True


@pytest.mark.parametrize(
    ("secret", "rank"), [(b"guess", 1), (b"secret", 0), (b"secret", 2), (b"secret", 2**32 - 1)]
)
def test_task_without_the_secret_or_with_an_unknown_rank_is_refused(secret: bytes, rank: int) -> None:
    admitting, joining = socket.socketpair()
    deadline = time.monotonic() + 60

    def work(number: int, _: Any) -> str:
        try:
            if number == 0:
                with admitting:
                    return str(handshake.admit(admitting, 2, b"secret", deadline))
            with joining:
                handshake.join(joining, rank, secret, deadline)
                return "joined"
        except ConnectionError as error:
            return str(error)

    first, other = run_workers(2, work)
    assert first.startswith(
        "k-means: the other end does not know" if secret == b"guess" else "k-means: unexp"
    )
    assert other != "joined"


def test_task_refuses_a_first_task_that_only_repeats_its_answer() -> None:
    """An impostor without the secret sends the proof that it received back."""
    impostor, joining = socket.socketpair()
    with impostor, joining:

        def work(number: int, _: Any) -> str:
            if number == 0:
                impostor.sendall(handshake._GREETING + bytes(32))
                impostor.sendall(impostor.recv(68, socket.MSG_WAITALL)[-32:])
                return ""
            with pytest.raises(ConnectionError, match="does not know the secret"):
                handshake.join(joining, 1, b"secret", time.monotonic() + 60)
            return "refused"

        assert run_workers(2, work) == ["", "refused"]


def test_single_bytes_do_not_extend_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock moves by a second with every byte."""
    seconds = iter(range(10_000))
    monkeypatch.setattr(handshake.time, "monotonic", lambda: float(next(seconds)))

    class Dripping:
        """A connection that never ends and never pauses."""

        settimeout = sendall = staticmethod(lambda *_: None)
        recv: Callable[[int], bytes] = staticmethod(lambda length: b"x")

    with pytest.raises(TimeoutError):
        handshake.admit(Dripping(), 2, b"secret", 30.0)  # type: ignore[arg-type]
    assert next(seconds) < 40


def test_ports_of_other_programs_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A silent program, one with another greeting, and the first task of an attempt that just failed."""
    monkeypatch.setattr(sockets, "_HANDSHAKE_SECONDS", 0.3)
    secret = os.urandom(32)
    first_ports = sockets.ports(secret)
    with listener(first_ports[0]), listener(first_ports[1]) as other, listener(first_ports[2]) as failed:

        def work(rank: int, _: Any) -> float:
            if rank == 2:
                with other.accept()[0] as caller:
                    caller.sendall(b"220 welcome to another service\r\n")
                    return 0
            if rank == 3:
                failed.accept()[0].close()
                return 0
            return sum_of_ones(rank, 2, secret)

        assert run_workers(4, work) == [2, 2, 0, 0]


def test_listener_accepts_only_on_the_interface_that_it_was_given() -> None:
    with sockets._listen(HOST, os.urandom(32), 2) as server:
        assert server.getsockname()[0] == HOST


def test_missing_tasks_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_JOIN_SECONDS", 0.0)
    with pytest.raises(ConnectionError, match=r"tasks \[1, 2\] did not connect"):
        sum_of_ones(0, 3, os.urandom(32))
    with pytest.raises(ConnectionError, match="no first task answered"):
        sum_of_ones(1, 3, os.urandom(32))
