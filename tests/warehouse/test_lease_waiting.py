"""A build that waits for the lease of another one, with a log in memory: no Spark."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coinspark.config import load
from coinspark.warehouse import lease, lease_log, owner
from coinspark.warehouse.lease_entry import Entry

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
CLOCK = lease.Clock(lambda: NOON, lambda: 0.0, lambda seconds: None)


class Rounds:
    """In place of `Lease.stopped`: the thread that renews ends after so many rounds."""

    def __init__(self, rounds: int) -> None:
        self.left = rounds

    def wait(self, seconds: float) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    """The entries, all of which are valid."""
    entries: list[Entry] = []

    def read(log: Any) -> tuple[int, int, Entry | None]:
        return len(log), len(log), log[-1] if log else None

    monkeypatch.setattr(lease_log, "read", read)
    monkeypatch.setattr(lease_log, "append", lambda log, entry: log.append(entry))
    monkeypatch.setattr(lease_log, "remove_old", lambda log, valid: None)
    return entries


def test_build_that_waits_renews_its_lease_only_once_it_has_it(
    log: list[Entry], capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = replace(owner.current(), host="driver-1", machine="driver-1")
    log.append(Entry("other", elsewhere, 0, NOON, NOON, NOON + timedelta(minutes=10)))
    waiting = lease.Lease(log, load([]), clock=CLOCK)
    waiting.stopped = Rounds(3)  # type: ignore[assignment]
    waiting.renew_until_stopped()
    assert len(log) == 1
    assert capsys.readouterr().err == ""

    log[-1] = replace(log[-1], released=True)
    waiting.acquire()
    waiting.stopped = Rounds(1)  # type: ignore[assignment]
    waiting.renew_until_stopped()
    mine = log[1:]
    assert [entry.released for entry in mine] == [False, False, True], "acquired, renewed, released"
    assert len({entry.lease for entry in mine}) == 1
