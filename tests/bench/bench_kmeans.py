"""k-means on Spark against MLlib and faiss: `python -m tests.bench.bench_kmeans [rows [runs]]`.

50,000 × 512 float32 rows, 100 clusters, 20 iterations, two cores. coinspark and MLlib read the same Parquet
file in a running session; faiss has the rows in memory and two threads, and starts from the same centroids as
coinspark. The DataFrame API of MLlib takes no centroids, so MLlib starts from 100 random rows, as coinspark's
are. Two times of coinspark are shown: from file to clusters, including the last pass over all rows,
and from the end of the first iteration to the end of the last. faiss makes no last pass, and MLlib's
iterations cannot be timed apart. Runs alternate; a ratio is computed within each run. Then more rows, on
disk: time and peak memory. Targets: 8 times as fast as MLlib, 0.6 times as fast as faiss,
inertia within 1 %.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Iterator
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

ROWS, WIDTH, K, ITERATIONS, RUNS, CORES = 50_000, 512, 100, 20, 3, 2
FACTORS, FEW_ITERATIONS, PART = (1, 3, 10), 5, 5_000
TARGETS = {"MLlib": 8.0, "faiss": 0.6}


def draw(part: int) -> np.ndarray:
    """Part of the rows, float32 (PART, WIDTH): noise around 300 points close together."""
    middles = np.random.default_rng(0).normal(0, 0.1, (300, WIDTH))
    random = np.random.default_rng(part + 1)
    return (middles[random.integers(0, 300, PART)] + random.normal(size=(PART, WIDTH))).astype(np.float32)


def write(file: Path, rows: int) -> None:
    """Write keys and vectors (array<float>) part by part, since a million rows do not fit in memory."""
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


def with_coinspark(
    rows: DataFrame, initial: np.ndarray, iterations: int, folder: Path
) -> tuple[float, float, tuple[float, ...], np.ndarray]:
    """Total seconds, seconds of the iterations, inertia and centroids of coinspark."""
    clock = folder / "clock"
    clock.write_text("")

    def record_time(done: int, inertia: float) -> None:
        with clock.open("a") as file:
            file.write(f"{done} {time.time()}\n")

    began = time.perf_counter()
    clusters = cluster(
        rows, KMeansSettings(len(initial), iterations, tol=0, initial=initial), on_iteration=record_time
    )
    seconds = time.perf_counter() - began
    records = [line.split() for line in clock.read_text().splitlines()]
    first, last = (max(float(at) for done, at in records if int(done) == which) for which in (0, iterations))
    assert len(clusters.inertia) == iterations + 1
    return seconds, last - first, clusters.inertia, clusters.centroids


def with_mllib(rows: DataFrame) -> tuple[float, float]:
    """Seconds and inertia of MLlib, which caches its rows itself."""
    began = time.perf_counter()
    vectors = rows.select(array_to_vector("vector").alias("features"))
    summary = KMeans(k=K, maxIter=ITERATIONS, tol=0, initMode="random", seed=1).fit(vectors).summary
    assert summary.numIter == ITERATIONS
    return time.perf_counter() - began, summary.trainingCost


def with_faiss(points: np.ndarray, initial: np.ndarray) -> tuple[float, np.ndarray]:
    """Seconds and centroids of faiss."""
    faiss.omp_set_num_threads(CORES)
    kmeans = faiss.Kmeans(
        WIDTH, K, niter=ITERATIONS, max_points_per_centroid=len(points)
    )  # all rows; by default faiss takes a sample
    began = time.perf_counter()
    kmeans.train(points, init_centroids=initial.copy())
    return time.perf_counter() - began, kmeans.centroids


@contextmanager
def peak() -> Iterator[dict[str, float]]:
    """Peak resident memory in MB of all Python workers, the driver and the JVM, sampled."""
    peaks = {"workers": 0.0, "driver": 0.0, "JVM": 0.0}
    stop = threading.Event()

    def sample() -> None:
        while not stop.wait(0.1):
            current = dict.fromkeys(peaks, 0.0)
            current["driver"] = psutil.Process().memory_info().rss / 1e6
            for child in psutil.Process().children(recursive=True):
                try:
                    current["JVM" if child.name() == "java" else "workers"] += child.memory_info().rss / 1e6
                except psutil.NoSuchProcess:
                    continue
            peaks.update({process: max(peaks[process], mb) for process, mb in current.items()})

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield peaks
    finally:
        stop.set()
        thread.join()


def side_by_side(rows: DataFrame, count: int, runs: int, folder: Path) -> list[tuple[str, list[float]]]:
    """Print the times of each and return the ratios."""
    points = np.concatenate([draw(part) for part in range(count // PART)])
    initial = points[:: count // K][:K]
    with_coinspark(rows, initial, 2, folder)  # warm up Spark and the JVM
    runs_seconds: list[tuple[float, float, float, float]] = []
    for _ in range(runs):
        whole, iterations, inertia, _ = with_coinspark(rows, initial, ITERATIONS, folder)
        faiss_seconds, faiss_centroids = with_faiss(points, initial)
        mllib, cost = with_mllib(rows)
        runs_seconds.append((whole, iterations, faiss_seconds, mllib))
        print(
            "  run: coinspark {:.1f} s, its iterations {:.1f}; faiss {:.1f}; MLlib {:.1f}".format(
                *runs_seconds[-1]
            ),
            flush=True,
        )
    own_inertia = sum(
        float(np.square(nearest(part, faiss_centroids)[1], dtype=np.float64).sum())
        for part in np.array_split(points, 20)
    )
    print(
        f"  inertia: coinspark {inertia[-1]:.6g}, faiss {own_inertia:.6g} "
        f"({inertia[-1] / own_inertia - 1:+.4%}), "
        f"MLlib from its own centroids {cost:.6g} ({inertia[-1] / cost - 1:+.3%})"
    )
    assert abs(inertia[-1] / own_inertia - 1) < 0.01

    def ratio(other: int, own: int) -> list[float]:
        return sorted(run[other] / run[own] for run in runs_seconds)

    return [
        ("MLlib", ratio(3, 0)),
        ("faiss, from the file", ratio(2, 0)),
        ("faiss, iterations only", ratio(2, 1)),
    ]


def more_rows(spark: SparkSession, count: int, folder: Path) -> None:
    """Print time and memory for growing numbers of rows. Deletes each file once it is read."""
    print(
        f"  {FEW_ITERATIONS} iterations: rows    MB  seconds  µs/row     iterations only, µs/row  peak MB: "
        "workers driver    JVM"
    )
    initial = draw(0)[:K]
    for factor in FACTORS:
        file = folder / f"{factor}.parquet"
        write(file, factor * count)
        with peak() as peaks:
            whole, iterations, _, _ = with_coinspark(
                spark.read.parquet(str(file)), initial, FEW_ITERATIONS, folder
            )
        file.unlink()
        n = factor * count
        print(
            f"  {n:18,} {n * WIDTH * 4 / 1e6:5,.0f} {whole:8.1f} {whole / n * 1e6:9.1f} "
            f"{iterations / n * 1e6:23.1f} "
            f"{peaks['workers']:17.0f} {peaks['driver']:7.0f} {peaks['JVM']:6.0f}",
            flush=True,
        )


def main(count: int = ROWS, runs: int = RUNS) -> list[tuple[str, list[float]]]:
    """Print the table and return (compared with, sorted ratios)."""
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
            f"k-means, {count:,} × {WIDTH}, k = {K}, {ITERATIONS} iterations, {CORES} cores, {runs} runs",
            flush=True,
        )
        ratios = side_by_side(spark.read.parquet(str(folder / "rows.parquet")), count, runs, folder)
        more_rows(spark, count, folder)
        spark.stop()
    print(
        "; ".join(
            f"{median(values):.2f} of {compared} ({values[0]:.2f} to {values[-1]:.2f})"
            for compared, values in ratios
        )
        + f"; targets: {TARGETS['MLlib']:.0f} of MLlib, {TARGETS['faiss']} of faiss"
    )
    return ratios


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
