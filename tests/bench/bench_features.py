"""The features stage's function against the same Keras model on arrays in memory, images/s on the same cores.

    python -m tests.bench.bench_features [runs]

Spark has the pictures as Parquet, decodes and prepares them, and its Python workers are warm; the model in memory is given
arrays that are decoded and prepared already, by `predict` in batches, in one process with all cores. Wanted is a ratio of 0.9.
Beside it stands the same ratio of processor time (Java's and all workers' too): beside other work a process of many threads is
given more of the cores than two workers of one, and then only this one says what the way by Spark costs.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import tensorflow as tf
from pyspark.sql import DataFrame

from coinspark.config import Config, load
from coinspark.pipeline import chunks
from coinspark.vision import features, preprocess, weights
from coinspark.vision.backbones import BACKBONES
from coinspark.vision.backbones.backbone import weight_arrays
from coinspark.vision.network import ImageSpec, Network, resolve_precision
from coinspark.warehouse import session
from tests.training_shards import striped_image

IMAGES, DIFFERENT, PICTURE = 2_048, 64, ImageSpec(64, 128)


def main(runs: int = 3, images: int = IMAGES) -> float:
    """Print images/s and processor time of both ways, and their ratios with their spread; the median ratio of images/s."""
    cores = len(os.sched_getaffinity(0))
    jpegs = [striped_image(n, PICTURE.height, PICTURE.width) for n in range(DIFFERENT)]
    with tempfile.TemporaryDirectory() as place:
        config = load([], [f"warehouse={place}", f"spark.master='local[{cores}]'"])
        batch, policy = config.features.batch, resolve_precision(config.features.precision)
        tf.keras.mixed_precision.set_global_policy(policy)
        backbone = BACKBONES["vgg16"]
        model = backbone.network(PICTURE.height, PICTURE.width, True, 1)
        digest = weights.save(weight_arrays(model), Path(place) / "weights.npz")
        network = Network(f"{place}/weights.npz", digest, PICTURE, backbone.name, precision=policy)
        ready = preprocess.prepare(
            np.stack([preprocess.decode(jpeg, PICTURE) for jpeg in jpegs]), PICTURE
        ).numpy()
        arrays, frame = ready[np.arange(images) % DIFFERENT], _pictures(config, jpegs, images)

        def staged() -> None:
            spread = frame.repartition(chunks.count_partitions(frame.sparkSession, images, per_core=1))
            features.extract(spread, network, batch).write.format("noop").mode("overwrite").save()

        found = _compared(images, runs, staged, lambda: model.predict(arrays, batch_size=batch, verbose=0))
        frame.sparkSession.stop()
    speed, cost = (
        f"{statistics.median(of):.2f} ({min(of):.2f} to {max(of):.2f})" for of in zip(*found, strict=True)
    )
    print(
        f"features, {images:,} pictures of {PICTURE.height} × {PICTURE.width}, {policy}, {cores} cores, {runs} runs: ratio "
        f"{speed}, wanted 0.90; of processor time {cost}"
    )
    return statistics.median(ratio for ratio, _ in found)


def _compared(
    images: int, runs: int, staged: Callable[[], object], memory: Callable[[], object]
) -> list[tuple[float, float]]:
    """Ratios of images/s and of processor time, stage to memory, a pair a run; a round before loads each worker's model."""
    found = []
    for run in range(runs + 1):
        (time_there, cpu_there), (time_here, cpu_here) = _spent(staged), _spent(memory)
        if run:
            found.append((time_here / time_there, cpu_here / cpu_there))
            print(
                f"stage {images / time_there:6,.1f} images/s, {1e3 * cpu_there / images:5.1f} ms of a core an image   "
                f"Keras in memory {images / time_here:6,.1f} images/s, {1e3 * cpu_here / images:5.1f} ms   "
                f"ratio {found[-1][0]:.2f}, of processor time {found[-1][1]:.2f}",
                flush=True,
            )
    return found


def _pictures(config: Config, jpegs: list[bytes], images: int) -> DataFrame:
    """`image_id`, `jpeg` as the table holds them."""
    spark = session.start(config)
    rows = [(f"i{n:05d}", bytearray(jpegs[n % DIFFERENT])) for n in range(images)]
    path = f"{config.warehouse}/pictures"
    spark.createDataFrame(rows, "image_id string, jpeg binary").write.parquet(path)
    return spark.read.parquet(path)


def _spent(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and seconds of processor time of this process and all below it."""
    began, used = time.perf_counter(), _processor()
    work()
    return time.perf_counter() - began, _processor() - used


def _processor() -> float:
    own = psutil.Process()
    return sum(sum(one.cpu_times()[:2]) for one in (own, *own.children(recursive=True)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
