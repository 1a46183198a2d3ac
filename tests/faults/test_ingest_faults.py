"""Faults of the stage `ingest`: each is caused, ends within a time limit, and loses no data."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pyspark import TaskContext
from pyspark.sql import DataFrame, SparkSession

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.ingest import merge
from coinspark.ingest import stage as ingest
from coinspark.ingest.decoder_process import DecoderProcess
from coinspark.ingest.photo_error import PhotoError
from coinspark.pipeline import chunks
from coinspark.pipeline.run import run as run_stage
from coinspark.pipeline.stage import Change, Context
from coinspark.warehouse import schemas, tables
from coinspark.warehouse.content import content_hash
from coinspark.warehouse.files import Location
from coinspark.warehouse.local_frame import local_frame
from tests.coin_photos import (
    as_bytes,
    bomb,
    configured,
    disc,
    row,
    source,
    write_coins,
    write_manifest,
    write_photos,
)
from tests.ingest.photo_bombs import BOMBS, short_lines


def build(spark: SparkSession, config: Config, scratch: Path) -> dict[str, DataFrame]:
    def read(name: str) -> DataFrame:
        return local_frame(spark, [], schemas.TABLES[name].ddl)

    built = ingest.build(Context(spark, config, read, Location.of(scratch), lambda text: None))
    return {name: table.rows if isinstance(table, Change) else table for name, table in built.items()}


def hashes(built: dict[str, DataFrame]) -> dict[str, str]:
    return {name: content_hash(rows) for name, rows in built.items()}


def reasons(built: dict[str, DataFrame]) -> dict[str, str]:
    return {reject.coin_id: reject.reason for reject in built["rejects"].collect()}


@pytest.fixture
def coins(tmp_path: Path) -> Path:
    return write_coins(tmp_path / "coins", 24)


@pytest.mark.fault(1)
def test_1_a_worker_killed_while_merging_does_not_change_the_result(
    spark: SparkSession, config: Config, coins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every worker is killed once during its first attempt, as with a lost executor."""
    config = configured(config, source(coins))
    expected = hashes(build(spark, config, tmp_path / "undisturbed"))
    worker, killed = merge._worker, str(tmp_path / "killed")
    Path(killed).mkdir()

    def worker_killed_once(*args: Any) -> Callable[..., Iterator[Any]]:
        work = worker(*args)

        def run(batches: Any) -> Iterator[Any]:
            context = TaskContext.get()
            results = list(work(batches))
            if context is not None and context.attemptNumber() == 0:
                Path(killed, str(context.partitionId())).touch()
                os.kill(os.getpid(), signal.SIGKILL)
            yield from results

        return run

    monkeypatch.setattr(merge, "_worker", worker_killed_once)
    assert hashes(build(spark, config, tmp_path / "disturbed")) == expected
    assert list(Path(killed).iterdir()), "a worker was killed"


@pytest.mark.fault(2, 6)
def test_2_and_6_a_repeated_build_gives_equal_hashes_and_distinct_keys(
    spark: SparkSession, config: Config, coins: Path, tmp_path: Path
) -> None:
    """A speculative duplicate of a task, or a second run, writes the same folder."""
    config = configured(config, source(coins), chunk=12)
    expected = hashes(build(spark, config, tmp_path / "a"))
    assert hashes(build(spark, config, tmp_path / "b")) == expected
    for path in (tmp_path / "a" / "merged").iterdir():
        (path / "_SUCCESS").unlink()  # as after a job that died when its tasks had written their files
    third = build(spark, config, tmp_path / "a")
    assert hashes(third) == expected
    for name, key in (("coins", schemas.COINS.key), ("images", schemas.IMAGES.key)):
        assert third[name].count() == third[name].select(*key).distinct().count() == 24


