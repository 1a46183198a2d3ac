"""One build at a time; the lock is released when its owner ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from coinspark.core.errors import LockError
from coinspark.warehouse.lock import lock_warehouse

OWNER = """
import sys
from pathlib import Path
from coinspark.warehouse.lock import lock_warehouse
with lock_warehouse(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


def start_owner(folder: Path) -> subprocess.Popen[str]:
    """Another process that has the lock until its standard input ends."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(folder)], stdin=-1, stdout=-1, text=True)
    assert owner.stdout is not None
    assert owner.stdout.readline() == "locked\n"
    return owner


@pytest.mark.fault(5)
def test_second_build_is_refused_and_told_the_owner(tmp_path: Path) -> None:
    owner = start_owner(tmp_path)
    with (
        pytest.raises(LockError, match=rf"another build is running \(process {owner.pid} on "),
        lock_warehouse(tmp_path),
    ):
        pytest.fail("locked twice")
    owner.communicate("")
    with lock_warehouse(tmp_path):
        pass


@pytest.mark.fault(5)
def test_second_build_from_another_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same warehouse through a symbolic link, and by a relative path from another working directory."""
    warehouse, link, elsewhere = tmp_path / "warehouse", tmp_path / "link", tmp_path / "elsewhere"
    link.symlink_to(warehouse)
    elsewhere.mkdir()
    owner = start_owner(warehouse)
    monkeypatch.chdir(elsewhere)
    for other in (link, Path("../warehouse")):
        with (
            pytest.raises(LockError, match=rf"another build is running \(process {owner.pid} on "),
            lock_warehouse(other),
        ):
            pytest.fail("locked twice")
    owner.communicate("")


@pytest.mark.parametrize("content", ["", "{}", None])
def test_second_build_is_refused_while_the_owner_writes_its_name(tmp_path: Path, content: str | None) -> None:
    owner = start_owner(tmp_path)
    file = tmp_path / "nightly.owner.json"
    file.unlink()
    if content is not None:
        file.write_text(content)
    with pytest.raises(LockError, match="owner unknown"), lock_warehouse(tmp_path):
        pytest.fail("locked twice")
    owner.communicate("")


@pytest.mark.fault(3)
def test_kill_9_releases_the_lock(tmp_path: Path) -> None:
    owner = start_owner(tmp_path)
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    with lock_warehouse(tmp_path):
        assert str(os.getpid()) in (tmp_path / "nightly.owner.json").read_text()
