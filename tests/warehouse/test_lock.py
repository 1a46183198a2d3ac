"""One nightly at a time; the lock dies with its holder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from coinspark.core.errors import LockError
from coinspark.warehouse import lock

HOLDER = """
import sys
from pathlib import Path
from coinspark.warehouse import lock
with lock.hold(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(place: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock until its standard input ends."""
    other = subprocess.Popen([sys.executable, "-c", HOLDER, str(place)], stdin=-1, stdout=-1, text=True)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    return other


def test_the_second_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    other = hold(tmp_path)
    with (
        pytest.raises(LockError, match=rf"another nightly holds .*: process {other.pid} on "),
        lock.hold(tmp_path),
    ):
        pytest.fail("held twice")
    other.communicate("")
    with lock.hold(tmp_path):
        pass


def test_kill_9_frees_it(tmp_path: Path) -> None:
    other = hold(tmp_path)
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    with lock.hold(tmp_path):
        assert str(os.getpid()) in (tmp_path / "nightly.holder.json").read_text()
