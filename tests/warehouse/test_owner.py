"""Whether the process that has a lease still runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest

from coinspark.warehouse import owner

WAITING = "import sys; sys.stdin.read()"


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """Another process that runs."""
    with subprocess.Popen([sys.executable, "-c", WAITING], stdin=subprocess.PIPE) as running:
        yield running
        running.kill()


def owner_of(process: subprocess.Popen[bytes]) -> owner.Owner:
    return replace(owner.current(), pid=process.pid, started=owner._started(process.pid))


def test_owner_names_this_process() -> None:
    me = owner.current()
    assert me.pid == os.getpid()
    assert not owner.has_ended(me)
    ticks = os.sysconf("SC_CLK_TCK")
    assert me.started is not None
    assert psutil.boot_time() + me.started / ticks == pytest.approx(psutil.Process().create_time(), abs=1.5)


def test_process_has_ended_when_it_is_killed_even_if_its_parent_does_not_wait_for_it(
    process: subprocess.Popen[bytes],
) -> None:
    other = owner_of(process)
    assert not owner.has_ended(other)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie
    assert psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE
    assert owner.has_ended(other)
    process.wait()
    assert owner.has_ended(other)


def test_process_has_ended_when_another_one_has_its_number(process: subprocess.Popen[bytes]) -> None:
    before = replace(owner_of(process), started=owner_of(process).started - 1)  # type: ignore[operator]
    assert owner.has_ended(before)


@pytest.mark.parametrize("machine", ["host/another boot/pid:[1]", None])
def test_process_of_another_or_unknown_machine_is_not_known_to_have_ended(machine: str | None) -> None:
    gone = replace(owner.current(), pid=2**22 + 1, machine=machine)
    assert not owner.has_ended(gone)
    assert owner.has_ended(replace(gone, machine=owner.current().machine)), "no process has this number"


def test_process_of_another_user_that_is_hidden_counts_as_running(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(pid: int, signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", forbidden)
    monkeypatch.setattr(owner, "_started", lambda pid: None)
    assert not owner.has_ended(replace(owner.current(), pid=1, started=1))
