"""Faults of DESIGN section 6 that ingest meets: each is caused, ends, and loses nothing."""

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
from coinspark.ingest import decode, merge
from coinspark.ingest import stage as ingest
from coinspark.pipeline.run import run as run_stage
from coinspark.pipeline.stage import Change, Context
from coinspark.warehouse import schemas, tables
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


def build(spark: SparkSession, config: Config, scratch: Path) -> dict[str, DataFrame]:
    def read(name: str) -> DataFrame:
        return spark.createDataFrame([], schemas.TABLES[name].ddl)

    scratch.mkdir(parents=True, exist_ok=True)
    made = ingest.build(Context(spark, config, read, scratch, lambda text: None))
    return {name: found.rows if isinstance(found, Change) else found for name, found in made.items()}


def hashes(made: dict[str, DataFrame]) -> dict[str, str]:
    return {name: tables.content_hash(rows) for name, rows in made.items()}


def reasons(made: dict[str, DataFrame]) -> dict[str, str]:
    return {reject.coin_id: reject.reason for reject in made["rejects"].collect()}


@pytest.fixture
def coins(tmp_path: Path) -> Path:
    return write_coins(tmp_path / "coins", 24)


def test_1_a_worker_killed_in_mid_merge_changes_nothing(
    spark: SparkSession, config: Config, coins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every worker dies once, half through its first attempt, as if its executor had been lost."""
    config = configured(config, source(coins))
    expected = hashes(build(spark, config, tmp_path / "calm"))
    real, graves = merge._worker, str(tmp_path / "graves")
    Path(graves).mkdir()

    def deadly(*how: Any) -> Callable[..., Iterator[Any]]:
        work = real(*how)

        def die(batches: Any) -> Iterator[Any]:
            context = TaskContext.get()
            made = list(work(batches))
            if context is not None and context.attemptNumber() == 0:
                Path(graves, str(context.partitionId())).touch()
                os.kill(os.getpid(), signal.SIGKILL)
            yield from made

        return die

    monkeypatch.setattr(merge, "_worker", deadly)
    assert hashes(build(spark, config, tmp_path / "stormy")) == expected
    assert list(Path(graves).iterdir()), "a worker did die"


def test_2_and_6_the_same_coins_twice_give_the_same_keys_once(
    spark: SparkSession, config: Config, coins: Path, tmp_path: Path
) -> None:
    """A speculative twin of a task, or a second run, ends in the same folder: the rows stand once, the hashes agree."""
    config = configured(config, source(coins), chunk=12)
    expected = hashes(build(spark, config, tmp_path / "a"))
    assert hashes(build(spark, config, tmp_path / "b")) == expected
    for path in (tmp_path / "a" / "merged").iterdir():
        (path / "_SUCCESS").unlink()  # as if the job had died with all its tasks' files there
    third = build(spark, config, tmp_path / "a")
    assert hashes(third) == expected
    for name, key in (("coins", schemas.COINS.key), ("images", schemas.IMAGES.key)):
        assert third[name].count() == third[name].select(*key).distinct().count() == 24


def test_7_another_partition_count_gives_the_same(
    spark: SparkSession, config: Config, coins: Path, tmp_path: Path
) -> None:
    found = []
    for chunk, shuffles in ((5_000, "2"), (3, "7")):
        spark.conf.set("spark.sql.shuffle.partitions", shuffles)
        found.append(
            hashes(build(spark, configured(config, source(coins), chunk=chunk), tmp_path / shuffles))
        )
    spark.conf.set("spark.sql.shuffle.partitions", "2")
    assert found[0] == found[1]


def test_8_10_11_12_every_odd_photo_comes_in_or_is_told_by_name(
    spark: SparkSession, config: Config, coins: Path, tmp_path: Path
) -> None:
    photo, exif = disc(5), Image.Exif()
    exif[0x0112] = 6
    rgba = np.dstack([np.asarray(photo), np.full((48, 48), 128, np.uint8)])
    odd: dict[str, tuple[bytes, str | None]] = {
        "truncated": (as_bytes(photo)[:500], "truncated"),
        "empty": (b"", "empty"),
        "text": (b"see museum", "not_an_image"),
        "bomb": (bomb(), "too_large"),
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
    for name, (data, _) in odd.items():
        (coins / "photos" / name).write_bytes(data)
        rows.append(row(1, coin_id=name, obverse_image=f"photos/{name}"))
    rows += [row(1, coin_id="sideless", reverse_image=""), row(2, mint="Elsewhere")]
    write_manifest(coins, rows)
    made = build(spark, configured(config, source(coins)), tmp_path / "scratch")
    told = {name: why for name, (_, why) in odd.items() if why}
    assert reasons(made) == told | {"sideless": "missing_side", "2": "duplicate"}
    came = {coin.coin_id for coin in made["coins"].collect()}
    assert came == {str(n) for n in range(24) if n != 2} | {name for name, (_, why) in odd.items() if not why}


def break_decoder(patch: pytest.MonkeyPatch) -> None:
    """Every photo is refused where it is merged, as with a library that was built wrong."""

    def refuse(photos: Any, settings: Any) -> Any:
        raise decode.PhotoError("unreadable", "decoder jpeg not available", "obverse")

    real = merge._worker

    def broken(*how: Any) -> Callable[..., Iterator[Any]]:
        work = real(*how)

        def run(batches: Any) -> Iterator[Any]:
            sound, merge.merge_photos = (
                merge.merge_photos,
                refuse,
            )  # in the worker's own process, which is used again
            try:
                yield from work(batches)
            finally:
                merge.merge_photos = sound

        return run

    patch.setattr(merge, "_worker", broken)


def test_9_a_decoder_broken_for_all_stops_the_job(spark: SparkSession, config: Config, coins: Path) -> None:
    """A few new coins among many old ones are enough to tell; once it is mended no old reject is found again."""
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
        says = r"12 of 12 coins have photos that cannot be used \(12 unreadable\).*max_reject_share"
        with pytest.raises(InputError, match=says):
            build()
    assert {name: tables.snapshot(spark, config, name) for name in ingest.STAGE.writes} == before
    assert build()
    assert (
        tables.read(spark, config, "coins").count() == 36
        and tables.read(spark, config, "rejects").count() == 0
    )


def test_9_old_bad_photos_do_not_stop_the_night(spark: SparkSession, config: Config, coins: Path) -> None:
    """Ten photos of 24 are bad for good: opened every build with the one new coin, they are told and no more."""
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


def test_9_a_root_without_its_photos_stops_the_job(
    spark: SparkSession, config: Config, tmp_path: Path
) -> None:
    write_manifest(tmp_path / "coins", [row(n) for n in range(12)])
    with pytest.raises(InputError, match=r"12 of 12 coins .*missing_photo.*root"):
        build(spark, configured(config, source(tmp_path / "coins")), tmp_path / "scratch")


def test_13_nothing_outside_the_root_is_opened(
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
    made = build(spark, configured(config, source(coins)), tmp_path / "scratch")
    assert reasons(made) == dict.fromkeys(names, "outside_root")
    assert secret.stat().st_atime == 1_000, "never opened"


def test_14_names_are_stored_as_they_are(
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
    found = tables.read(spark, config, "coins").collect()
    assert {(coin.coin_id, coin.mint, tuple(coin.types)) for coin in found} == {
        (f"id {n}", n, (n,)) for n in names
    }
