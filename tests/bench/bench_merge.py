"""Merging in Spark against two bare processes that do the same: `python -m tests.bench.bench_merge [coins]`.

Both sides call `merge_coin` on the same files and write the pictures as Parquet: Spark by way of the JVM, each bare process
into a file of its own with pyarrow. Runs alternate; a ratio is taken within each pair of runs. Wanted: 0.85.
"""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import tempfile
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from coinspark.config import load
from coinspark.ingest.merge import merge_coin, merge_coins
from coinspark.ingest.merged_image import MergeSettings, encode_jpeg
from coinspark.warehouse import session

COINS, RUNS, PROCESSES, ROWS, WANTED = 5_000, 3, 2, 256, 0.85
MERGE, MAX_BYTES = MergeSettings((64,)), 10**9
PHOTO = "struct<uri:string,size:bigint,modified:bigint>"
SCHEMA = f"coin_id string, medium string, obverse {PHOTO}, reverse {PHOTO}, merged {PHOTO}"


def draw(folder: Path, count: int) -> None:
    """Two photos a coin, 300 px, as JPEG of some 30 KB: 60 different ones, each written many times."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[-1:1:300j, -1:1:300j]
    inside = (x * x + y * y < 0.9)[..., None]
    photos = []
    for _ in range(60):
        relief = cv2.GaussianBlur(rng.normal(0, 60, (300, 300, 1)), (9, 9), 3)[..., None] * 6
        pixels = np.where(inside, rng.integers(80, 180, 3) + relief, 20) + rng.normal(0, 6, (300, 300, 1))
        photos.append(encode_jpeg(np.clip(pixels, 0, 255).astype(np.uint8), 90))
    for number in range(count):
        (folder / f"{number}_o.jpg").write_bytes(photos[number % 60])
        (folder / f"{number}_r.jpg").write_bytes(photos[(7 * number + 3) % 60])


def bare(folder: Path, count: int) -> float:
    """Seconds that two processes take, once both are up."""
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(PROCESSES + 1)
    workers = [
        context.Process(target=work, args=(folder, range(n, count, PROCESSES), ready))
        for n in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    ready.wait()
    began = time.perf_counter()
    for worker in workers:
        worker.join()
    return time.perf_counter() - began


def work(folder: Path, numbers: range, ready: Barrier) -> None:
    """One bare process."""
    cv2.setNumThreads(1)
    merge_coin(as_row(folder, 0), MERGE, MAX_BYTES)
    ready.wait()
    writer = None
    for start in range(0, len(numbers), ROWS):
        made = [
            row
            for number in numbers[start : start + ROWS]
            for row in merge_coin(as_row(folder, number), MERGE, MAX_BYTES)
        ]
        batch = pa.RecordBatch.from_pylist(made)
        writer = writer or pq.ParquetWriter(
            folder / f"bare{numbers.start}.parquet", batch.schema, compression="none"
        )
        writer.write_batch(batch)
    if writer:
        writer.close()


def as_row(folder: Path, number: int) -> dict[str, Any]:
    """The row that a Spark worker is given."""
    return {
        "coin_id": str(number),
        "medium": "original",
        "merged": None,
        "obverse_bytes": 1,
        "reverse_bytes": 1,
        "merged_bytes": None,
        "obverse": f"{folder}/{number}_o.jpg",
        "reverse": f"{folder}/{number}_r.jpg",
    }


def listing(spark: SparkSession, folder: Path, count: int) -> DataFrame:
    """The coins as the stage lists them."""
    rows = [
        (str(n), "original", (f"{folder}/{n}_o.jpg", 1, 0), (f"{folder}/{n}_r.jpg", 1, 0), None)
        for n in range(count)
    ]
    path = str(folder / "listing")
    spark.createDataFrame(rows, SCHEMA).coalesce(1).write.mode("overwrite").parquet(path)
    return spark.read.parquet(path)


def merged(coins: DataFrame, place: Path, partitions: int) -> float:
    """Seconds that Spark takes from the listing to Parquet."""
    began = time.perf_counter()
    outcome = merge_coins(coins, MERGE, MAX_BYTES, partitions)
    outcome.write.mode("overwrite").option("compression", "none").parquet(str(place))
    return time.perf_counter() - began


def start(folder: Path) -> SparkSession:
    """A session on as many cores as there are bare processes."""
    return session.start(load([], [f"warehouse={folder}/warehouse", f"spark.master='local[{PROCESSES}]'"]))


def once(folder: str, count: int) -> None:
    """Start-up included: run by `main` in a fresh process."""
    spark = start(Path(folder))
    merged(listing(spark, Path(folder), count), Path(folder) / "cold", 4 * PROCESSES)


def main(count: int = COINS, runs: int = RUNS) -> list[tuple[str, float, float, float]]:
    """Print the table and return (what, median ratio, least, greatest)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw(folder, count)
        print(
            f"merge, {count:,} coins of two 300 px JPEGs to {MERGE.sizes[0]} px, {PROCESSES} cores, {runs} runs"
        )
        spark = start(folder)
        coins = listing(spark, folder, count)
        merged(
            coins, folder / "warm", 4 * PROCESSES
        )  # Spark is up once the JVM has compiled what the work goes through
        pairs = [(bare(folder, count), merged(coins, folder / "out", 4 * PROCESSES)) for _ in range(runs)]
        for written in ("out", "bare*.parquet"):
            assert spark.read.parquet(str(folder / written)).where("image_id IS NOT NULL").count() == count
        spark.stop()
        cold = [timed_from_nothing(name, count) for _ in range(runs)]
    print(f"  bare              {' '.join(f'{count / bare:7,.0f}' for bare, _ in pairs)} coins/s")
    print(f"  Spark             {' '.join(f'{count / spark:7,.0f}' for _, spark in pairs)} coins/s")
    print(f"  start-up included {' '.join(f'{count / seconds:7,.0f}' for seconds in cold)} coins/s")
    up = sorted(bare / spark for bare, spark in pairs)
    whole = sorted(bare / seconds for (bare, _), seconds in zip(pairs, cold, strict=True))
    rows = [
        (what, median(found), found[0], found[-1])
        for what, found in (("merge, Spark up", up), ("merge, start-up included", whole))
    ]
    for what, middle, least, most in rows:
        print(f"  {what:26} {middle:.2f} of the bare processes ({least:.2f} to {most:.2f})")
    print(
        "; ".join(f"{what} {middle:.2f} ({least:.2f} to {most:.2f})" for what, middle, least, most in rows)
        + f" of two bare processes; wanted {WANTED} with Spark up"
    )
    return rows


def timed_from_nothing(folder: str, count: int) -> float:
    """Seconds of a fresh Python process that starts Spark, lists and merges."""
    began = time.perf_counter()
    call = f"from tests.bench.bench_merge import once; once({folder!r}, {count})"
    subprocess.run([sys.executable, "-c", call], check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else COINS)
