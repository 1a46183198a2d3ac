"""One build at a time: who gets the lease, who is refused, and what a lost lease stops."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from coinspark import nightly
from coinspark.config import Config
from coinspark.core.errors import InputError, LockError
from coinspark.warehouse import builds, catalog, iceberg_client, lease, lease_entry, lease_log, owner, tables
from coinspark.warehouse.lease import Lease
from coinspark.warehouse.local_frame import local_frame

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


class FakeClock:
    """Clocks that only move when somebody waits; `skew` is added to the time of day."""

    def __init__(self, skew: float = 0, while_waiting: Callable[[], None] = lambda: None) -> None:
        self.seconds, self.skew, self.while_waiting = 0.0, skew, while_waiting
        self.clock = lease.Clock(self.now, lambda: self.seconds, self.wait)

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds + self.skew)

    def wait(self, seconds: float) -> None:
        assert seconds > 0
        self.seconds += seconds
        assert self.seconds < 10_000, "it waits for ever"
        self.while_waiting()


def on_host(
    spark: SparkSession, config: Config, host: str, clock: lease.Clock | None = None, **fields: Any
) -> Lease:
    """A lease, not yet acquired, of a process of another machine."""
    me = replace(owner.current(), host=host, machine=host, **fields)
    return Lease(lease_log.open_log(spark, config), config, me, clock or FakeClock().clock)


def with_catalog(config: Config, **settings: Any) -> Config:
    return config.model_copy(update={"catalog": config.catalog.model_copy(update=settings)})


def second_session(spark: SparkSession, config: Config, **properties: str) -> SparkSession:
    """Another session: it has a catalog object with connections of its own, as has another process."""
    other = spark.newSession()
    for key, value in properties.items():
        other.conf.set(f"spark.sql.catalog.{config.catalog.name}.jdbc.{key}", value)
    other.sql("SHOW NAMESPACES").collect()  # Spark opens it with the settings of this session
    return other


def connection(config: Config) -> sqlite3.Connection:
    """Another client of the catalog's file."""
    return sqlite3.connect(f"{config.warehouse}/catalog.db", isolation_level=None)


def at_once(*actions: Callable[[], None]) -> list[BaseException | None]:
    """Run the actions in threads that start together; the error of each."""
    barrier, errors = threading.Barrier(len(actions)), list[BaseException | None]([None] * len(actions))

    def run(n: int) -> None:
        barrier.wait()
        try:
            actions[n]()
        except BaseException as error:
            errors[n] = error

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def entries(log: Any) -> int:
    log.refresh()
    return len(log.snapshots())


@pytest.mark.fault(5)
def test_exactly_one_of_two_owners_gets_the_lease(spark: SparkSession, config: Config) -> None:
    """Also while both create the namespace and the log. Each has a catalog object of its own."""
    other = second_session(spark, config)
    opened = list[Any]()

    def open_log(session: SparkSession) -> None:
        opened.append(lease_log.open_log(session, config))

    errors = at_once(lambda: open_log(spark), lambda: open_log(other))
    assert errors == [None, None], [str(error) for error in errors]
    for _ in range(20):
        pair = [on_host(spark, config, "a"), on_host(other, config, "b")]
        errors = at_once(*(one.acquire for one in pair))
        assert [type(error) for error in errors if error] == [LockError], errors
        winner = errors.index(None)
        assert lease_log.read(opened[0])[2].owner.host == "ab"[winner]  # type: ignore[union-attr]
        pair[winner].renew()
        pair[1 - winner].release()
        pair[winner].confirm()
        pair[winner].release()


