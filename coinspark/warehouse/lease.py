"""The lease of a warehouse: one build at a time, from any number of machines.

A build that writes has the lease from its start to its end and renews it while it runs. The newest valid
entry of the log (`lease_log`) tells who has it. Another build is refused unless this entry says that the
lease was released, its process has ended (on the same machine), or it was not renewed for its whole term.

Clocks of machines may differ, and a clock may be set back. So a lease that seems to have expired, or to come
from the future, is replaced only if it is not renewed while it is watched, by a clock that nobody sets.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.config.visible import without_secrets
from coinspark.core.errors import LockError
from coinspark.core.progress import say
from coinspark.core.reported_errors import error_line
from coinspark.warehouse import lease_log, owner
from coinspark.warehouse.access import check_writable
from coinspark.warehouse.catalog import check_warehouse, full_name
from coinspark.warehouse.lease_entry import TABLE, Entry
from coinspark.warehouse.owner import Owner

_RENEWALS = 5  # in the term of a lease
_WATCHED = 0.3  # of its term, until a lease that seems to have expired is replaced
_SKEW = timedelta(seconds=5)  # between clocks, that counts as none
_POLL = 5.0  # seconds between two looks at the log while waiting
_TO_RELEASE = 20.0  # seconds at most; then the lease expires
_ERRORS = (Py4JError, PySparkException, OSError)  # of a catalog or storage that does not answer

_leases: dict[str, Lease] = {}
"""Full name of the log → the lease that this process has."""


@dataclass(frozen=True)
class Clock:
    """The clocks of this process.

    Attributes:
        now: Time of day, which may be set.
        elapsed: Seconds since the boot, also those in which the machine slept.
        wait: Waits for some seconds.
    """

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    elapsed: Callable[[], float] = lambda: time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", 1))
    wait: Callable[[float], None] = time.sleep


CLOCK = Clock()


class State(Enum):
    """What an entry means to another process.

    FREE: the lease may be taken. LIVE: its build runs. DOUBTFUL: it seems to have expired, or to come from
    the future.
    """

    FREE = "free"
    LIVE = "live"
    DOUBTFUL = "doubtful"


def state(entry: Entry | None, now: datetime) -> State:
    """What the newest valid entry means to a process that does not have this lease."""
    if entry is None or entry.released or owner.has_ended(entry.owner):
        return State.FREE
    if now >= entry.until or entry.heartbeat > now + _SKEW:
        return State.DOUBTFUL
    return State.LIVE


@contextmanager
def hold(spark: SparkSession, config: Config) -> Iterator[None]:
    """Have the lease of the warehouse for a build. A thread renews it; the end of the context releases it.

    Raises:
        LockError: Another build has the lease, and still had it after `catalog.lease_wait` seconds.
        InputError: As `check_warehouse`.
        OSError: As `check_writable`.
    """
    check_writable(config)
    check_warehouse(spark, config)
    lease = Lease(lease_log.open_log(spark, config), config)
    name = full_name(config, TABLE)
    # The thread also releases: an interrupt may leave the main thread's connection to the JVM in any state.
    thread = threading.Thread(target=lease.renew_until_stopped, name="lease", daemon=True)
    thread.start()
    try:
        lease.acquire(config.catalog.lease_wait)
        _leases[name] = lease
        yield
    finally:
        if _leases.get(name) is lease:
            del _leases[name]
        lease.stopped.set()
        thread.join(_TO_RELEASE)


def confirm(config: Config) -> None:
    """Check before a write that this process still has its lease, and renew it if its term is half over.

    Does nothing outside of `hold`; `nightly` opens one around all that it writes.

    Raises:
        LockError: Another build has taken the lease.
    """
    if lease := _leases.get(full_name(config, TABLE)):
        lease.confirm()


class Lease:
    """A lease of this process, or the attempt to get it."""

    def __init__(self, log: Any, config: Config, me: Owner | None = None, clock: Clock = CLOCK) -> None:
        """
        Args:
            log: Handle of `lease_log.open_log`.
            me: The owner; by default this process.
        """
        self.stopped, self._acquired = threading.Event(), threading.Event()
        self._log, self._clock = log, clock
        self._config, self._term = config, config.catalog.lease_seconds
        self._me, self._id = me or owner.current(), uuid.uuid4().hex
        self._since, self._renewed = clock.now(), clock.elapsed()

    def acquire(self, wait: float = 0) -> None:
        """Take the lease.

        Args:
            wait: Seconds to wait for another build to end.

        Raises:
            LockError: Another build has it.
        """
        began = self._clock.elapsed()
        watched = _Watched("", -1, began)
        while True:
            head, snapshot, entry = lease_log.read(self._log)
            if entry is not None and entry.lease == self._id:
                self._acquired.set()
                return
            elapsed, status = self._clock.elapsed(), state(entry, self._clock.now())
            if entry is None or status is State.FREE:
                self._append(head)
                continue
            if entry.lease != watched.lease and (status is State.DOUBTFUL or wait):
                say(f"lease: waiting for another build ({describe(entry)})")
            if snapshot != watched.snapshot:
                if entry.lease == watched.lease:
                    status = State.LIVE  # it was renewed, whatever the clocks say
                watched = _Watched(entry.lease, snapshot, elapsed)
            if status is State.DOUBTFUL and elapsed - watched.since >= _WATCHED * _term(entry):
                self._append(head)
                continue
            if status is State.LIVE and elapsed - began >= wait:
                raise LockError(self._refusal(entry))
            self._clock.wait(min(_POLL, _WATCHED * _term(entry)))

    def renew(self) -> None:
        """Write a heartbeat.

        Raises:
            LockError: Another build has taken the lease.
        """
        head, before = self._read_own()
        newest = before
        while newest == before:
            began = self._clock.elapsed()
            self._append(head)
            head, newest = self._read_own()
        self._renewed = began
        lease_log.remove_old(self._log, newest)

    def confirm(self) -> None:
        """As the function `confirm`."""
        self._read_own()
        if self._clock.elapsed() - self._renewed > self._term / 2:
            self.renew()

    def release(self) -> None:
        """Release the lease if it is still this one's."""
        while True:
            head, snapshot, entry = lease_log.read(self._log)
            if entry is None or entry.lease != self._id or entry.released:
                return
            lease_log.remove_old(self._log, snapshot)
            self._append(head, released=True)

    def renew_until_stopped(self) -> None:
        """Renew the lease, once it is acquired, until `stopped` is set; then release it.

        A thread of `hold` runs this, from before the lease is acquired.

        A renewal that fails is repeated until the lease is lost. `confirm` stops the build then.
        """
        regular = self._term / _RENEWALS
        delay = regular
        while not self.stopped.wait(delay):
            if not self._acquired.is_set():
                continue  # `acquire` waits for another build
            try:
                self.renew()
                delay = regular
            except LockError as error:
                say(f"lease: {error}")
                return
            except _ERRORS as error:
                if delay == regular:
                    say(f"lease: not renewed, trying again: {self._line(error)}")
                delay = regular / 4
        try:
            self.release()
        except _ERRORS as error:
            say(f"lease: not released, so it expires in {self._term} s: {self._line(error)}")

    def _read_own(self) -> tuple[int, int]:
        """The newest snapshot, and the one of the newest valid entry, which is of this lease."""
        head, snapshot, entry = lease_log.read(self._log)
        if entry is None or entry.lease != self._id:
            raise LockError(self._loss(entry))
        return head, snapshot

    def _append(self, head: int, released: bool = False) -> None:
        now = self._clock.now()
        until = now + timedelta(seconds=self._term)
        entry = Entry(self._id, self._me, head, self._since, now, until, released)
        lease_log.append(self._log, entry)

    def _line(self, error: BaseException) -> str:
        """An error as one line without secrets: the text of Java may contain those of the catalog."""
        return without_secrets(self._config, error_line(error))

    def _refusal(self, entry: Entry) -> str:
        code = ""
        if entry.owner.code != self._me.code:
            code = f"; it runs coinspark {entry.owner.code}, this is {self._me.code}"
        return (
            f"{self._config.warehouse}: another build is running ({describe(entry)}){code}; wait until it "
            "ends, or stop it"
        )

    def _loss(self, entry: Entry | None) -> str:
        taker = f" and another build has taken it ({describe(entry)})" if entry else ""
        return (
            f"{self._config.warehouse}: this build did not renew its lease in time, since it was suspended "
            f"or the catalog did not answer{taker}; nothing more was published. Run the same command again "
            "when no other build is running"
        )


@dataclass(frozen=True)
class _Watched:
    """The newest entry of a lease that another process has, and when it was first seen."""

    lease: str
    snapshot: int
    since: float


def describe(entry: Entry) -> str:
    """The owner of a lease and its times, for messages."""
    who = entry.owner
    return (
        f"process {who.pid} of user {who.user} on host {who.host} since {_text(entry.since)}, last heartbeat "
        f"{_text(entry.heartbeat)}, lease until {_text(entry.until)}"
    )


def _term(entry: Entry) -> float:
    """Seconds after which the lease expires if it is not renewed."""
    return (entry.until - entry.heartbeat).total_seconds()


def _text(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
