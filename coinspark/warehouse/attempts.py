"""Attempts to build: when each began and ended, on which host, and why it failed.

Each attempt is a JSON file in the warehouse, not a row of a table: it can be written before Spark has
started, and when the catalog is what failed. No content hash, tag or fingerprint depends on it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from coinspark.config import Config
from coinspark.config.visible import without_secrets
from coinspark.core import exits
from coinspark.core.errors import CoinsparkError, LockError
from coinspark.core.progress import say
from coinspark.core.reported_errors import error_line
from coinspark.warehouse import owner
from coinspark.warehouse.files import Location
from coinspark.warehouse.locations import warehouse_location
from coinspark.warehouse.owner import Owner

_FOLDER = "attempts"
_KEPT = 200
_READERS = 8


@dataclass
class Attempt:
    """One run of a command that builds. Times are in UTC.

    Attributes:
        command: "nightly", "publish", or the name of a stage.
        state: "running"; "finished", also if nothing was new; "failed"; or "interrupted" by Ctrl-C or
            SIGTERM. A process that was killed leaves "running".
        build: The build that it published, or the newest one if nothing was new; None for a stage.
        stage: The stage that runs, or that failed.
        error: Why it failed: one line without secrets.
    """

    command: str
    owner: Owner = field(default_factory=owner.current)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None
    state: str = "running"
    build: str | None = None
    stage: str | None = None
    error: str | None = None

    @property
    def is_build(self) -> bool:
        """Whether the command publishes a build. The others run one stage, and those that it depends on."""
        return self.command in ("nightly", "publish")

    @property
    def has_ended(self) -> bool:
        """Whether the attempt has ended, or its process is known to have ended."""
        return self.state != "running" or owner.has_ended(self.owner)


@contextmanager
def recorded(config: Config, command: str) -> Iterator[Attempt]:
    """Context of a command that builds: its end is recorded, and what failed.

    The caller calls `begin` once it has the lease of the warehouse, then `enter` for each stage, and sets
    `build`. A command that is refused since another build runs is not recorded.
    """
    attempt, before = Attempt(command), exits.was_interrupted()
    try:
        yield attempt
    except BaseException as error:
        if isinstance(error, LockError) and not _file(config, attempt).exists():
            raise
        is_interrupt = isinstance(error, KeyboardInterrupt) or (exits.was_interrupted() and not before)
        attempt.state = "interrupted" if is_interrupt else "failed"
        attempt.error = None if is_interrupt else without_secrets(config, error_line(error))
        _end(config, attempt)
        raise
    attempt.state, attempt.stage = "finished", None
    _end(config, attempt)


def begin(config: Config, attempt: Attempt) -> None:
    """Record that the attempt runs, and remove the records of the oldest attempts."""
    _write(config, attempt)
    for file in _files(config)[:-_KEPT]:
        file.remove()


def enter(config: Config, attempt: Attempt, stage: str) -> None:
    """Record that a stage runs now: if the process is killed, the record names it."""
    attempt.stage = stage
    _write(config, attempt)


def read(config: Config, newest: int = _KEPT) -> list[Attempt]:
    """The newest recorded attempts, oldest first. A file that is not one of an attempt is left out."""
    with ThreadPoolExecutor(_READERS) as pool:  # an object store takes some time for each file
        attempts = list(pool.map(_parsed, _files(config)[-newest:]))
    return [attempt for attempt in attempts if attempt is not None]


def _parsed(file: Location) -> Attempt | None:
    try:
        values = json.loads(file.read_text())
        times = {
            name: datetime.fromisoformat(values[name]) if values[name] else None
            for name in ("started", "ended")
        }
        return Attempt(**{**values, **times, "owner": Owner(**values["owner"])})
    except (ValueError, TypeError, KeyError, FileNotFoundError):
        return None  # of another version, or removed by a build that begins


def _end(config: Config, attempt: Attempt) -> None:
    attempt.ended = datetime.now(UTC)
    _write(config, attempt)


def _write(config: Config, attempt: Attempt) -> None:
    """Write the record. An attempt does not fail because it cannot be recorded.

    A mistyped path of the warehouse is not created.
    """
    values = {**asdict(attempt), "started": attempt.started.isoformat()}
    values["ended"] = attempt.ended.isoformat() if attempt.ended else None
    try:
        if warehouse_location(config).is_dir():
            _file(config, attempt).write_json(values)
    except (OSError, CoinsparkError) as error:
        say(f"the attempt was not recorded: {error_line(error)}")


def _file(config: Config, attempt: Attempt) -> Location:
    """The file of an attempt; names are in the order of the times."""
    name = f"{attempt.started:%Y%m%dT%H%M%S%f}-{attempt.owner.pid}.json"
    return warehouse_location(config) / _FOLDER / name


def _files(config: Config) -> list[Location]:
    folder = warehouse_location(config) / _FOLDER
    return [file for file in folder.iterdir() if file.name.endswith(".json")]
