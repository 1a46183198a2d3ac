"""k-means on Spark against MLlib and faiss: `python -m tests.bench.bench_kmeans [rows [runs]]`.

50,000 × 512 float32 rows into 100 clusters, 20 rounds, two cores. Ours and MLlib read the same Parquet file in one session that
is up; faiss has the rows in memory and two threads, and begins at the same centroids as ours. MLlib's DataFrame API takes
no centroids: it begins at 100 random rows, as ours are. Ours is shown whole, from the file to the clusters with the last look
at all rows, and from the first round's end to the last's; faiss does not look again, and MLlib's rounds can't be told
apart from its start. Runs alternate; a ratio is taken within each run. Then more rows, on disk: time and peak memory.
Wanted: 8 times as fast as MLlib, 0.6 of faiss, inertia within 1 %.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import faiss
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.ml.clustering import KMeans
from pyspark.ml.functions import array_to_vector
from pyspark.sql import DataFrame, SparkSession

from coinspark.clustering.kmeans import KMeansSettings, nearest
from coinspark.clustering.on_spark import cluster
from coinspark.config import load
from coinspark.warehouse import session

ROWS, WIDTH, K, ROUNDS, RUNS, CORES = 50_000, 512, 100, 20, 3, 2
TIMES, FEWER_ROUNDS, PART = (1, 3, 10), 5, 5_000
WANTED = {"MLlib": 8.0, "faiss": 0.6}


def draw(part: int) -> np.ndarray:
    """A part of the rows, float32 (PART, WIDTH): noise around 300 points so near each other that it takes 20 rounds."""
    middles = np.random.default_rng(0).normal(0, 0.1, (300, WIDTH))
    random = np.random.default_rng(part + 1)
    return (middles[random.integers(0, 300, PART)] + random.normal(size=(PART, WIDTH))).astype(np.float32)


def write(file: Path, rows: int) -> None:
    """Keys and vectors as array<float>; the parts one by one, as a million rows don't fit."""
    schema = pa.schema([("key", pa.string()), ("vector", pa.list_(pa.float32()))])
    with pq.ParquetWriter(file, schema, compression="none", use_dictionary=False) as writer:
        for part in range(rows // PART):
            keys = [f"coin-{part * PART + n}" for n in range(PART)]
            offsets = np.arange(PART + 1, dtype=np.int32) * WIDTH
            writer.write_table(
                pa.table(
                    {"key": keys, "vector": pa.ListArray.from_arrays(offsets, draw(part).ravel())}, schema
                )
            )


def ours(
    rows: DataFrame, start: np.ndarray, rounds: int, folder: Path
) -> tuple[float, float, tuple[float, ...], np.ndarray]:
    """Seconds in all, seconds of the rounds alone, inertia and centroids."""
    clock = folder / "clock"
    clock.write_text("")

    def after(done: int, inertia: float) -> None:
        with clock.open("a") as file:
            file.write(f"{done} {time.time()}\n")

    began = time.perf_counter()
    found = cluster(rows, KMeansSettings(len(start), rounds, tol=0, initial=start), on_iteration=after)
    seconds = time.perf_counter() - began
    told = [line.split() for line in clock.read_text().splitlines()]
    first, last = (max(float(at) for done, at in told if int(done) == which) for which in (0, rounds))
    assert len(found.inertia) == rounds + 1
    return seconds, last - first, found.inertia, found.centroids


def with_mllib(rows: DataFrame) -> tuple[float, float]:
    """Seconds and inertia of MLlib, which keeps its rows in memory by itself."""
    began = time.perf_counter()
    vectors = rows.select(array_to_vector("vector").alias("features"))
    summary = KMeans(k=K, maxIter=ROUNDS, tol=0, initMode="random", seed=1).fit(vectors).summary
    assert summary.numIter == ROUNDS
    return time.perf_counter() - began, summary.trainingCost


def with_faiss(points: np.ndarray, start: np.ndarray) -> tuple[float, np.ndarray]:
    """Seconds and centroids of faiss."""
    faiss.omp_set_num_threads(CORES)
    work = faiss.Kmeans(
        WIDTH, K, niter=ROUNDS, max_points_per_centroid=len(points)
    )  # otherwise it takes a sample
    began = time.perf_counter()
    work.train(points, init_centroids=start.copy())
    return time.perf_counter() - began, work.centroids


@contextmanager
def peak() -> Iterator[dict[str, float]]:
    """The most MB that Python workers together, driver and JVM have resident, looked at ten times a second."""
    most = {"workers": 0.0, "driver": 0.0, "JVM": 0.0}
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            seen = dict.fromkeys(most, 0.0)
            seen["driver"] = psutil.Process().memory_info().rss / 1e6
            for child in psutil.Process().children(recursive=True):
                try:
                    seen["JVM" if child.name() == "java" else "workers"] += child.memory_info().rss / 1e6
                except psutil.NoSuchProcess:
                    continue
            most.update({who: max(most[who], mb) for who, mb in seen.items()})

    watch = threading.Thread(target=look)
    watch.start()
    try:
        yield most
    finally:
        over.set()
        watch.join()


def side_by_side(rows: DataFrame, count: int, runs: int, folder: Path) -> list[tuple[str, list[float]]]:
    """Print what each took and return the ratios."""
    points = np.concatenate([draw(part) for part in range(count // PART)])
    start = points[:: count // K][:K]
    ours(rows, start, 2, folder)  # Spark is up once the JVM has compiled what the work goes through
    times: list[tuple[float, float, float, float]] = []
    for _ in range(runs):
        whole, rounds, inertia, _ = ours(rows, start, ROUNDS, folder)
        faissed, centres = with_faiss(points, start)
        mllib, cost = with_mllib(rows)
        times.append((whole, rounds, faissed, mllib))
        print(
            "  run: ours {:.1f} s, its rounds {:.1f}; faiss {:.1f}; MLlib {:.1f}".format(*times[-1]),
            flush=True,
        )
    own = sum(
        float(np.square(nearest(part, centres)[1], dtype=np.float64).sum())
        for part in np.array_split(points, 20)
    )
    print(
        f"  inertia: ours {inertia[-1]:.6g}, faiss {own:.6g} ({inertia[-1] / own - 1:+.4%}), "
        f"MLlib from its own start {cost:.6g} ({inertia[-1] / cost - 1:+.3%})"
    )
    assert abs(inertia[-1] / own - 1) < 0.01
    ratio: Callable[[int, int], list[float]] = lambda them, us: sorted(one[them] / one[us] for one in times)  # noqa: E731
    return [
        ("MLlib", ratio(3, 0)),
        ("faiss, from the file", ratio(2, 0)),
        ("faiss, rounds alone", ratio(2, 1)),
    ]


def more_rows(spark: SparkSession, count: int, folder: Path) -> None:
    """Print time and memory of more and more rows; the file goes as soon as it is read."""
    print(
        f"  {FEWER_ROUNDS} rounds:     rows    MB  seconds  µs a row  rounds alone, µs a row  peak MB: workers driver    JVM"
    )
    start = draw(0)[:K]
    for times in TIMES:
        file = folder / f"{times}.parquet"
        write(file, times * count)
        with peak() as most:
            whole, rounds, _, _ = ours(spark.read.parquet(str(file)), start, FEWER_ROUNDS, folder)
        file.unlink()
        n = times * count
        print(
            f"  {n:18,} {n * WIDTH * 4 / 1e6:5,.0f} {whole:8.1f} {whole / n * 1e6:9.1f} {rounds / n * 1e6:23.1f} "
            f"{most['workers']:17.0f} {most['driver']:7.0f} {most['JVM']:6.0f}",
            flush=True,
        )


def main(count: int = ROWS, runs: int = RUNS) -> list[tuple[str, list[float]]]:
    """Print the table and return (against whom, ratios in order)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings: dict[str, Any] = {
            "warehouse": f"{name}/warehouse",
            "spark.master": f"'local[{CORES}]'",
            "spark.driver_memory": "3g",
        }
        spark = session.start(load([], [f"{key}={value}" for key, value in settings.items()]))
        write(folder / "rows.parquet", count)
        print(
            f"k-means, {count:,} × {WIDTH}, k = {K}, {ROUNDS} rounds, {CORES} cores, {runs} runs", flush=True
        )
        ratios = side_by_side(spark.read.parquet(str(folder / "rows.parquet")), count, runs, folder)
        more_rows(spark, count, folder)
        spark.stop()
    print(
        "; ".join(
            f"{median(found):.2f} of {whom} ({found[0]:.2f} to {found[-1]:.2f})" for whom, found in ratios
        )
        + f"; wanted {WANTED['MLlib']:.0f} of MLlib, {WANTED['faiss']} of faiss"
    )
    return ratios


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
