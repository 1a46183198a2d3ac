"""Lock of a warehouse: one build at a time. The lock is released when its process ends."""

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
def lock_warehouse(folder: Path | None) -> Iterator[None]:
    """Lock the warehouse for a build. Raises LockError that names the owner if another process has the lock.

    The lock is an operating system lock (flock), which kill -9 releases: no stale file has to be removed.
    Storage without flock, such as an object store, needs a scheduler that starts one build at a time (see
    deploy/).
    """
    if folder is None:  # not on a local disk
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "nightly.lock", timeout=0)
    owner_file = folder / "nightly.owner.json"
    try:
        lock.acquire()
    except Timeout:
        raise LockError(
            f"{folder}: another build is running ({_describe(owner_file)}); wait until it ends, or stop it"
        ) from None
    try:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        owner_file.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since}))
        yield
    finally:
        owner_file.unlink(missing_ok=True)
        lock.release()


def _describe(owner_file: Path) -> str:
    try:
        owner = json.loads(owner_file.read_text())
        return f"process {owner['pid']} on {owner['host']} since {owner['since']}"
    except (OSError, ValueError, KeyError):
        return "owner unknown"
