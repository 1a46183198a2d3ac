"""Status of a warehouse without Spark: the newest build, its rows, and the newest attempts to build."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from coinspark.config import Config
from coinspark.config.visible import without_secrets
from coinspark.core.errors import CoinsparkError
from coinspark.core.formatting import one_line
from coinspark.warehouse import (
    attempts,
    duckdb_sql,
    duckdb_tables,
    iceberg_client,
    lease_entry,
    owner,
    schemas,
)
from coinspark.warehouse.attempts import Attempt
from coinspark.warehouse.iceberg_client import Change, Loader
from coinspark.warehouse.lease_entry import valid_entry

_SKEW = timedelta(minutes=1)  # between the clocks of two machines, and until an attempt records its end
_NEWEST = 50  # attempts that are read: those of five nights of Airflow
_RUNS = "SELECT outputs FROM stages ORDER BY finished"
_REJECTS = "SELECT reason, count(*) AS n FROM rejects GROUP BY reason ORDER BY n DESC, reason"
_SUSPECTS = "SELECT count(*) AS n FROM suspects"


@dataclass(frozen=True)
class Contents:
    """The newest build.

    Attributes:
        finished: When it was published (UTC).
        rows: Table → number of rows.
        rejects: Reason → number of rejected coins and photos.
        suspects: Number of rows of the view `suspects`.
    """

    build: str
    finished: datetime
    rows: dict[str, int]
    rejects: dict[str, int]
    suspects: int


@dataclass(frozen=True)
class Status:
    """What is known of a warehouse.

    Attributes:
        contents: None if there is no build, or the tables cannot be read.
        recorded: The recorded attempts, oldest first.
        problem: Why the tables cannot be read: one line without secrets.
    """

    contents: Contents | None
    recorded: list[Attempt] = field(default_factory=list)
    problem: str | None = None

    @property
    def last(self) -> Attempt | None:
        """The newest attempt of any command."""
        return self.recorded[-1] if self.recorded else None

    @property
    def last_build(self) -> Attempt | None:
        """The newest attempt to publish a build."""
        return next((attempt for attempt in reversed(self.recorded) if attempt.is_build), None)

    @property
    def succeeded(self) -> datetime | None:
        """When a build was published last, or found that nothing was new."""
        ends = [
            attempt.ended for attempt in self.recorded if attempt.is_build and attempt.state == "finished"
        ]
        times = [*ends, self.contents.finished if self.contents else None]
        return max((time for time in times if time is not None), default=None)

    @property
    def seconds(self) -> float | None:
        """Duration of the attempt that published the newest build; None if it is not recorded."""
        for attempt in self.recorded:
            if self.contents and attempt.build == self.contents.build and attempt.ended:
                return (attempt.ended - attempt.started).total_seconds()
        return None

    def alarms(self, now: datetime, max_age: timedelta | None) -> list[str]:
        """Why somebody must look: a line for each reason, none if all is well.

        Args:
            max_age: Age of the last success from which on it is a reason.
        """
        lines = [self.problem] if self.problem else []
        if self.contents is None and not self.problem:
            lines.append("no build has been published")
        if max_age and self.succeeded and now - self.succeeded > max_age:
            lines.append(f"the last successful build is {age(now - self.succeeded)} old")
        newest = [self.last_build, *([self.last] if self.last is not self.last_build else [])]
        return lines + [reason for attempt in newest if attempt and (reason := failure(attempt))]


def read(config: Config) -> Status:
    """The status of the warehouse of a configuration. Nothing is written."""
    recorded: list[Attempt] = []
    try:
        recorded = attempts.read(config, _NEWEST)
        catalog = iceberg_client.open_catalog(config)
        if any(state(attempt) == "running" for attempt in recorded) and lease_entry.TABLE in catalog:
            history = iceberg_client.history(iceberg_client.load_from(config, catalog, lease_entry.TABLE))
            mark_dead(recorded, history, datetime.now(UTC))
        return Status(_contents(config, catalog), recorded)
    except CoinsparkError as error:
        return Status(None, recorded, without_secrets(config, one_line(error)))


def mark_dead(recorded: Sequence[Attempt], history: Sequence[Change], now: datetime) -> None:
    """Set the state of attempts on other machines that have lost their lease, but no end, to "died".

    Args:
        history: That of the log of leases.
    """
    key = lease_entry.SUMMARY
    entries = (valid_entry(change.summary.get(key), change.parent) for change in reversed(history))
    entry = next((entry for entry in entries if entry is not None), None)
    if entry is None:
        return
    machine = owner.current().machine
    for attempt in recorded:
        if attempt.state == "running" and attempt.owner.machine != machine:
            ended = entry.heartbeat if entry.released else entry.until
            lost = ended if entry.owner == attempt.owner else entry.since
            if now > lost + _SKEW:
                attempt.state = "died"


def state(attempt: Attempt) -> str:
    """The state of an attempt: as recorded, or "died" if its process has ended without a record."""
    return "died" if attempt.state == "running" and attempt.has_ended else attempt.state


def failure(attempt: Attempt) -> str | None:
    """How an attempt failed; None if it did not, or still runs. An interrupt by the user is no failure."""
    where = f" in {attempt.stage}" if attempt.stage else ""
    if attempt.state == "failed":
        return f"{attempt.command} failed{where}: {attempt.error}"
    if state(attempt) == "died":
        return f"{attempt.command} died{where}: its process was killed, or its machine failed; run it again"
    return None


def age(span: timedelta) -> str:
    """A time span in its largest unit, such as `26 h`; units from three of them on."""
    seconds = span.total_seconds()
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 3 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _contents(config: Config, catalog: Mapping[str, Loader]) -> Contents | None:
    known = duckdb_tables.builds(config, catalog)
    if not known:
        return None
    build = known[-1]
    counts = {
        name: int(output["content"].split("-")[0])
        for run in _query(config, _RUNS, build.name)
        for name, output in json.loads(run["outputs"]).items()
    }
    rows = {name: counts[name] for name in schemas.TABLES if name in counts}
    rejects = {row["reason"]: row["n"] for row in _query(config, _REJECTS, build.name)}
    (suspects,) = _query(config, _SUSPECTS, build.name)
    return Contents(build.name, build.finished, rows, rejects, suspects["n"])


def _query(config: Config, text: str, build: str) -> list[dict[str, Any]]:
    """The rows of a query on the tables and views of a build."""
    return [json.loads(line) for line in duckdb_sql.run(config, text, build, "json")]
