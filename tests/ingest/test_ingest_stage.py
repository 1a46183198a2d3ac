"""The stage `ingest`: tables of a build, incremental builds, and resuming after a failure."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pyspark.sql import DataFrame, SparkSession

from coinspark.config import Config, load
from coinspark.core.errors import InputError
from coinspark.ingest import listing, merge
from coinspark.ingest import stage as ingest
from coinspark.ingest.merged_image import MergeSettings, merge_photos
from coinspark.ingest.readers.folders import FoldersSource
from coinspark.pipeline.run import run as run_stage
from coinspark.pipeline.scratch import scratch_folder
from coinspark.pipeline.stage import Change, Context
from coinspark.synthetic.settings import SyntheticSource
from coinspark.warehouse import schemas, tables
from coinspark.warehouse.content import content_hash
from coinspark.warehouse.files import Location
from coinspark.warehouse.local_frame import local_frame
from tests.coin_photos import (
    as_bytes,
    configured,
    disc,
    row,
    source,
    write_coins,
    write_manifest,
    write_photos,
)

BuildTag = Callable[..., bool]
CONF = Path(__file__).parent.parent.parent / "conf"


@pytest.fixture
def build(spark: SparkSession) -> BuildTag:
    """Run the stage as in a nightly build; True if it ran."""

    def run(config: Config, verify_files: bool = False) -> bool:
        tables.create(spark, config)
        return run_stage(spark, config, ingest.STAGE, verify_files=verify_files)

    return run


def rows(spark: SparkSession, config: Config, name: str) -> list[Any]:
    return tables.read(spark, config, name).orderBy(*schemas.TABLES[name].key).collect()


def content(spark: SparkSession, config: Config) -> dict[str, str]:
    return {name: content_hash(tables.read(spark, config, name)) for name in ingest.STAGE.writes}


def build_once(
    spark: SparkSession, config: Config, scratch: Path, lines: list[str] | None = None
) -> dict[str, DataFrame | Change]:
    """Build on empty tables without publishing. Progress lines are added to `lines`."""

    def read(name: str) -> DataFrame:
        return local_frame(spark, [], schemas.TABLES[name].ddl)

    return ingest.build(
        Context(spark, config, read, Location.of(scratch), (lines if lines is not None else []).append)
    )


def test_tables_contain_coins_images_and_rejects(
    spark: SparkSession, config: Config, build: BuildTag, tmp_path: Path
) -> None:
    write_coins(tmp_path, 6)
    (tmp_path / "photos" / "1_o.jpg").write_bytes((tmp_path / "photos" / "1_o.jpg").read_bytes()[:300])
    (tmp_path / "photos" / "2_r.jpg").write_bytes(b"")
    (tmp_path / "photos" / "3_o.jpg").unlink()
    shutil.copy(tmp_path / "photos" / "4_o.jpg", tmp_path / "photos" / "5_o.jpg")
    shutil.copy(tmp_path / "photos" / "4_r.jpg", tmp_path / "photos" / "5_r.jpg")
    config = configured(config, source(tmp_path), sizes=(32, 48))
    assert build(config)
    coins = {coin.coin_id: coin for coin in rows(spark, config, "coins")}
    assert sorted(coins) == ["0", "4", "5"]
    assert coins["4"].image_id == coins["5"].image_id != coins["0"].image_id
    sides = [(tmp_path / "photos" / f"4_{side}.jpg").read_bytes() for side in "or"]
    assert coins["5"].photo_ids == [hashlib.sha256(photo).hexdigest()[:32] for photo in sides]
    assert coins["0"].types == ["T0"] and coins["0"].descriptions[0].text == "Head of emperor 0, right."
    images = rows(spark, config, "images")
    assert [(image.size, image.width, image.height) for image in images] == [(32, 32, 32), (48, 48, 48)] * 2
    assert {image.image_id for image in images} == {coin.image_id for coin in coins.values()}
    assert np.asarray(Image.open(io.BytesIO(bytes(images[0].jpeg)))).shape == (32, 32, 3)
    rejects = {reject.coin_id: reject for reject in rows(spark, config, "rejects")}
    assert {key: (reject.reason, reject.stage) for key, reject in rejects.items()} == {
        "1": ("truncated", "ingest"),
        "2": ("empty", "ingest"),
        "3": ("missing_photo", "ingest"),
    }
    assert rejects["1"].uri.endswith("/photos/1_o.jpg") and rejects["1"].detail.startswith("obverse: ")


def test_only_changed_photos_are_opened_again(
    spark: SparkSession, config: Config, build: BuildTag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_coins(tmp_path, 8)
    config = configured(config, source(tmp_path))
    assert build(config)
    first = content(spark, config)
    assert not build(config), "nothing changed"
    opened: list[str] = []
    merge_coins = ingest.merge_coins

    def record_coins(coins: DataFrame, *args: Any) -> DataFrame:
        opened.extend(coin.coin_id for coin in coins.collect())
        return merge_coins(coins, *args)

    monkeypatch.setattr(ingest, "merge_coins", record_coins)
    assert run_stage(spark, config, ingest.STAGE, force=True)
    assert len(opened) == 8 and content(spark, config) == first, "a forced run merges all photos"
    opened.clear()
    (tmp_path / "photos" / "3_r.jpg").write_bytes(as_bytes(disc(999)))
    write_photos(tmp_path, [8])
    write_manifest(
        tmp_path, [row(number, mint="Nova" if number == 5 else "Roma") for number in (0, 1, 2, 3, 4, 5, 6, 8)]
    )
    assert build(config)
    assert sorted(opened) == ["3", "8"]
    coins = rows(spark, config, "coins")
    assert {coin.coin_id: coin.mint for coin in coins}["5"] == "Nova" and len(coins) == 8
    assert {image.image_id for image in rows(spark, config, "images")} == {coin.image_id for coin in coins}
    opened.clear()
    assert build(configured(config, *config.sources, sizes=(32, 40)))
    assert len(opened) == 8 and len(rows(spark, config, "images")) == 16
    second = configured(config, *config.sources, sizes=(40,), shape="wide")
    assert build(second) and len(opened) == 16
    assert {(image.width, image.height) for image in rows(spark, config, "images")} == {(80, 40)}
    write_coins(tmp_path, 8)
    assert build(configured(config, *config.sources))
    assert content(spark, config)["images"] == first["images"]


def test_coins_without_photos_have_no_image(
    spark: SparkSession, config: Config, build: BuildTag, tmp_path: Path
) -> None:
    write_manifest(tmp_path, [row(number) for number in range(3)])
    config = configured(config, source(tmp_path, photos="none"))
    assert build(config)
    coins = rows(spark, config, "coins")
    assert len(coins) == 3 and all(coin.image_id is None and coin.obverse is None for coin in coins)
    assert rows(spark, config, "images") == [] and rows(spark, config, "rejects") == []


def test_several_sources_are_combined(
    spark: SparkSession, config: Config, build: BuildTag, tmp_path: Path
) -> None:
    write_coins(tmp_path / "a", 2)
    write_coins(tmp_path / "b", 2)
    (tmp_path / "c" / "1c").mkdir(parents=True)
    (tmp_path / "c" / "1c" / "x.png").write_bytes(as_bytes(disc(1), "PNG"))
    config = configured(
        config,
        source(tmp_path / "a", name="museum"),
        source(tmp_path / "b", name="dealer", prefix="d-"),
        FoldersSource(kind="folders", name="euro", root=str(tmp_path / "c")),
        shape="wide",
    )
    assert build(config)
    assert [(coin.coin_id, coin.source) for coin in rows(spark, config, "coins")] == [
        ("0", "museum"),
        ("1", "museum"),
        ("1c/x", "euro"),
        ("d-0", "dealer"),
        ("d-1", "dealer"),
    ]
    assert rows(spark, config, "rejects") == []


def test_finished_chunks_are_reused_after_a_failure(
    spark: SparkSession, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver dies after two of four chunks; the next run merges the other two, with the same result."""
    write_coins(tmp_path / "coins", 20)
    config = configured(config, source(tmp_path / "coins"), chunk=5)
    expected = hashes(build_once(spark, config, tmp_path / "complete"))
    calls: list[int] = []
    merge_coins = ingest.merge_coins

    def die_at_third_chunk(coins: DataFrame, *args: Any) -> DataFrame:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return merge_coins(coins, *args)

    monkeypatch.setattr(ingest, "merge_coins", die_at_third_chunk)
    with pytest.raises(KeyboardInterrupt):
        build_once(spark, config, tmp_path / "scratch")
    lines: list[str] = []
    resumed = build_once(spark, config, tmp_path / "scratch", lines)
    assert len(calls) == 5, "two chunks, the failed one, two chunks"
    assert [line.split(":")[0].split()[-4:] for line in lines] == [
        ["chunk", str(n), "of", "4"] for n in range(1, 5)
    ]
    assert hashes(resumed) == expected


