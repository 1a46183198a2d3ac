"""Status of a warehouse: when somebody must look, and what the tables of a build contain."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from coinspark.config import Config, load
from coinspark.warehouse import builds, owner, schemas, tables
from coinspark.warehouse.attempts import Attempt
from coinspark.warehouse.iceberg_client import Change
from coinspark.warehouse.local_frame import local_frame
from coinspark.warehouse.status import Contents, Status, age, mark_dead, read

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAY = timedelta(hours=26)
DEAD = replace(owner.current(), started=1)
ELSEWHERE = replace(owner.current(), machine="another host")


def contents(days: float) -> Contents:
    """A build that was published some days ago."""
    return Contents("build_1", NOW - timedelta(days=days), {"coins": 3}, {}, 0)


def attempt(command: str, state: str, hours: float, error: str | None = None) -> Attempt:
    """An attempt of half an hour that ended some hours ago."""
    ended = NOW - timedelta(hours=hours)
    stage = "train" if state == "failed" else None
    build = "build_1" if state == "finished" else None
    return Attempt(command, owner.current(), ended - timedelta(minutes=30), ended, state, build, stage, error)


@pytest.mark.parametrize(
    ("days", "recorded", "expected"),
    [
        (0.5, [attempt("nightly", "finished", 12)], []),
        (0.5, [], []),  # of a coinspark that did not record attempts
        (3, [], ["the last successful build is 3 d old"]),
        # nothing was new in the last nights
        (3, [attempt("nightly", "finished", 60), attempt("nightly", "finished", 9)], []),
        (3, [attempt("nightly", "finished", 27)], ["the last successful build is 27 h old"]),
        # of a stage alone: it publishes nothing
        (3, [attempt("ingest", "finished", 1)], ["the last successful build is 3 d old"]),
        (0.5, [attempt("nightly", "failed", 1, "disk full")], ["nightly failed in train: disk full"]),
        (0.5, [attempt("nightly", "failed", 2, "disk full"), attempt("nightly", "finished", 1)], []),
        # a stage by hand does not hide that the build failed
        (
            0.5,
            [attempt("nightly", "failed", 2, "disk full"), attempt("train", "finished", 1)],
            ["nightly failed in train: disk full"],
        ),
        # Airflow: a stage failed, so nothing was published
        (
            0.5,
            [attempt("publish", "finished", 12), attempt("train", "failed", 1, "no GPU")],
            ["train failed in train: no GPU"],
        ),
        (0.5, [attempt("nightly", "interrupted", 1)], []),
        (0.5, [Attempt("nightly", started=NOW - timedelta(hours=9))], []),  # it runs
        (0.5, [Attempt("nightly", ELSEWHERE, NOW - timedelta(hours=9))], []),
        (0.5, [Attempt("nightly", DEAD, NOW)], ["nightly died: its process was killed, or its machine fai"]),
    ],
)
def test_alarm_names_each_reason(days: float, recorded: list[Attempt], expected: list[str]) -> None:
    alarms = Status(contents(days), recorded).alarms(NOW, DAY)
    assert [alarm[: len(start)] for alarm, start in zip(alarms, expected, strict=True)] == expected


def test_without_a_maximum_only_failures_count() -> None:
    assert Status(contents(300)).alarms(NOW, None) == []


def test_missing_build_and_unreadable_tables_are_alarms() -> None:
    assert Status(None).alarms(NOW, None) == ["no build has been published"]
    problem = "catalog.properties: PostgreSQL: connection refused"
    failed = attempt("nightly", "failed", 30, "connection refused")
    assert Status(None, [attempt("nightly", "finished", 54), failed], problem).alarms(NOW, DAY) == [
        problem,
        "the last successful build is 54 h old",
        "nightly failed in train: connection refused",
    ]


def test_duration_is_that_of_the_attempt_that_published_the_build() -> None:
    later = attempt("nightly", "finished", 1)
    status = Status(contents(0.5), [attempt("nightly", "finished", 12), replace(later, started=NOW)])
    assert status.seconds == 1800
    assert Status(contents(0.5)).seconds is None


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(seconds=179), "179 s"),
        (timedelta(minutes=3), "3 min"),
        (timedelta(hours=26), "26 h"),
        (timedelta(hours=72), "3 d"),
    ],
)
def test_age_has_one_unit(span: timedelta, text: str) -> None:
    assert age(span) == text


def put(spark: SparkSession, config: Config, name: str, *rows: dict[str, Any]) -> None:
    """Publish rows; columns that they lack are null."""
    table = schemas.TABLES[name]
    values = [tuple(row.get(column) for column in table.columns) for row in rows]
    tables.publish(spark, config, tables.stage(spark, config, name, local_frame(spark, values, table.ddl)))


def test_contents_are_those_of_the_newest_build(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    for hour, rows in enumerate((4, 3)):  # the newer run of a stage counts
        outputs = json.dumps({"coins": {"content": f"{rows}-f00"}, "rejects": {"content": "3-f00"}})
        finished = NOW + timedelta(hours=hour)
        tables.append(spark, config, "stages", [("ingest", finished, 9.0, "f", "{}", outputs, "d")])
    rejected = [("1", "truncated"), ("2", "truncated"), ("3", "missing_side")]
    put(
        spark,
        config,
        "rejects",
        *({"coin_id": coin, "medium": "m", "stage": "s", "uri": "u", "reason": r} for coin, r in rejected),
    )
    coins = [{"coin_id": coin, "medium": "m", "mint": "Rome"} for coin in "123"]
    put(spark, config, "coins", *coins)
    put(spark, config, "runs", {"run_id": "r", "layer": "mint", "role": "network"})
    rank = {"run_id": "r", "level": "mint", "medium": "m", "rank": 1, "class": "x"}
    threshold = config.evaluation.suspect_threshold
    put(
        spark,
        config,
        "predictions",
        {**rank, "coin_id": "1", "mint": "Ostia", "probability": threshold},  # a suspect
        {**rank, "coin_id": "2", "mint": "Ostia", "probability": threshold - 0.01},
        {**rank, "coin_id": "3", "mint": "Rome", "probability": 1.0},
    )
    assert read(config).alarms(NOW, None) == ["no build has been published"]
    build = builds.publish(spark, config)
    put(spark, config, "rejects")  # by a build that runs
    found = read(config).contents
    assert found is not None
    assert (found.build, found.rows) == (build, {"coins": 3, "rejects": 3})
    assert found.rejects == {"truncated": 2, "missing_side": 1}
    assert found.suspects == 1
    assert abs(datetime.now(UTC) - found.finished) < timedelta(minutes=10)


def entry(number: int, after: int | None, attempt: Attempt, minutes: float, released: bool) -> Change:
    """An entry of the lease: a snapshot whose parent is the one before it."""
    until = NOW + timedelta(minutes=minutes)
    times = {
        "since": until - timedelta(minutes=30),
        "heartbeat": until - timedelta(minutes=10),
        "until": until,
    }
    values = {
        **{name: time.isoformat() for name, time in times.items()},
        "lease": f"of process {attempt.owner.pid}",
        "owner": asdict(attempt.owner),
        "after": after,
        "released": released,
    }
    return Change(number, number - 1 or None, {"coinspark.lease": json.dumps(values)})


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([(1, None, "mine", 5, False)], "running"),
        ([(1, None, "mine", -0.5, False)], "running"),  # the clocks differ
        ([(1, None, "mine", -2, False)], "died"),  # expired
        ([(1, None, "mine", 5, False), (2, 1, "mine", 5, True)], "died"),  # released without a record
        ([(1, None, "mine", 5, False), (2, 1, "mine", 9.5, True)], "running"),  # it records its end now
        ([(1, None, "mine", -9, False), (2, 1, "other", 5, False)], "died"),  # taken by another build
        ([(1, None, "mine", 5, False), (2, 1, "other", 29.5, False)], "running"),  # just taken
        ([(1, None, "mine", 5, False), (2, None, "other", 5, False)], "running"),  # the second is not valid
        ([], "running"),
    ],
)
def test_attempt_on_another_machine_runs_as_long_as_its_lease(
    entries: list[tuple[int, int | None, str, float, bool]], expected: str
) -> None:
    owners = {
        "mine": Attempt("nightly", ELSEWHERE, NOW),
        "other": Attempt("nightly", replace(ELSEWHERE, pid=1), NOW),
    }
    log = [entry(number, after, owners[who], left, free) for number, after, who, left, free in entries]
    done = attempt("nightly", "finished", 30)
    here = Attempt("nightly", started=NOW)
    mark_dead([done, owners["mine"], here], log, NOW)
    assert here.state == "running", "its process is this one"
    assert (done.state, owners["mine"].state) == ("finished", expected)
    assert bool(Status(contents(0.5), [owners["mine"]]).alarms(NOW, None)) == (expected == "died")


def test_warehouse_without_tables_or_catalog_is_a_problem(tmp_path: Path) -> None:
    missing = read(load([], [f"warehouse={tmp_path}/none"]))
    assert (missing.contents, missing.last) == (None, None)
    assert str(missing.problem).endswith("no tables; run `coinspark nightly` with this configuration first")
    assert not (tmp_path / "none").exists()
    (tmp_path / "catalog.db").write_bytes(b"no database" * 1000)
    assert "catalog cannot be read: file is not a database" in str(
        read(load([], [f"warehouse={tmp_path}"])).problem
    )
