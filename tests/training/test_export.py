"""Export of shards: evenly sized, ordered by keys only, plain Parquet, complete or not there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from coinspark.core.errors import InputError
from coinspark.training import export, shards
from coinspark.training.export import ExportSpec
from coinspark.warehouse import schemas
from coinspark.warehouse.files import Location
from coinspark.warehouse.local_frame import local_frame

SPEC = ExportSpec("mint", 0, 32, 7, 4)
TYPES = (["Nike"], ["Tyche"], ["Nike", "Tyche"], [])


def _tables(spark: SparkSession, coins: int = 23) -> tuple[DataFrame, DataFrame, DataFrame]:
    """Coins of two mints; every fifth is a test, every seventh a validation coin; coin 0 has no image."""

    def split(n: int) -> str:
        return "test" if n % 5 == 0 else "validation" if n % 7 == 0 else "train"

    rows = [
        ("mint", fold, f"c{n}", "original", mint, mint, split(n), f"c{n}")
        for fold in (0, 1)
        for n in range(coins)
        for mint in [("Perinthos", "Abdera")[n % 2]]
    ]
    splits = local_frame(spark, rows, schemas.SPLITS.ddl)
    coin_table = local_frame(
        spark,
        [(f"c{n}", "original", f"i{n}" if n else None, TYPES[n % 4]) for n in range(coins)],
        "coin_id string, medium string, image_id string, types array<string>",
    )
    images = local_frame(
        spark,
        [
            (f"i{n}", size, size, size, bytearray(f"jpeg {n} {size}".encode()))
            for n in range(1, coins)
            for size in (32, 64)
        ],
        schemas.IMAGES.ddl,
    )
    return splits, coin_table, images


def test_shards_are_even_complete_and_ordered_by_hash(spark: SparkSession, tmp_path: Path) -> None:
    splits, coins, images = _tables(spark)
    shard_set = export.export(splits, coins, images, SPEC, Location.of(tmp_path))
    assert shard_set.classes == ("Abdera", "Perinthos")
    assert all(max(rows) - min(rows) <= 1 for rows in shard_set.rows.values())
    all_coins = spark.range(23).select(
        F.concat(F.lit("c"), "id").alias("coin_id"), F.lit("original").alias("medium")
    )
    hashes = {
        row["coin_id"]: row["h"]
        for row in all_coins.withColumn(
            "h", F.xxhash64(F.lit(7).cast("bigint"), "coin_id", "medium")
        ).collect()
    }
    for split, coin_numbers in (
        ("train", [n for n in range(1, 23) if n % 5 and n % 7]),
        ("validation", [7, 14, 21]),
        ("test", [5, 10, 15, 20]),
    ):
        order = sorted((f"c{n}" for n in coin_numbers), key=hashes.__getitem__)
        for shard in range(4):
            file = shards.shard_path(shard_set.folder, split, shard)
            rows = pq.ParquetFile(file).read().to_pylist() if file.exists() else []
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
    assert sum(shard_set.images) == sum(shard_set.rows["train"]) == 15
    names = {path.name for path in Path(shard_set.folder).rglob("*") if path.is_file()}
    assert names <= {"shards.json", *(f"{n:05d}.parquet" for n in range(4))}


def test_training_coins_with_one_type_have_its_label(spark: SparkSession, tmp_path: Path) -> None:
    splits, coins, images = _tables(spark)
    apollon = F.when(F.col("coin_id").isin("c1", "c3"), F.array(F.lit("Apollon")))
    coins_with_rare_type = coins.withColumn("types", apollon.otherwise(F.col("types")))
    shard_set = export.export(
        splits, coins_with_rare_type, images, replace(SPEC, types=True), Location.of(tmp_path)
    )
    assert shard_set.types == ("Nike", "Tyche")  # Apollon has only two training coins
    labels = {
        row["coin_id"]: row["type"]
        for file in Path(shard_set.folder).rglob("*.parquet")
        for row in pq.ParquetFile(file).read().to_pylist()
    }
    train = [n for n in range(1, 23) if n % 5 and n % 7]
    assert {coin for coin, type_ in labels.items() if type_ == 0} == {f"c{n}" for n in train if n % 4 == 0}
    assert {coin for coin, type_ in labels.items() if type_ == 1} == {
        f"c{n}" for n in train if n % 4 == 1
    } - {"c1"}
    assert len(labels) == 22


@pytest.mark.fault(7)
def test_shards_do_not_depend_on_order_and_partitions_of_the_tables(
    spark: SparkSession, tmp_path: Path
) -> None:
    splits, coins, images = _tables(spark)
    first = export.export(splits, coins, images, SPEC, Location.of(tmp_path) / "a")
    other = export.export(
        splits.orderBy(F.desc("coin_id")).repartition(5),
        coins.repartition(3),
        images.repartition(7),
        SPEC,
        Location.of(tmp_path / "b"),
    )
    assert first.digest == other.digest
    for split, rows in first.rows.items():
        for shard in range(len(rows)):
            a, b = (shards.shard_path(shard_set.folder, split, shard) for shard_set in (first, other))
            assert a.exists() == b.exists()
            assert not a.exists() or pq.read_table(a).equals(pq.read_table(b))


def test_changed_image_changes_the_digest(spark: SparkSession, tmp_path: Path) -> None:
    splits, coins, images = _tables(spark)
    other = F.when(F.col("image_id") == "i3", F.encode(F.lit("x"), "UTF-8")).otherwise(F.col("jpeg"))
    changed = images.withColumn("jpeg", other)
    assert (
        export.export(splits, coins, images, SPEC, Location.of(tmp_path)).digest
        != export.export(splits, coins, changed, SPEC, Location.of(tmp_path)).digest
    )


def test_complete_shards_are_reused_and_incomplete_ones_rewritten(
    spark: SparkSession, tmp_path: Path
) -> None:
    tables = _tables(spark)
    shard_set = export.export(*tables, SPEC, Location.of(tmp_path))
    file = shards.shard_path(shard_set.folder, "train", 0)
    before = file.stat().st_mtime_ns
    assert export.export(*tables, SPEC, Location.of(tmp_path)) == shard_set
    assert file.stat().st_mtime_ns == before
    (Path(shard_set.folder) / shards.MARKER).unlink()  # as after a kill while writing
    file.write_bytes(b"half")
    assert export.export(*tables, SPEC, Location.of(tmp_path)) == shard_set
    assert pq.read_table(file).num_rows == shard_set.rows["train"][0]


def test_shard_is_a_single_file_whatever_the_limit_of_the_session(
    spark: SparkSession, tmp_path: Path
) -> None:
    tables = _tables(spark)
    expected = export.export(*tables, SPEC, Location.of(tmp_path) / "a")
    spark.conf.set("spark.sql.files.maxRecordsPerFile", 1)
    try:
        shard_set = export.export(*tables, SPEC, Location.of(tmp_path) / "b")
    finally:
        spark.conf.unset("spark.sql.files.maxRecordsPerFile")
    assert shard_set.rows == expected.rows and max(expected.rows["train"]) > 1
    for shard, rows in enumerate(expected.rows["train"]):
        file, other = (shards.shard_path(s.folder, "train", shard) for s in (expected, shard_set))
        assert pq.read_table(other).num_rows == rows
        assert pq.read_table(other).equals(pq.read_table(file))


def test_max_images_per_class_limits_training_images_only(spark: SparkSession, tmp_path: Path) -> None:
    spec = ExportSpec("mint", 0, 32, 7, 2, max_images_per_class=3)
    shard_set = export.export(*_tables(spark), spec, Location.of(tmp_path))
    assert shard_set.images == (3, 3)
    assert sum(shard_set.rows["test"]) == 4


def test_fewer_than_two_classes_is_an_error(spark: SparkSession, tmp_path: Path) -> None:
    splits, coins, images = _tables(spark)
    with pytest.raises(InputError, match=r"layer 'mint', fold 0: 0 classes with images of size 48"):
        export.export(splits, coins, images, ExportSpec("mint", 0, 48, 7, 2), Location.of(tmp_path))
    with pytest.raises(InputError, match="1 classes"):
        export.export(splits.where("class = 'Abdera'"), coins, images, SPEC, Location.of(tmp_path))