@pytest.mark.fault(5)
def test_entry_committed_on_top_of_an_unseen_one_is_invalid(
    spark: SparkSession, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both see a free lease; the second commit comes after the first and is on top of it."""
    first, second = on_host(spark, config, "a"), on_host(second_session(spark, config), config, "b")
    append = lease_log.append

    def append_late(log: Any, entry: lease_entry.Entry) -> None:
        if entry.owner.host == "b" and not taken:
            taken.append(True)
            first.acquire()
        append(log, entry)

    taken = list[bool]()
    monkeypatch.setattr(lease_log, "append", append_late)
    with pytest.raises(LockError, match="on host a "):
        second.acquire()
    head, valid, entry = lease_log.read(lease_log.open_log(spark, config))
    assert (head != valid, entry and entry.owner.host) == (True, "a"), "the late entry is in the log"
    first.renew()
    first.release()
    second.acquire()


@pytest.mark.fault(5)
def test_refusal_names_the_owner_its_times_and_its_version(spark: SparkSession, config: Config) -> None:
    on_host(spark, config, "mint", pid=123, user="x", code="0.2-abc").acquire()
    message = (
        rf"^{config.warehouse}: another build is running \(process 123 of user x on host mint since "
        r"2026-11-25 12:00:00 UTC, last heartbeat 2026-11-25 12:00:00 UTC, lease until 2026-11-25 "
        r"12:10:00 UTC\); it runs coinspark 0.2-abc, this is \S+; wait until it ends, or stop it$"
    )
    later = FakeClock(skew=599)
    with pytest.raises(LockError, match=message):
        on_host(spark, config, "here", later.clock).acquire()
    assert later.seconds == 0, "refused at once"


@pytest.mark.fault(5)
def test_lease_of_another_host_is_replaced_after_its_term_whatever_version_had_it(
    spark: SparkSession, config: Config
) -> None:
    dead, clock = on_host(spark, config, "a", code="0.2-abc"), FakeClock(skew=601)
    dead.acquire()
    alive = on_host(spark, config, "b", clock.clock)
    alive.acquire()
    assert 180 <= clock.seconds <= 190, "watched for 0.3 of 600 s"
    with pytest.raises(LockError, match=r"did not renew its lease in time, .* on host b .* nothing more was"):
        dead.confirm()
    with pytest.raises(LockError, match="on host b "):
        dead.renew()
    dead.release()
    alive.confirm()


@pytest.mark.parametrize("skew", [86_400, -86_400])
def test_clocks_that_differ_do_not_replace_a_build_that_renews_its_lease(
    spark: SparkSession, config: Config, skew: float
) -> None:
    """The clock of the other host is a day ahead or behind, or was set back on this one."""
    running = on_host(spark, config, "a")
    running.acquire()
    clock = FakeClock(skew)

    def renew_every_two_minutes() -> None:
        if clock.seconds % 120 < 5:
            running.renew()

    clock.while_waiting = renew_every_two_minutes
    with pytest.raises(LockError, match="on host a since 2026-11-25 12:00:00 UTC"):
        on_host(spark, config, "b", clock.clock).acquire()
    assert 120 <= clock.seconds <= 125, "until its next heartbeat"
    running.confirm()


@pytest.mark.parametrize("skew", [86_400, -86_400])
def test_clocks_that_differ_do_not_keep_a_dead_build_alive(
    spark: SparkSession, config: Config, skew: float
) -> None:
    on_host(spark, config, "a").acquire()
    clock = FakeClock(skew)
    on_host(spark, config, "b", clock.clock).acquire()
    assert 180 <= clock.seconds <= 190


def test_dead_owner_on_the_same_machine_is_replaced_at_once(spark: SparkSession, config: Config) -> None:
    """Its number may be used again by another process, here by this one."""
    log = lease_log.open_log(spark, config)
    me = owner.current()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for dead in (replace(me, pid=gone.pid), replace(me, started=me.started - 1)):  # type: ignore[operator]
        clock = FakeClock()
        before = Lease(log, config, dead, clock.clock)
        before.acquire()
        after = Lease(log, config, me, clock.clock)
        after.acquire()
        assert clock.seconds == 0
        with pytest.raises(LockError, match=r"did not renew its lease"):
            before.confirm()
        after.release()


def test_build_may_wait_for_another_one(spark: SparkSession, config: Config) -> None:
    running = on_host(spark, config, "a")
    running.acquire()
    clock = FakeClock(while_waiting=lambda: running.release() if clock.seconds >= 60 else running.renew())
    on_host(spark, config, "b", clock.clock).acquire(wait=100)
    assert 60 <= clock.seconds <= 65
    late = FakeClock()
    with pytest.raises(LockError, match="on host b"):
        on_host(spark, config, "c", late.clock).acquire(wait=100)
    assert 100 <= late.seconds <= 105


def test_waiting_build_replaces_one_that_dies_meanwhile(spark: SparkSession, config: Config) -> None:
    running = on_host(spark, config, "a")
    running.acquire()
    clock = FakeClock(while_waiting=lambda: running.renew() if clock.seconds < 300 else None)
    on_host(spark, config, "b", clock.clock).acquire(wait=3000)
    assert 590 <= clock.seconds <= 610, "heartbeats have the time 12:00 by the clock of a"


def take_over(spark: SparkSession, config: Config) -> None:
    """Another build takes the lease, as after a long suspension of this process."""
    log = lease_log.open_log(spark, config)
    head, _, entry = lease_log.read(log)
    assert entry is not None
    me = replace(owner.current(), host="other", machine="other")
    lease_log.append(log, replace(entry, lease="other", owner=me, after=head))


@pytest.mark.fault(5)
def test_build_that_lost_its_lease_writes_nothing_more(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    rows = local_frame(
        spark, [("mint", "a", "CN", "Ainos", "x", "one")], tables.schemas.TABLES["classes"].ddl
    )
    with lease.hold(spark, config):
        staged = tables.stage(spark, config, "classes", rows)
        before = tables.snapshot(spark, config, "classes")
        take_over(spark, config)
        writes: tuple[Callable[[], object], ...] = (
            lambda: tables.publish(spark, config, staged),
            lambda: tables.stage(spark, config, "classes", rows),
            lambda: tables.append(spark, config, "builds", [("b", NOON, "{}")]),
            lambda: tables.tag(spark, config, "build_1", {"classes": before}),
            lambda: tables.create(spark, config),
            lambda: builds.publish(spark, config),
        )
        for write in writes:
            with pytest.raises(LockError, match=r"did not renew its lease in time, .* on host other "):
                write()
    assert tables.snapshot(spark, config, "classes") == before
    assert tables.tags(spark, config, "classes") == builds.names(spark, config) == []
    entry = lease_log.read(lease_log.open_log(spark, config))[2]
    assert entry and (entry.lease, entry.released) == ("other", False), "the loser released nothing"


def test_confirmation_renews_a_lease_whose_term_is_half_over(spark: SparkSession, config: Config) -> None:
    """Such as after a suspension during which nobody took it."""
    clock = FakeClock()
    running = on_host(spark, config, "a", clock.clock)
    running.acquire()
    log = lease_log.open_log(spark, config)
    clock.seconds = 299
    running.confirm()
    assert lease_log.read(log)[2].heartbeat == NOON  # type: ignore[union-attr]
    clock.seconds = 5000
    running.confirm()
    assert lease_log.read(log)[2].until == NOON + timedelta(seconds=5600)  # type: ignore[union-attr]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_lease_is_released_when_the_build_fails_or_is_interrupted(
    spark: SparkSession, config: Config, error: type[BaseException]
) -> None:
    with pytest.raises(error), lease.hold(spark, config):
        raise error
    with lease.hold(spark, config):
        pass


def test_interrupt_between_commit_and_check_releases_the_lease(
    spark: SparkSession, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = lease_log.append

    def append_and_die(*arguments: Any) -> None:
        append(*arguments)
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(lease_log, "append", append_and_die)
        with lease.hold(spark, config):
            pytest.fail("interrupted")
    with lease.hold(spark, config):
        pass


def test_lease_is_renewed_again_after_an_outage_of_the_catalog(
    spark: SparkSession, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The catalog's file is locked by another process for longer than a commit waits."""
    lease_log.open_log(spark, config)
    impatient, config = (
        second_session(spark, config, busy_timeout="20"),
        with_catalog(config, lease_seconds=0.5),
    )
    failed, renewed, messages = threading.Event(), threading.Event(), list[str]()
    renew = Lease.renew

    def observe(self: Lease) -> None:
        renew(self)
        renewed.set()

    def say(text: str) -> None:
        messages.append(text)
        failed.set()

    monkeypatch.setattr(Lease, "renew", observe)
    monkeypatch.setattr(lease, "say", say)
    with closing(connection(config)) as other, lease.hold(impatient, config):
        other.execute("BEGIN EXCLUSIVE")
        assert failed.wait(20)
        renewed.clear()
        other.execute("ROLLBACK")
        assert renewed.wait(20)
        lease.confirm(config)
    assert len(messages) == 1, messages
    assert messages[0].startswith("lease: not renewed, trying again: catalog: another program locks its file")


def test_writer_waits_for_a_reader_that_holds_the_catalog(spark: SparkSession, config: Config) -> None:
    running = on_host(spark, config, "a")
    impatient = on_host(second_session(spark, config, busy_timeout="20"), config, "b")
    errors = list[BaseException | None]()
    writer = threading.Thread(target=lambda: errors.extend(at_once(running.acquire)))
    with closing(connection(config)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM iceberg_tables").fetchall()
        with pytest.raises(Py4JJavaError, match="SQLITE_BUSY"):
            impatient.acquire()
        writer.start()
        writer.join(0.3)
        assert writer.is_alive(), "it waits"
    writer.join(20)
    assert errors == [None]
    running.confirm()


def test_old_entries_and_their_files_are_removed(spark: SparkSession, config: Config) -> None:
    running = on_host(spark, config, "a")
    running.acquire()
    log = lease_log.open_log(spark, config)
    most = 0
    for _ in range(40):
        running.renew()
        most = max(most, entries(log))
    assert most <= 31
    files = list(Path(config.warehouse, config.catalog.namespace, lease_entry.TABLE).rglob("*.*"))
    assert len([file for file in files if file.suffix in (".avro", ".json")]) <= 31 + 22
    running.confirm()
    running.release()
    on_host(spark, config, "b").acquire()


def test_commands_that_write_take_the_lease_and_others_do_not(
    spark: SparkSession, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables.create(spark, config)
    on_host(spark, config, "a", lease.CLOCK).acquire()
    monkeypatch.setattr(nightly, "_check_inputs", lambda *arguments: None)
    for write in (nightly.run_build, lambda config: nightly.run_stages(config, ("classes",))):
        with pytest.raises(LockError, match="another build is running"):
            write(config)
    assert builds.latest(spark, config) is None
    assert tables.exists(spark, config)


def test_entries_are_readable_without_spark(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    on_host(spark, config, "a").acquire()
    newest = iceberg_client.load(config, lease_entry.TABLE).current_snapshot()
    assert newest is not None
    entry = json.loads(iceberg_client.summary(newest)["coinspark.lease"])
    assert (entry["owner"]["host"], entry["since"]) == ("a", NOON.isoformat())


def test_reading_does_not_create_the_log(spark: SparkSession, config: Config) -> None:
    tables.create(spark, config)
    assert tables.exists(spark, config) and builds.latest(spark, config) is None
    assert lease_entry.TABLE not in catalog.table_names(spark, config)


def test_lease_is_not_taken_in_the_warehouse_of_another_configuration(
    spark: SparkSession, config: Config, tmp_path: Path
) -> None:
    tables.create(spark, config)
    with (
        pytest.raises(InputError, match="belong to the warehouse"),
        lease.hold(spark, config.model_copy(update={"warehouse": str(tmp_path)})),
    ):
        pytest.fail("a lease for a copy")
    assert lease_entry.TABLE not in catalog.table_names(spark, config)
