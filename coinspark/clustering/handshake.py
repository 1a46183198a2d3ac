"""Mutual authentication of the two ends of a connection that share a secret.

Each end sends a random challenge and answers the other's with an HMAC-SHA256 of both challenges, its role and
the rank of the joining task. All messages have a fixed length, so that a stranger's bytes are never taken for
a length, and each end stops at a deadline.

    admitting                                    joining
    GREETING, challenge a            →
                                     ←           challenge b, rank, HMAC(secret, "join", a, b, rank)
    HMAC(secret, "admit", a, b, rank)  →
"""

from __future__ import annotations

import hmac
import secrets
import socket
import time

_GREETING = b"coinspark k-means 1\n"
_CHALLENGE = 32
_RANK = 4
_DIGEST = 32


def admit(connection: socket.socket, size: int, secret: bytes, deadline: float) -> int:
    """Authenticate a task that connected, and prove to know the secret; returns its rank.

    Args:
        size: Number of tasks; ranks are from 1 to size - 1.
        deadline: Value of `time.monotonic()`.

    Raises:
        OSError: The other end is not a task of this stage, or too slow.
    """
    own = secrets.token_bytes(_CHALLENGE)
    _send(connection, _GREETING + own, deadline)
    answer = _receive(connection, _CHALLENGE + _RANK + _DIGEST, deadline)
    other, rank, digest = answer[:_CHALLENGE], answer[_CHALLENGE:-_DIGEST], answer[-_DIGEST:]
    _check(digest, secret, b"join", own, other, rank)
    if not 0 < (number := int.from_bytes(rank, "little")) < size:
        raise ConnectionError(f"k-means: unexpected rank {number} of {size} tasks")
    _send(connection, _digest(secret, b"admit", own, other, rank), deadline)
    return number


def join(connection: socket.socket, rank: int, secret: bytes, deadline: float) -> None:
    """Authenticate to the first task, and check that it knows the secret.

    Raises:
        OSError: The other end is not the first task of this stage, or too slow.
    """
    if _receive(connection, len(_GREETING), deadline) != _GREETING:
        raise ConnectionError("k-means: another program answered")
    other, own = _receive(connection, _CHALLENGE, deadline), secrets.token_bytes(_CHALLENGE)
    number = rank.to_bytes(_RANK, "little")
    _send(connection, own + number + _digest(secret, b"join", other, own, number), deadline)
    _check(_receive(connection, _DIGEST, deadline), secret, b"admit", other, own, number)


def _digest(secret: bytes, *parts: bytes) -> bytes:
    return hmac.digest(secret, b"\0".join((parts[0], b"".join(parts[1:]))), "sha256")


def _check(digest: bytes, secret: bytes, *parts: bytes) -> None:
    if not hmac.compare_digest(digest, _digest(secret, *parts)):
        raise ConnectionError("k-means: the other end does not know the secret of this stage")


def _send(connection: socket.socket, message: bytes, deadline: float) -> None:
    connection.settimeout(_remaining(deadline))
    connection.sendall(message)


def _receive(connection: socket.socket, length: int, deadline: float) -> bytes:
    """Exactly `length` bytes. A sender of single bytes gets no more time than any other."""
    message = b""
    while len(message) < length:
        connection.settimeout(_remaining(deadline))
        if not (part := connection.recv(length - len(message))):
            raise ConnectionError("k-means: the other end closed the connection")
        message += part
    return message


def _remaining(deadline: float) -> float:
    if (seconds := deadline - time.monotonic()) <= 0:
        raise TimeoutError("k-means: no complete handshake in time")
    return seconds
