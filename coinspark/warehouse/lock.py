"""One nightly at a time: a lock beside the warehouse that dies with its holder and says who holds it."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from coinspark.core.errors import LockError


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold the warehouse for a nightly; LockError naming the holder when another does.

    The lock is the operating system's own (flock): kill -9 frees it, so that no stale file ever has to be removed.
    On storage without flock (an object store) let the scheduler see to it; deploy/ shows the setting for each.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "nightly.lock", timeout=0)
    holder = folder / "nightly.holder.json"
    try:
        lock.acquire()
    except Timeout:
        raise LockError(
            f"another nightly holds {folder}: {_describe(holder)}; wait for it, or stop it first"
        ) from None
    try:
        holder.write_text(
            json.dumps(
                {
                    "pid": os.getpid(),
                    "host": socket.gethostname(),
                    "since": datetime.now(UTC).isoformat(timespec="seconds"),
                }
            )
        )
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _describe(holder: Path) -> str:
    try:
        who = json.loads(holder.read_text())
        return f"process {who['pid']} on {who['host']} since {who['since']}"
    except (OSError, ValueError, KeyError):
        return "its holder has not written its name yet"