@pytest.mark.slow(seconds=20)
def test_finished_chunks_survive_a_changed_listing_but_no_changed_setting_or_code(
    spark: SparkSession, config: Config, build: BuildTag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first ingest is killed after two of four chunks, then a coin is added: five chunks, two finished."""
    write_coins(tmp_path, 16)
    config = configured(config, source(tmp_path), chunk=4)
    opened: list[set[str]] = []
    merge_coins, chunks = ingest.merge_coins, 2

    def record_coins(coins: DataFrame, *args: Any) -> DataFrame:
        if len(opened) == chunks:
            raise KeyboardInterrupt
        opened.append({coin.coin_id for coin in coins.collect()})
        return merge_coins(coins, *args)

    monkeypatch.setattr(ingest, "merge_coins", record_coins)
    with pytest.raises(KeyboardInterrupt):
        build(config)
    finished = [*opened]
    write_photos(tmp_path, [16])
    write_manifest(tmp_path, [row(number) for number in range(17)])
    chunks = 100
    opened.clear()
    with monkeypatch.context() as patch:
        patch.setattr(ingest.reject_limits, "check_outcome", interrupt)  # every chunk is finished
        with pytest.raises(KeyboardInterrupt):
            build(config)
    again = set().union(*opened)
    kept = [chunk for chunk in finished if not chunk & again]
    assert again == {str(n) for n in range(17)} - set().union(*kept) and len(kept) >= 1
    assert all(chunk <= again for chunk in finished if chunk not in kept)
    opened.clear()
    with monkeypatch.context() as patch:
        patch.setattr(ingest, "code_version", lambda *modules: "other code")
        patch.setattr(ingest.reject_limits, "check_outcome", interrupt)
        with pytest.raises(KeyboardInterrupt):
            build(config)
    assert set().union(*opened) == {str(n) for n in range(17)}
    opened.clear()
    assert build(configured(config, *config.sources, chunk=4, quality=91))
    assert set().union(*opened) == {str(n) for n in range(17)}
    assert len(rows(spark, config, "images")) == 17
    assert not scratch_folder(config, "ingest").exists()


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def hashes(built: Mapping[str, DataFrame | Change]) -> dict[str, str]:
    """Table → content hash."""
    return {
        name: content_hash(table.rows if isinstance(table, Change) else table)
        for name, table in built.items()
    }


def test_a_changed_photo_is_not_taken_from_a_finished_chunk(
    spark: SparkSession, config: Config, tmp_path: Path
) -> None:
    write_coins(tmp_path / "coins", 4)
    config = configured(config, source(tmp_path / "coins"))
    before = hashes(build_once(spark, config, tmp_path / "scratch"))["coins"]
    (tmp_path / "coins/photos/1_o.jpg").write_bytes(as_bytes(disc(77)))
    os.utime(tmp_path / "coins/photos/1_o.jpg", (1, 1))
    assert hashes(build_once(spark, config, tmp_path / "scratch"))["coins"] != before


def replace_bytes(path: Path, data: bytes) -> None:
    """Other bytes; size and modification time stay."""
    status = path.stat()
    assert len(data) == status.st_size
    path.write_bytes(data)
    os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))


def photo_ids(*photos: Path) -> list[str]:
    return [hashlib.sha256(photo.read_bytes()).hexdigest()[:32] for photo in photos]


@pytest.mark.slow(seconds=25)
def test_verify_files_reads_photos_again_whose_bytes_changed_alone(
    spark: SparkSession,
    config: Config,
    build: BuildTag,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Size and time of two photos stay; one was rejected before. The size of a BMP is that of its pixels."""
    write_coins(tmp_path, 6)
    changed, rejected, unreadable = (tmp_path / "photos" / name for name in ("3_r.jpg", "1_o.jpg", "0_o.jpg"))
    changed.write_bytes(as_bytes(disc(7), "BMP"))
    rejected.write_bytes(bytes(changed.stat().st_size))
    unreadable.write_bytes(b"")
    config = configured(config, source(tmp_path), max_bytes=10**6)
    assert build(config)
    opened: list[str] = []
    merge_coins = ingest.merge_coins

    def record_coins(coins: DataFrame, *args: Any) -> DataFrame:
        opened.extend(coin.coin_id for coin in coins.collect())
        return merge_coins(coins, *args)

    monkeypatch.setattr(ingest, "merge_coins", record_coins)
    assert not build(config, verify_files=True), "nothing changed; the hashes of rejected photos are known"
    assert not opened and not scratch_folder(config, "ingest").exists()
    replace_bytes(changed, as_bytes(disc(999), "BMP"))
    assert not build(config)
    capsys.readouterr()
    assert build(config, verify_files=True)
    assert f"photos whose bytes have changed: 1, such as {changed}; built again" in capsys.readouterr().err
    assert sorted(opened) == ["0", "1", "3"], "photos that were rejected are always opened again"
    coins = {coin.coin_id: coin for coin in rows(spark, config, "coins")}
    assert sorted(coins) == ["2", "3", "4", "5"]
    assert coins["3"].photo_ids == photo_ids(tmp_path / "photos" / "3_o.jpg", changed)
    assert {image.image_id for image in rows(spark, config, "images")} == {
        coin.image_id for coin in coins.values()
    }
    replace_bytes(rejected, as_bytes(disc(1000), "BMP"))
    assert build(config, verify_files=True) and not build(config, verify_files=True)
    assert f"changed: 1, such as {rejected}" in capsys.readouterr().err
    assert len(rows(spark, config, "coins")) == 5 and len(rows(spark, config, "rejects")) == 1
    # the listing changes as well; a killed run has read the photo before its bytes changed
    write_manifest(tmp_path, [row(number) for number in range(1, 6)])
    replace_bytes(changed, as_bytes(disc(1001), "BMP"))
    with monkeypatch.context() as patch:
        patch.setattr(ingest.reject_limits, "check_outcome", interrupt)
        with pytest.raises(KeyboardInterrupt):
            build(config, verify_files=True)
    replace_bytes(changed, as_bytes(disc(1002), "BMP"))
    assert build(config, verify_files=True)
    coins = {coin.coin_id: coin for coin in rows(spark, config, "coins")}
    assert len(coins) == 5
    assert coins["3"].photo_ids == photo_ids(tmp_path / "photos" / "3_o.jpg", changed)


@pytest.mark.slow(seconds=15)
def test_missing_and_edited_synthetic_coins_are_noticed_and_drawn_again(
    spark: SparkSession, config: Config, build: BuildTag, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files with the same bytes and times again: the tables keep their snapshots."""
    folder = tmp_path / "coins"
    coins = SyntheticSource(kind="synthetic", root=str(folder), coins=4, mints=2, types_per_mint=2, photo=32)
    config = configured(config, coins)
    assert build(config) and not build(config)
    first = content(spark, config)
    snapshots = [tables.snapshot(spark, config, name) for name in ingest.STAGE.writes]
    photo, other = sorted((folder / "photos").iterdir())[:2]
    drawn = photo.read_bytes()
    photo.unlink()
    other.write_bytes(b"edited")
    capsys.readouterr()
    assert build(config) and not build(config)
    assert f"{photo} and 1 more files are missing or damaged; built again" in capsys.readouterr().err
    assert photo.read_bytes() == drawn
    replace_bytes(photo, drawn[:-1] + b"x")
    assert not build(config)
    assert build(config, verify_files=True) and not build(config, verify_files=True)
    assert f"{photo} is missing or damaged; built again" in capsys.readouterr().err
    assert photo.read_bytes() == drawn
    assert [tables.snapshot(spark, config, name) for name in ingest.STAGE.writes] == snapshots
    shutil.rmtree(folder)
    assert build(config) and not build(config)
    assert photo.read_bytes() == drawn and content(spark, config)["images"] == first["images"]


def test_a_source_is_read_once_per_run(
    spark: SparkSession, config: Config, build: BuildTag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_coins(tmp_path, 2)
    calls: list[str] = []
    read_source = listing.read_source
    monkeypatch.setattr(
        listing, "read_source", lambda source: calls.append(source.name) or read_source(source)
    )
    config = configured(config, source(tmp_path))
    assert build(config)
    assert calls == ["coins"]
    assert not build(config)
    assert calls == ["coins"] * 2


def test_no_source_or_an_empty_source_fails(spark: SparkSession, config: Config, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="sources: there are none"):
        build_once(spark, configured(config), tmp_path / "s")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no coin below"):
        build_once(
            spark,
            configured(config, FoldersSource(kind="folders", root=str(tmp_path / "empty"))),
            tmp_path / "s",
        )


def test_a_deleted_or_too_large_photo_is_rejected(tmp_path: Path) -> None:
    write_photos(tmp_path, [1])
    path = tmp_path / "photos" / "1_o.jpg"
    coin = {
        "coin_id": "1",
        "medium": "original",
        "obverse": str(path),
        "reverse": str(tmp_path / "gone.jpg"),
        "merged": None,
        "obverse_bytes": path.stat().st_size,
        "reverse_bytes": 9,
        "merged_bytes": None,
    }
    settings = MergeSettings((32,))
    (deleted,) = merge.merge_coin(coin, settings, 10**9, merge_photos)
    assert (deleted["reason"], deleted["uri"]) == ("missing_photo", coin["reverse"])
    (large,) = merge.merge_coin(coin, settings, 100, merge_photos)
    assert (large["reason"], large["uri"]) == ("too_large", coin["obverse"])


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "coins", "images"),
    [
        ("roman_coins", 603, 603),
        ("catalogue", 20, 20),
        ("euro_coins", 1291, 1291),
        ("corpus_nummorum", 25_865, 0),
    ],
)
def test_real_coins_are_ingested_without_rejects(
    spark: SparkSession,
    config: Config,
    tmp_path: Path,
    real_data: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    coins: int,
    images: int,
) -> None:
    monkeypatch.setenv("COINSPARK_REAL_DATA", str(real_data))
    tables_built = build_once(spark, load([CONF / f"{name}.yaml"]), tmp_path / "scratch")
    table, rejects = tables_built["coins"], tables_built["rejects"]
    assert isinstance(table, DataFrame) and isinstance(rejects, DataFrame)
    assert table.count() == table.select("coin_id", "medium").distinct().count() == coins
    assert table.where("image_id IS NOT NULL").count() == images
    assert rejects.count() == 0
    assert table.where("size(types) > 1").count() == (124 if name == "corpus_nummorum" else 0)
