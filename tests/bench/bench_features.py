"""The stage features against the same Keras model on arrays in memory, images/s on the same cores.

    python -m tests.bench.bench_features [runs]

Spark reads the images from Parquet, decodes and preprocesses them; its Python workers are warm. The model in
memory gets arrays that are already decoded and preprocessed, by `predict` in batches, in one process with all
cores. Target: a ratio of 0.9. The ratio of processor time, including Java and all workers, is shown as well:
on a busy machine, a process with many threads gets more of the cores than two workers with one thread each,
and only this ratio shows the cost of Spark.
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

IMAGES, DISTINCT, IMAGE = 2_048, 64, ImageSpec(64, 128)


def main(runs: int = 3, images: int = IMAGES) -> float:
    """Print images/s, processor time and their ratios with ranges; the median ratio of images/s."""
    cores = len(os.sched_getaffinity(0))
    jpegs = [striped_image(n, IMAGE.height, IMAGE.width) for n in range(DISTINCT)]
    with tempfile.TemporaryDirectory() as folder:
        config = load([], [f"warehouse={folder}", f"spark.master='local[{cores}]'"])
        batch, policy = config.features.batch, resolve_precision(config.features.precision)
        tf.keras.mixed_precision.set_global_policy(policy)
        backbone = BACKBONES["vgg16"]
        model = backbone.network(IMAGE.height, IMAGE.width, True, 1)
        digest = weights.save(weight_arrays(model), Path(folder) / "weights.npz")
        network = Network(f"{folder}/weights.npz", digest, IMAGE, backbone.name, precision=policy)
        prepared = preprocess.prepare(
            np.stack([preprocess.decode(jpeg, IMAGE) for jpeg in jpegs]), IMAGE
        ).numpy()
        arrays, frame = prepared[np.arange(images) % DISTINCT], _write_images(config, jpegs, images)

        def run_stage() -> None:
            partitioned = frame.repartition(chunks.count_partitions(frame.sparkSession, images, per_core=1))
            features.extract(partitioned, network, batch).write.format("noop").mode("overwrite").save()

        ratios = _compare(images, runs, run_stage, lambda: model.predict(arrays, batch_size=batch, verbose=0))
        frame.sparkSession.stop()
    speed, cost = (
        f"{statistics.median(of):.2f} ({min(of):.2f} to {max(of):.2f})" for of in zip(*ratios, strict=True)
    )
    print(
        f"features, {images:,} images of {IMAGE.height} × {IMAGE.width}, {policy}, {cores} cores, {runs} "
        "runs: ratio "
        f"{speed}, target 0.90; ratio of processor time {cost}"
    )
    return statistics.median(ratio for ratio, _ in ratios)


def _compare(
    images: int, runs: int, run_stage: Callable[[], object], run_in_memory: Callable[[], object]
) -> list[tuple[float, float]]:
    """Ratios (stage to memory) of images/s and of processor time, after a run that loads the models."""
    ratios = []
    for run in range(runs + 1):
        (stage_time, stage_cpu), (memory_time, memory_cpu) = _measure(run_stage), _measure(run_in_memory)
        if run:
            ratios.append((memory_time / stage_time, memory_cpu / stage_cpu))
            print(
                f"stage {images / stage_time:6,.1f} images/s, {1e3 * stage_cpu / images:5.1f} ms of a core "
                "per image   "
                f"Keras in memory {images / memory_time:6,.1f} images/s, {1e3 * memory_cpu / images:5.1f} "
                "ms   "
                f"ratio {ratios[-1][0]:.2f}, of processor time {ratios[-1][1]:.2f}",
                flush=True,
            )
    return ratios


def _write_images(config: Config, jpegs: list[bytes], images: int) -> DataFrame:
    """image_id, jpeg, as in the table."""
    spark = session.start(config)
    rows = [(f"i{n:05d}", bytearray(jpegs[n % DISTINCT])) for n in range(images)]
    path = f"{config.warehouse}/images"
    spark.createDataFrame(rows, "image_id string, jpeg binary").write.parquet(path)
    return spark.read.parquet(path)


def _measure(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and seconds of processor time of this process and its descendants."""
    began, processor = time.perf_counter(), _processor_seconds()
    work()
    return time.perf_counter() - began, _processor_seconds() - processor


def _processor_seconds() -> float:
    main_process = psutil.Process()
    return sum(
        sum(process.cpu_times()[:2]) for process in (main_process, *main_process.children(recursive=True))
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
