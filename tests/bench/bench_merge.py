"""Photos merged by Spark against the same work in two plain processes.

    python -m tests.bench.bench_merge [coins]

Both call `merge_coin` on the same files and write the merged images as Parquet: Spark through the JVM, each
plain process with pyarrow into its own file. Runs alternate; each ratio compares the two runs of a pair.
Target: 0.85.
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
from typing import Any, NamedTuple

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from coinspark.config import load
from coinspark.ingest.merge import merge_coin, merge_coins
from coinspark.ingest.merged_image import MergeSettings, encode_jpeg, merge_photos
from coinspark.warehouse import session

COINS, RUNS, PROCESSES, BATCH_ROWS, TARGET = 5_000, 3, 2, 256, 0.85
PARTITIONS = 4 * PROCESSES
MERGE, MAX_BYTES = MergeSettings((64,)), 10**9
PHOTO = "struct<uri:string,size:bigint,modified:bigint>"
SCHEMA = f"coin_id string, medium string, obverse {PHOTO}, reverse {PHOTO}, merged {PHOTO}"


class Ratio(NamedTuple):
    """Speed of Spark relative to the plain processes: median and range over the runs."""

    name: str
    median: float
    least: float
    greatest: float


def write_photos(folder: Path, coins: int) -> None:
    """Write two JPEGs of 300 px and about 30 KB per coin: 60 different photos, each written many times."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[-1:1:300j, -1:1:300j]
    inside = (x * x + y * y < 0.9)[..., None]
    photos = []
    for _ in range(60):
        relief = cv2.GaussianBlur(rng.normal(0, 60, (300, 300, 1)), (9, 9), 3)[..., None] * 6
        pixels = np.where(inside, rng.integers(80, 180, 3) + relief, 20) + rng.normal(0, 6, (300, 300, 1))
        photos.append(encode_jpeg(np.clip(pixels, 0, 255).astype(np.uint8), 90))
    for coin in range(coins):
        (folder / f"{coin}_o.jpg").write_bytes(photos[coin % 60])
        (folder / f"{coin}_r.jpg").write_bytes(photos[(7 * coin + 3) % 60])


def time_plain_processes(folder: Path, coins: int) -> float:
    """Seconds that two processes take, without their start."""
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(PROCESSES + 1)
    workers = [
        context.Process(target=run_plain_process, args=(folder, range(first, coins, PROCESSES), ready))
        for first in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    ready.wait()
    began = time.perf_counter()
    for worker in workers:
        worker.join()
    return time.perf_counter() - began


def run_plain_process(folder: Path, coins: range, ready: Barrier) -> None:
    """Merge these coins and write them to one Parquet file. Waits for `ready` after a first coin."""
    cv2.setNumThreads(1)
    merge_coin(input_row(folder, 0), MERGE, MAX_BYTES, merge_photos)
    ready.wait()
    writer = None
    for start in range(0, len(coins), BATCH_ROWS):
        rows = [
            row
            for coin in coins[start : start + BATCH_ROWS]
            for row in merge_coin(input_row(folder, coin), MERGE, MAX_BYTES, merge_photos)
        ]
        batch = pa.RecordBatch.from_pylist(rows)
        writer = writer or pq.ParquetWriter(
            folder / f"plain{coins.start}.parquet", batch.schema, compression="none"
        )
        writer.write_batch(batch)
    if writer:
        writer.close()


def input_row(folder: Path, coin: int) -> dict[str, Any]:
    """The row that a Spark worker gets for a coin."""
    return {
        "coin_id": str(coin),
        "medium": "original",
        "merged": None,
        "obverse_bytes": 1,
        "reverse_bytes": 1,
        "merged_bytes": None,
        "obverse": f"{folder}/{coin}_o.jpg",
        "reverse": f"{folder}/{coin}_r.jpg",
    }


def list_coins(spark: SparkSession, folder: Path, coins: int) -> DataFrame:
    """The coins as the ingest stage lists them, from a Parquet file."""
    rows = [
        (str(coin), "original", (f"{folder}/{coin}_o.jpg", 1, 0), (f"{folder}/{coin}_r.jpg", 1, 0), None)
        for coin in range(coins)
    ]
    path = str(folder / "listing")
    spark.createDataFrame(rows, SCHEMA).coalesce(1).write.mode("overwrite").parquet(path)
    return spark.read.parquet(path)


def time_spark(listing: DataFrame, path: Path) -> float:
    """Seconds that Spark takes from the listing to Parquet."""
    began = time.perf_counter()
    merged = merge_coins(listing, MERGE, MAX_BYTES, PARTITIONS)
    merged.write.mode("overwrite").option("compression", "none").parquet(str(path))
    return time.perf_counter() - began


def start_spark(folder: Path) -> SparkSession:
    """A session with as many cores as there are plain processes."""
    return session.start(load([], [f"warehouse={folder}/warehouse", f"spark.master='local[{PROCESSES}]'"]))


def run_with_start(folder: str, coins: int) -> None:
    """Start Spark, list the coins and merge them. `time_with_start` calls it in a new process."""
    spark = start_spark(Path(folder))
    time_spark(list_coins(spark, Path(folder), coins), Path(folder) / "cold")


def time_with_start(folder: Path, coins: int) -> float:
    """Seconds of a new Python process that starts Spark, lists and merges."""
    began = time.perf_counter()
    call = f"from tests.bench.bench_merge import run_with_start; run_with_start({str(folder)!r}, {coins})"
    subprocess.run([sys.executable, "-c", call], check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def measure(folder: Path, coins: int, runs: int) -> tuple[list[float], list[float], list[float]]:
    """Seconds of each run: plain processes, Spark, Spark with its start."""
    spark = start_spark(folder)
    listing = list_coins(spark, folder, coins)
    time_spark(listing, folder / "warm")  # compiles the JVM code
    plain, running = [], []
    for _ in range(runs):
        plain.append(time_plain_processes(folder, coins))
        running.append(time_spark(listing, folder / "out"))
    for written in ("out", "plain*.parquet"):
        assert spark.read.parquet(str(folder / written)).where("image_id IS NOT NULL").count() == coins
    spark.stop()
    return plain, running, [time_with_start(folder, coins) for _ in range(runs)]


def main(coins: int = COINS, runs: int = RUNS) -> list[Ratio]:
    """Print coins/s of each run and the ratios, and return the ratios."""
    print(
        f"merge, {coins:,} coins of two 300 px JPEGs to {MERGE.sizes[0]} px, {PROCESSES} cores, {runs} runs"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_photos(folder, coins)
        plain, running, with_start = measure(folder, coins, runs)
    for label, times in (("plain processes", plain), ("Spark", running), ("Spark with start", with_start)):
        print(f"  {label:17} {' '.join(f'{coins / seconds:7,.0f}' for seconds in times)} coins/s")
    ratios = []
    for label, times in (("merge, Spark running", running), ("merge, with Spark's start", with_start)):
        values = sorted(reference / seconds for reference, seconds in zip(plain, times, strict=True))
        ratios.append(Ratio(label, median(values), values[0], values[-1]))
    parts = [
        f"{ratio.name} {ratio.median:.2f} ({ratio.least:.2f} to {ratio.greatest:.2f})" for ratio in ratios
    ]
    print(f"{'; '.join(parts)} of two plain processes; target {TARGET} with Spark running")
    return ratios


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else COINS)