@pytest.mark.fault(7)
def test_7_another_partition_count_gives_equal_hashes(
    spark: SparkSession, config: Config, coins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other numbers of chunks, of tasks that merge photos, and of partitions of a shuffle."""
    results = []
    for chunk, tasks, shuffles in ((5_000, 1, "2"), (12, 5, "7")):
        spark.conf.set("spark.sql.shuffle.partitions", shuffles)
        monkeypatch.setattr(chunks, "count_partitions", lambda *arguments, tasks=tasks, **names: tasks)
        results.append(
            hashes(build(spark, configured(config, source(coins), chunk=chunk), tmp_path / shuffles))
        )
    spark.conf.set("spark.sql.shuffle.partitions", "2")
    assert results[0] == results[1]


@pytest.mark.fault(8, 10, 11, 12)
def test_8_10_11_12_unusual_photos_are_converted_or_rejected_with_a_reason(
    spark: SparkSession, config: Config, coins: Path, tmp_path: Path
) -> None:
    photo, exif = disc(5), Image.Exif()
    exif[0x0112] = 6
    rgba = np.dstack([np.asarray(photo), np.full((48, 48), 128, np.uint8)])
    unusual: dict[str, tuple[bytes, str | None]] = {
        "truncated": (as_bytes(photo)[:500], "truncated"),
        "empty": (b"", "empty"),
        "text": (b"see museum", "not_an_image"),
        "bomb": (bomb(), "too_large"),
        "tiles": (BOMBS["huge tiles"]("TIFF"), "too_large"),
        "scans": (BOMBS["many parts"]("JPEG"), "too_slow"),
        "slow": (short_lines(30_000, 2_000), "too_slow"),
        "zeroed": (as_bytes(photo)[:700] + bytes(100) + as_bytes(photo)[800:], "corrupt"),
        "pdf": (b"%PDF-1.4", "unsupported"),
        "cmyk": (as_bytes(photo.convert("CMYK")), None),
        "deep": (as_bytes(photo.convert("I;16"), "PNG"), None),
        "palette": (as_bytes(photo.quantize(9), "PNG", transparency=1), None),
        "alpha": (as_bytes(Image.fromarray(rgba), "PNG"), None),
        "exif": (as_bytes(photo, exif=exif), None),
        "gif": (as_bytes(photo, "GIF"), None),
        "webp": (as_bytes(photo, "WEBP"), None),
    }
    rows = [row(number) for number in range(24)]
    for name, (data, _) in unusual.items():
        (coins / "photos" / name).write_bytes(data)
        rows.append(row(1, coin_id=name, obverse_image=f"photos/{name}"))
    rows += [row(1, coin_id="sideless", reverse_image=""), row(2, mint="Elsewhere")]
    write_manifest(coins, rows)
    built = build(spark, configured(config, source(coins), max_seconds=1), tmp_path / "scratch")
    rejected = {name: reason for name, (_, reason) in unusual.items() if reason}
    assert reasons(built) == rejected | {"sideless": "missing_side", "2": "duplicate"}
    accepted = {coin.coin_id for coin in built["coins"].collect()}
    uris = {reject.coin_id: reject.uri for reject in built["rejects"].collect()}
    assert uris["slow"] == str(coins / "photos" / "slow"), "the photo is named"
    assert accepted == {str(n) for n in range(24) if n != 2} | (set(unusual) - set(rejected))


def break_decoder(patch: pytest.MonkeyPatch) -> None:
    """Make every merge fail, as with a broken image library."""

    def fail(*args: Any) -> Any:
        raise PhotoError("unreadable", "decoder jpeg not available", "obverse")

    worker = merge._worker

    def broken_worker(*args: Any) -> Callable[..., Iterator[Any]]:
        work = worker(*args)

        def run(batches: Any) -> Iterator[Any]:
            # in the worker's own process, which Spark reuses
            working, DecoderProcess.merge = DecoderProcess.merge, fail  # type: ignore[method-assign]
            try:
                yield from work(batches)
            finally:
                DecoderProcess.merge = working  # type: ignore[method-assign]

        return run

    patch.setattr(merge, "_worker", broken_worker)


@pytest.mark.fault(9)
def test_9_a_broken_decoder_fails_the_build(spark: SparkSession, config: Config, coins: Path) -> None:
    """A few new coins among many old ones suffice; after the repair no reject is reused."""
    config = configured(config, source(coins))
    tables.create(spark, config)

    def build() -> bool:
        return run_stage(spark, config, ingest.STAGE)

    assert build()
    before = {name: tables.snapshot(spark, config, name) for name in ingest.STAGE.writes}
    write_photos(coins, range(100, 112))
    write_manifest(coins, [row(n) for n in (*range(24), *range(100, 112))])
    with pytest.MonkeyPatch.context() as patch:
        break_decoder(patch)
        message = r"12 of 12 coins have photos that cannot be used \(12 unreadable\).*max_reject_share"
        with pytest.raises(InputError, match=message):
            build()
    assert {name: tables.snapshot(spark, config, name) for name in ingest.STAGE.writes} == before
    assert build()
    assert (
        tables.read(spark, config, "coins").count() == 36
        and tables.read(spark, config, "rejects").count() == 0
    )


@pytest.mark.fault(9)
def test_9_photos_rejected_before_do_not_fail_the_build(
    spark: SparkSession, config: Config, coins: Path
) -> None:
    """Ten photos of 24 stay broken: they are opened and rejected again together with the one new coin."""
    config = configured(config, source(coins))
    tables.create(spark, config)
    for number in range(10):
        (coins / "photos" / f"{number}_r.jpg").write_bytes(b"lost")
    run_stage(spark, config, ingest.STAGE)
    write_photos(coins, [50])
    write_manifest(coins, [row(n) for n in (*range(24), 50)])
    assert run_stage(spark, config, ingest.STAGE)
    assert (
        tables.read(spark, config, "coins").count() == 15
        and tables.read(spark, config, "rejects").count() == 10
    )


@pytest.mark.fault(9)
def test_9_a_root_without_its_photos_fails_the_build(
    spark: SparkSession, config: Config, tmp_path: Path
) -> None:
    write_manifest(tmp_path / "coins", [row(n) for n in range(12)])
    with pytest.raises(InputError, match=r"12 of 12 rows cannot be used \(12 missing_photo\).*root"):
        build(spark, configured(config, source(tmp_path / "coins")), tmp_path / "scratch")


@pytest.mark.fault(13)
def test_13_files_outside_the_root_are_never_opened(
    spark: SparkSession, config: Config, coins: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(as_bytes(disc(1)))
    (coins / "photos" / "link.jpg").symlink_to(secret)
    os.utime(secret, (1_000, 1_000))
    names = {
        "up": "../secret.jpg",
        "passwd": "../../etc/passwd",
        "absolute": str(secret),
        "link": "photos/link.jpg",
        "url": "https://example.org/coin.jpg",
        "file": f"file://{secret}",
    }
    write_manifest(coins, [row(1, coin_id=key, obverse_image=name) for key, name in names.items()] + [row(0)])
    built = build(spark, configured(config, source(coins)), tmp_path / "scratch")
    assert reasons(built) == dict.fromkeys(names, "outside_root")
    assert secret.stat().st_atime == 1_000, "never opened"


@pytest.mark.fault(14)
def test_14_names_with_special_characters_are_stored_unchanged(
    spark: SparkSession, config: Config, coins: Path, tmp_path: Path
) -> None:
    names = [
        "x'); DROP TABLE coins--",
        "a`b`c",
        "line\nbreak",
        "{mint} %s $1 \\' \"",
        "<script>alert(1)</script>",
        "Ῥώμη 罗马",
    ]
    write_manifest(
        coins, [row(n, coin_id=f"id {name}", mint=name, type=name) for n, name in enumerate(names)]
    )
    config = configured(config, source(coins))
    tables.create(spark, config)
    run_stage(spark, config, ingest.STAGE)
    stored = tables.read(spark, config, "coins").collect()
    assert {(coin.coin_id, coin.mint, tuple(coin.types)) for coin in stored} == {
        (f"id {n}", n, (n,)) for n in names
    }
