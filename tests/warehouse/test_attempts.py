"""Records of attempts: start and end, what failed, what is not recorded, and the number of records."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coinspark.config import Config, load
from coinspark.core import exits
from coinspark.core.errors import CoinsparkError, InputError, LockError
from coinspark.warehouse import attempts, owner
from coinspark.warehouse.attempts import Attempt


@pytest.fixture
def warehouse(tmp_path: Path) -> Config:
    return load([], [f"warehouse={tmp_path}", "catalog.properties={type: jdbc, jdbc.password: hunter2}"])


def run(config: Config, error: BaseException | None = None, begin: bool = True) -> None:
    """Record an attempt that fails with this error in the stage `train`."""
    with attempts.recorded(config, "nightly") as attempt:
        if begin:
            attempts.begin(config, attempt)
            attempts.enter(config, attempt, "train")
        attempt.stage = "train"
        if error is not None:
            raise error
        attempt.build = "build_20261125"


def test_finished_attempt_has_its_times_its_build_and_this_process(warehouse: Config) -> None:
    before = datetime.now(UTC)
    run(warehouse)
    (attempt,) = attempts.read(warehouse)
    assert (attempt.command, attempt.state, attempt.build) == ("nightly", "finished", "build_20261125")
    assert (attempt.stage, attempt.error, attempt.has_ended) == (None, None, True)
    assert attempt.ended is not None
    assert before <= attempt.started <= attempt.ended <= datetime.now(UTC)
    assert attempt.owner == owner.current()
    assert attempt.owner.pid == os.getpid()


@pytest.mark.parametrize("begin", [True, False], ids=["with the lease", "before the lease"])
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (InputError("coins.csv: no column 'mint'; add it"), "coins.csv: no column 'mint'; add it"),
        (CoinsparkError("two\nlines"), "two; lines"),
        (OSError(28, "No space left on device", "/data/x"), "/data/x: no space left on device; free some"),
        (ValueError("a fault\nof the program"), "ValueError: a fault"),
        (InputError("FATAL: hunter2 is wrong"), "FATAL: ••• is wrong"),
        (InputError("x" * 1000), "x" * 499 + "…"),
    ],
)
def test_failed_attempt_has_its_stage_and_the_line_of_its_error(
    warehouse: Config, error: Exception, expected: str, begin: bool
) -> None:
    with pytest.raises(type(error)):
        run(warehouse, error, begin)
    (attempt,) = attempts.read(warehouse)
    assert (attempt.state, attempt.stage, attempt.build) == ("failed", "train", None)
    assert str(attempt.error).startswith(expected)
    assert "hunter2" not in next(Path(warehouse.warehouse).rglob("*.json")).read_text(encoding="utf-8")


def test_running_attempt_has_its_stage(warehouse: Config) -> None:
    with attempts.recorded(warehouse, "nightly") as attempt:
        attempts.begin(warehouse, attempt)
        attempts.enter(warehouse, attempt, "splits")
        (running,) = attempts.read(warehouse)
        assert (running.state, running.stage, running.has_ended) == ("running", "splits", False)


def test_interrupt_is_no_failure(warehouse: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(warehouse, KeyboardInterrupt())
    with pytest.raises(RuntimeError), attempts.recorded(warehouse, "nightly"):
        monkeypatch.setattr(exits, "_interrupted", True)  # during a call of Java
        raise RuntimeError("Answer from Java side is empty")
    assert [attempt.state for attempt in attempts.read(warehouse)] == ["interrupted", "interrupted"]
    assert [attempt.error for attempt in attempts.read(warehouse)] == [None, None]


def test_build_that_another_one_excludes_is_not_recorded(warehouse: Config) -> None:
    with pytest.raises(LockError):
        run(warehouse, LockError("another build is running"), begin=False)
    assert attempts.read(warehouse) == []
    with pytest.raises(LockError):
        run(warehouse, LockError("another build has taken the lease"))
    assert [attempt.state for attempt in attempts.read(warehouse)] == ["failed"]


def test_killed_process_leaves_an_attempt_that_has_ended(warehouse: Config) -> None:
    killed = subprocess.Popen([sys.executable, "-c", ""])
    attempt = Attempt("nightly", replace(owner.current(), pid=killed.pid, started=1))
    attempts.begin(warehouse, attempt)
    killed.wait()
    (attempt,) = attempts.read(warehouse)
    assert (attempt.state, attempt.has_ended) == ("running", True)
    mine = Attempt("nightly")
    assert not mine.has_ended
    mine.owner = replace(mine.owner, machine="another host", pid=killed.pid)
    assert not mine.has_ended, "unknown"


def test_oldest_records_are_removed(warehouse: Config) -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    for day in range(205):
        attempts.begin(warehouse, Attempt("nightly", started=first + timedelta(days=day)))
    days = [(attempt.started - first).days for attempt in attempts.read(warehouse)]
    assert days == list(range(5, 205))
    assert [(attempt.started - first).days for attempt in attempts.read(warehouse, 2)] == [203, 204]


def test_missing_or_read_only_warehouse_does_not_fail_the_attempt(
    warehouse: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(warehouse.model_copy(update={"warehouse": str(tmp_path / "mistyped")}))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "attempts").touch()  # a file in place of the folder
    run(warehouse)
    assert "the attempt was not recorded: " in capsys.readouterr().err


def test_file_of_another_version_is_left_out(warehouse: Config, tmp_path: Path) -> None:
    run(warehouse)
    for number, text in enumerate(("", "{}", '{"command": "nightly", "started": "yesterday"}', "[1]")):
        (tmp_path / "attempts" / f"{number}.json").write_text(text)
    assert len(attempts.read(warehouse)) == 1
