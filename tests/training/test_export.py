"""Shards exported by Spark: even, in an order that hangs on the keys alone, plain, and never half there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from coinspark.core.errors import InputError
from coinspark.training import export, shards
from coinspark.training.export import Want
from coinspark.warehouse import schemas

WANT = Want("mint", 0, 32, 7, 4)
TYPES = (["Nike"], ["Tyche"], ["Nike", "Tyche"], [])


def _tables(spark: SparkSession, coins: int = 23) -> tuple[DataFrame, DataFrame, DataFrame]:
    """Coins of two mints, every fifth in the test, every seventh in validation; coin 0 has no photograph."""

    def split(n: int) -> str:
        return "test" if n % 5 == 0 else "validation" if n % 7 == 0 else "train"

    rows = [
        ("mint", fold, f"c{n}", "original", mint, mint, split(n))
        for fold in (0, 1)
        for n in range(coins)
        for mint in [("Perinthos", "Abdera")[n % 2]]
    ]
    splits = spark.createDataFrame(rows, schemas.SPLITS.ddl)
    known = spark.createDataFrame(
        [(f"c{n}", "original", f"i{n}" if n else None, TYPES[n % 4]) for n in range(coins)],
        "coin_id string, medium string, image_id string, types array<string>",
    )
    images = spark.createDataFrame(
        [
            (f"i{n}", size, size, size, bytearray(f"jpeg {n} {size}".encode()))
            for n in range(1, coins)
            for size in (32, 64)
        ],
        schemas.IMAGES.ddl,
    )
    return splits, known, images


def test_shards_are_even_whole_and_in_the_order_of_the_hash(spark: SparkSession, tmp_path: Path) -> None:
    splits, coins, images = _tables(spark)
    held = export.export(splits, coins, images, WANT, tmp_path)
    assert held.classes == ("Abdera", "Perinthos")
    assert all(max(rows) - min(rows) <= 1 for rows in held.rows.values())
    everything = spark.range(23).select(
        F.concat(F.lit("c"), "id").alias("coin_id"), F.lit("original").alias("medium")
    )
    hashes = {
        row["coin_id"]: row["h"]
        for row in everything.withColumn(
            "h", F.xxhash64(F.lit(7).cast("bigint"), "coin_id", "medium")
        ).collect()
    }
    for split, wanted in (
        ("train", [n for n in range(1, 23) if n % 5 and n % 7]),
        ("validation", [7, 14, 21]),
        ("test", [5, 10, 15, 20]),
    ):
        order = sorted((f"c{n}" for n in wanted), key=hashes.__getitem__)
        for shard in range(4):
            place = shards.path_of(held.folder, split, shard)
            rows = pq.ParquetFile(place).read().to_pylist() if place.exists() else []
            assert [row["coin_id"] for row in rows] == order[shard::4]
            for row in rows:
                n = int(row["coin_id"][1:])
                assert row == {
                    "coin_id": f"c{n}",
                    "medium": "original",
                    "label": 1 - n % 2,
                    "type": -1,
                    "jpeg": f"jpeg {n} 32".encode(),
                }
    assert sum(held.images) == sum(held.rows["train"]) == 15
    names = {path.name for path in Path(held.folder).rglob("*") if path.is_file()}
    assert names <= {"shards.json", *(f"{n:05d}.parquet" for n in range(4))}


def test_train_coins_of_a_sure_type_show_it(spark: SparkSession, tmp_path: Path) -> None:
    splits, coins, images = _tables(spark)
    apollon = F.when(F.col("coin_id").isin("c1", "c3"), F.array(F.lit("Apollon")))
    rare = coins.withColumn("types", apollon.otherwise(F.col("types")))
    held = export.export(splits, rare, images, replace(WANT, types=True), tmp_path)
    assert held.types == ("Nike", "Tyche")  # two train coins of Apollon are too few to learn from
    shown = {
        row["coin_id"]: row["type"]
        for file in Path(held.folder).rglob("*.parquet")
        for row in pq.ParquetFile(file).read().to_pylist()
    }
    train = [n for n in range(1, 23) if n % 5 and n % 7]
    assert {coin for coin, type_ in shown.items() if type_ == 0} == {f"c{n}" for n in train if n % 4 == 0}
    assert {coin for coin, type_ in shown.items() if type_ == 1} == {f"c{n}" for n in train if n % 4 == 1} - {
        "c1"
    }
    assert len(shown) == 22


def test_order_and_partitions_of_the_input_change_nothing(spark: SparkSession, tmp_path: Path) -> None:
    splits, coins, images = _tables(spark)
    first = export.export(splits, coins, images, WANT, tmp_path / "a")
    other = export.export(
        splits.orderBy(F.desc("coin_id")).repartition(5),
        coins.repartition(3),
        images.repartition(7),
        WANT,
        tmp_path / "b",
    )
    assert first.digest == other.digest
    for split, rows in first.rows.items():
        for shard in range(len(rows)):
            a, b = (shards.path_of(held.folder, split, shard) for held in (first, other))
            assert a.exists() == b.exists()
            assert not a.exists() or pq.read_table(a).equals(pq.read_table(b))


def test_a_changed_pixel_is_another_digest(spark: SparkSession, tmp_path: Path) -> None:
    splits, coins, images = _tables(spark)
    other = F.when(F.col("image_id") == "i3", F.encode(F.lit("x"), "UTF-8")).otherwise(F.col("jpeg"))
    changed = images.withColumn("jpeg", other)
    assert (
        export.export(splits, coins, images, WANT, tmp_path).digest
        != export.export(splits, coins, changed, WANT, tmp_path).digest
    )


def test_finished_shards_are_taken_and_broken_ones_written_anew(spark: SparkSession, tmp_path: Path) -> None:
    tables = _tables(spark)
    held = export.export(*tables, WANT, tmp_path)
    file = shards.path_of(held.folder, "train", 0)
    before = file.stat().st_mtime_ns
    assert export.export(*tables, WANT, tmp_path) == held
    assert file.stat().st_mtime_ns == before
    (Path(held.folder) / shards.MARKER).unlink()  # as after a kill before the end
    file.write_bytes(b"half")
    assert export.export(*tables, WANT, tmp_path) == held
    assert pq.read_table(file).num_rows == held.rows["train"][0]


def test_a_cap_keeps_so_many_train_images_a_class_and_all_others(spark: SparkSession, tmp_path: Path) -> None:
    held = export.export(*_tables(spark), Want("mint", 0, 32, 7, 2, cap=3), tmp_path)
    assert held.images == (3, 3)
    assert sum(held.rows["test"]) == 4


def test_nothing_to_train_on_is_said(spark: SparkSession, tmp_path: Path) -> None:
    splits, coins, images = _tables(spark)
    with pytest.raises(InputError, match=r"layer 'mint', fold 0: 0 classes with photographs of size 48"):
        export.export(splits, coins, images, Want("mint", 0, 48, 7, 2), tmp_path)
    with pytest.raises(InputError, match="1 classes"):
        export.export(splits.where("class = 'Abdera'"), coins, images, WANT, tmp_path)
