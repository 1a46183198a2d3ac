"""`coinspark status`: options, exit codes, and the three formats."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import typer
from typer.testing import CliRunner

from coinspark.cli import app as cli
from coinspark.cli import status_formats
from coinspark.cli.status import time_span
from coinspark.warehouse import status as statuses
from coinspark.warehouse.attempts import Attempt
from coinspark.warehouse.owner import Owner
from coinspark.warehouse.status import Contents, Status

RUNNER = CliRunner()
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
OWNER = Owner("db1", "db1/boot/1", 4711, 100, "coins", "0.1.0-3f9a12c4")
PUBLISHED = Attempt(
    "nightly", OWNER, datetime(2026, 11, 24, 3, 30, tzinfo=UTC), datetime(2026, 11, 24, 3, 42, tzinfo=UTC),
    "finished", "build_20261124",
)  # fmt: skip
FAILED = Attempt(
    "nightly", OWNER, datetime(2026, 11, 25, 3, 30, tzinfo=UTC), datetime(2026, 11, 25, 3, 52, tzinfo=UTC),
    "failed", None, "train", 'no space left on "/data"',
)  # fmt: skip
CONTENTS = Contents(
    "build_20261124",
    datetime(2026, 11, 24, 3, 41, tzinfo=UTC),
    {"coins": 26_000, "images": 25_990},
    {"truncated": 7, "missing_side": 3},
    5,
)
STATUS = Status(CONTENTS, [PUBLISHED, FAILED])
ALARMS = STATUS.alarms(NOW, timedelta(hours=26))

# The grammar of the text form, version 0.0.4
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? ([-+]?[0-9.]+(?:e[-+]?\d+)?)( -?\d+)?")
COMMENT = re.compile(rf"# (HELP|TYPE) ({NAME}) (.+)")


def parse(text: str) -> dict[str, float]:
    """Sample → value. Checks the grammar, and that all samples of a metric follow its HELP and TYPE."""
    values: dict[str, float] = {}
    described: list[str] = []
    for line in text.splitlines():
        if comment := COMMENT.fullmatch(line):
            if comment[1] == "HELP":
                assert comment[2] not in described
                described.append(comment[2])
            else:
                assert (comment[2], comment[3]) == (described[-1], "gauge")
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample, line
        assert sample[1] == described[-1]
        series = line[: sample.start(3) - 1]
        assert series not in values
        values[series] = float(sample[3])
    return values


def test_text_shows_build_rows_and_the_failed_attempt() -> None:
    assert status_formats.as_text(STATUS, NOW).splitlines() == [
        "last build   build_20261124, published 2026-11-24 03:41 UTC (32 h ago), took 12 min",
        "rows         coins 26,000, images 25,990",
        "rejects      10: truncated 7, missing_side 3",
        "suspects     5",
        "last success 2026-11-24 03:42 UTC (32 h ago)",
        "last attempt nightly failed in train; began 2026-11-25 03:30 UTC (8 h ago), "
        "ended 2026-11-25 03:52 UTC (8 h ago); process 4711 of coins on db1, coinspark 0.1.0-3f9a12c4",
        '             no space left on "/data"',
    ]


def test_text_of_an_empty_warehouse() -> None:
    expected = ["last build   none", "last attempt none recorded"]
    assert status_formats.as_text(Status(None), NOW).splitlines() == expected


def test_json_has_all_values() -> None:
    values = json.loads(status_formats.as_json(STATUS, NOW, ALARMS))
    assert values["ok"] is False
    assert values["alarms"] == [
        "the last successful build is 32 h old",
        'nightly failed in train: no space left on "/data"',
    ]
    assert values["succeeded"] == "2026-11-24T03:42:00+00:00"
    assert values["build"] == {
        "name": "build_20261124",
        "published": "2026-11-24T03:41:00+00:00",
        "age": 32 * 3600 + 19 * 60,
        "seconds": 720.0,
        "rows": {"coins": 26_000, "images": 25_990},
        "rejects": {"truncated": 7, "missing_side": 3},
        "suspects": 5,
    }
    assert values["attempt"] == {
        "command": "nightly",
        "state": "failed",
        "started": "2026-11-25T03:30:00+00:00",
        "ended": "2026-11-25T03:52:00+00:00",
        "host": "db1",
        "user": "coins",
        "pid": 4711,
        "code": "0.1.0-3f9a12c4",
        "build": None,
        "stage": "train",
        "error": 'no space left on "/data"',
    }
    empty = json.loads(status_formats.as_json(Status(None), NOW, []))
    assert empty == {"ok": True, "alarms": [], "build": None, "succeeded": None, "attempt": None}


def test_metrics_follow_the_grammar_of_prometheus() -> None:
    values = parse(status_formats.as_metrics(STATUS, "mine", ALARMS))
    assert values['coinspark_ok{name="mine"}'] == 0
    assert values['coinspark_tables_readable{name="mine"}'] == 1
    published = datetime(2026, 11, 24, 3, 41, tzinfo=UTC).timestamp()
    assert values['coinspark_build_timestamp_seconds{name="mine"}'] == published
    assert values['coinspark_success_timestamp_seconds{name="mine"}'] == published + 60
    assert values['coinspark_build_duration_seconds{name="mine"}'] == 720
    assert values['coinspark_table_rows{name="mine",table="coins"}'] == 26_000
    assert values['coinspark_rejects{name="mine",reason="truncated"}'] == 7
    assert values['coinspark_suspects{name="mine"}'] == 5
    started = 'coinspark_attempt_started_timestamp_seconds{name="mine",command="nightly",host="db1"}'
    assert values[started] == FAILED.started.timestamp()
    states = {series: value for series, value in values.items() if "attempt_state" in series}
    assert len(states) == 5
    assert [series for series, value in states.items() if value] == [
        'coinspark_attempt_state{name="mine",state="failed"}'
    ]


def test_metrics_of_an_unreadable_warehouse_leave_out_what_is_unknown() -> None:
    values = parse(status_formats.as_metrics(Status(None, [], "no answer"), 'a"b\\c\nd', ["no answer"]))
    label = r'{name="a\"b\\c\nd"}'
    assert values == {f"coinspark_ok{label}": 0, f"coinspark_tables_readable{label}": 0}


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90s", timedelta(seconds=90)),
        ("45m", timedelta(minutes=45)),
        ("26h", timedelta(hours=26)),
        ("2d", timedelta(days=2)),
    ],
)
def test_time_span_has_a_unit(text: str, span: timedelta) -> None:
    assert time_span(text) == span


@pytest.mark.parametrize("text", ["26", "h", "0h", "-1h", "1.5h", "26 h", "1w", "9999999d"])
def test_other_time_spans_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="expected a number and a unit"):
        time_span(text)


@pytest.mark.parametrize("format", ["text", "json", "prometheus"])
@pytest.mark.parametrize(("recorded", "code"), [([PUBLISHED], 0), ([PUBLISHED, FAILED], 1)])
def test_exit_code_is_1_if_somebody_must_look(
    monkeypatch: pytest.MonkeyPatch, recorded: list[Attempt], code: int, format: str
) -> None:
    monkeypatch.setattr(statuses, "read", lambda config: Status(CONTENTS, recorded))
    result = RUNNER.invoke(cli.app, ["status", "--format", format])
    assert result.exit_code == code, result.output
    assert result.stdout.strip()
    assert ("status: nightly failed in train: no space left" in result.stderr) == bool(code)


def test_age_of_the_last_success_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    recent = Contents("build_1", datetime.now(UTC) - timedelta(hours=25), {}, {}, 0)
    monkeypatch.setattr(statuses, "read", lambda config: Status(recent))
    assert RUNNER.invoke(cli.app, ["status", "--max-age", "26h"]).exit_code == 0
    late = RUNNER.invoke(cli.app, ["status", "--max-age", "24h"])
    assert (late.exit_code, late.stderr) == (1, "status: the last successful build is 25 h old\n")
    assert RUNNER.invoke(cli.app, ["status", "--max-age", "soon"]).exit_code == 2
