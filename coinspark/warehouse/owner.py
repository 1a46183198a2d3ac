"""The process that writes to a warehouse, and whether it still runs."""

from __future__ import annotations

import getpass
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from coinspark.core.code_version import package_version

_PROC = Path("/proc")
_ENDED_STATES = "ZX"  # a zombie waits for its parent, which in a container may never come


@dataclass(frozen=True)
class Owner:
    """A process, as other processes see it.

    Attributes:
        machine: Host name, boot and process namespace: only processes with an equal value can be compared by
            their number. Containers of one host, and hosts of one name, differ. None: unknown.
        started: Start of the process in clock ticks since the boot, which no change of the clock affects;
            None: unknown. It tells the process from a later one with the same number.
        code: Version of coinspark.
    """

    host: str
    machine: str | None
    pid: int
    started: int | None
    user: str
    code: str


def current() -> Owner:
    """This process."""
    host, pid = socket.gethostname(), os.getpid()
    return Owner(host, _machine(host), pid, _started(pid), _user(), package_version())


def has_ended(owner: Owner) -> bool:
    """Whether this process is known to have ended. False for a process of another machine: nobody knows."""
    if owner.machine is None or owner.machine != _machine(socket.gethostname()):
        return False
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # a process of another user, whose /proc may be hidden
    started = _started(owner.pid)
    return started is not None and owner.started is not None and started != owner.started


def _machine(host: str) -> str | None:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{host}/{boot}/{(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return None


def _started(pid: int) -> int | None:
    """Start time of a process; -1 if it has ended but still has a number; None if nothing is known."""
    try:
        text = (_PROC / f"{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    state, *fields = text[text.rindex(")") + 2 :].split()  # the name in brackets may contain anything
    return -1 if state in _ENDED_STATES else int(fields[18])


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
