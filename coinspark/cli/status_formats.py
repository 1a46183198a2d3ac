"""The status of a warehouse as text, as JSON, and as metrics in the text form of Prometheus."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from coinspark.warehouse.attempts import Attempt
from coinspark.warehouse.status import Status, age, state

_STATES = ("running", "finished", "failed", "interrupted", "died")


def as_text(status: Status, now: datetime) -> str:
    """Lines for a person."""
    contents = status.contents
    lines = []
    if contents:
        lines.append(
            ("last build", f"{contents.build}, published {_since(contents.finished, now)}{_took(status)}")
        )
        lines.append(("rows", _counts(contents.rows)))
        lines.append(("rejects", _with_sum(contents.rejects)))
        lines.append(("suspects", f"{contents.suspects:,}"))
    else:
        lines.append(("last build", "unknown" if status.problem else "none"))
    if status.succeeded:
        lines.append(("last success", _since(status.succeeded, now)))
    lines.append(("last attempt", _attempt(status.last, now) if status.last else "none recorded"))
    if status.last and status.last.error:
        lines.append(("", status.last.error))
    return "\n".join(f"{name:13}{text}" for name, text in lines)


def as_json(status: Status, now: datetime, alarms: Sequence[str]) -> str:
    """One JSON object. Times are ISO 8601 in UTC, spans are seconds; what is unknown is null."""
    contents, last = status.contents, status.last
    values: dict[str, Any] = {
        "ok": not alarms,
        "alarms": list(alarms),
        "build": None,
        "succeeded": _iso(status.succeeded),
        "attempt": None,
    }
    if contents:
        values["build"] = {
            "name": contents.build,
            "published": _iso(contents.finished),
            "age": round((now - contents.finished).total_seconds()),
            "seconds": status.seconds,
            "rows": contents.rows,
            "rejects": contents.rejects,
            "suspects": contents.suspects,
        }
    if last:
        values["attempt"] = {
            "command": last.command,
            "state": state(last),
            "started": _iso(last.started),
            "ended": _iso(last.ended),
            "host": last.owner.host,
            "user": last.owner.user,
            "pid": last.owner.pid,
            "code": last.owner.code,
            "build": last.build,
            "stage": last.stage,
            "error": last.error,
        }
    return json.dumps(values, indent=1, ensure_ascii=False)


def as_metrics(status: Status, name: str, alarms: Sequence[str]) -> str:
    """Gauges in the text form of Prometheus, version 0.0.4; what is unknown is left out.

    Args:
        name: `name` of the configuration: a label of all samples.
    """
    lines: list[str] = []
    for metric, doc, samples in _metrics(status, alarms):
        values = [(labels, value) for labels, value in samples if value is not None]
        if values:
            lines += [f"# HELP coinspark_{metric} {doc}", f"# TYPE coinspark_{metric} gauge"]
            lines += [
                f"coinspark_{metric}{_labels({'name': name, **labels})} {value!r}" for labels, value in values
            ]
    return "\n".join(lines)


Sample = tuple[Mapping[str, str], float | None]


def _metrics(status: Status, alarms: Sequence[str]) -> Iterator[tuple[str, str, list[Sample]]]:
    """Name, documentation and samples of each metric."""
    contents, last = status.contents, status.last
    yield "ok", "1 if coinspark status exits with 0.", [({}, float(not alarms))]
    yield "tables_readable", "Whether catalog and tables could be read.", [({}, float(not status.problem))]
    yield (
        "success_timestamp_seconds",
        "When a build was published or found unchanged.",
        [_time(status.succeeded)],
    )
    if contents:
        yield "build_timestamp_seconds", "When the last build was published.", [_time(contents.finished)]
        yield "build_duration_seconds", "Duration of the last build.", [({}, status.seconds)]
        rows: list[Sample] = [({"table": table}, float(n)) for table, n in contents.rows.items()]
        yield "table_rows", "Rows of each table in the last build.", rows
        rejects: list[Sample] = [({"reason": reason}, float(n)) for reason, n in contents.rejects.items()]
        yield "rejects", "Rejected coins and photos in the last build.", rejects
        yield "suspects", "Rows of the view suspects in the last build.", [({}, float(contents.suspects))]
    if last:
        labels = {"command": last.command, "host": last.owner.host}
        yield (
            "attempt_started_timestamp_seconds",
            "Start of the last attempt.",
            [(labels, last.started.timestamp())],
        )
        yield (
            "attempt_state",
            "1 for the state of the last attempt, 0 for the other states.",
            [({"state": each}, float(each == state(last))) for each in _STATES],
        )


def _time(moment: datetime | None) -> Sample:
    return {}, moment.timestamp() if moment else None


def _labels(labels: Mapping[str, str]) -> str:
    escaped = {
        key: value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        for key, value in labels.items()
    }
    return "{" + ",".join(f'{key}="{value}"' for key, value in escaped.items()) + "}"


def _attempt(attempt: Attempt, now: datetime) -> str:
    stage = f" in {attempt.stage}" if attempt.stage else ""
    end = f", ended {_since(attempt.ended, now)}" if attempt.ended else ""
    who = f"process {attempt.owner.pid} of {attempt.owner.user} on {attempt.owner.host}"
    return (
        f"{attempt.command} {state(attempt)}{stage}; began {_since(attempt.started, now)}{end}; "
        f"{who}, coinspark {attempt.owner.code}"
    )


def _since(moment: datetime, now: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC ({age(now - moment)} ago)"


def _took(status: Status) -> str:
    return "" if status.seconds is None else f", took {age(timedelta(seconds=status.seconds))}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _with_sum(counts: Mapping[str, int]) -> str:
    return f"{sum(counts.values()):,}: {_counts(counts)}" if counts else "0"


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None
