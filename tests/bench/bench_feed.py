"""Throughput of the training feed from shards on disk, against tf.data on the same JPEGs in memory.

    python -m tests.bench.bench_feed [runs]

Rows per second with decoding and preprocessing. The target is a ratio of 0.8, with Petastorm and with
pyarrow. The page cache is warm for both, as it is from the second epoch on.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import tensorflow as tf

from coinspark.training import feed
from coinspark.training.feed import EpochSpec
from coinspark.training.shards import worker_shards
from coinspark.vision import preprocess
from coinspark.vision.network import ImageSpec
from tests.training_shards import striped_image, write_shards

ROWS, BATCH, IMAGE = 4_096, 16, ImageSpec(64, 128)


def main(runs: int = 3) -> float:
    """Print rows/s and ratios of both feeds; returns the lower median ratio."""
    tf.config.threading.set_inter_op_parallelism_threads(2)
    with tempfile.TemporaryDirectory() as folder:
        images = [striped_image(n, 64, 128) for n in range(64)]
        shards = write_shards(Path(folder), {"train": (ROWS // 4,) * 4}, image=lambda n: images[n % 64])
        source = worker_shards(shards, "train", 0, 1)
        memory = _in_memory([images[n % 64] for n in range(ROWS)], [n % 3 for n in range(ROWS)])
        ratios: dict[feed.Kind, list[float]] = {"petastorm": [], "tfdata": []}
        for run in range(runs + 1):
            memory_rate = _rate(memory)
            for kind, values in ratios.items():
                spec = EpochSpec(1, run, 0, ROWS // BATCH, None)
                rate = _rate(feed.batches(kind, source, IMAGE, spec))
                if run:  # the first run is a warm-up
                    values.append(rate / memory_rate)
                    print(
                        f"{kind:9} {rate:7,.0f} rows/s   tf.data in memory {memory_rate:7,.0f} rows/s   "
                        f"ratio {rate / memory_rate:.2f}"
                    )
    for kind, values in ratios.items():
        print(
            f"feed, {kind}: ratio {statistics.median(values):.2f} "
            f"({min(values):.2f} to {max(values):.2f}, {runs} runs; target 0.80)"
        )
    return min(statistics.median(values) for values in ratios.values())


def _in_memory(jpegs: list[bytes], labels: list[int]) -> tf.data.Dataset:
    """A tf.data pipeline on arrays, with the decoding, preprocessing and parallelism of the feed."""
    dataset = tf.data.Dataset.from_tensor_slices((jpegs, labels))
    dataset = dataset.map(
        lambda jpeg, label: (preprocess.decode(jpeg, IMAGE), label), num_parallel_calls=2
    ).batch(BATCH)
    dataset = dataset.map(
        lambda images, batch_labels: (preprocess.prepare(images, IMAGE), batch_labels), num_parallel_calls=2
    )
    return dataset.prefetch(4).with_options(feed.dataset_options())


def _rate(dataset: tf.data.Dataset) -> float:
    began, rows = time.perf_counter(), 0
    for _, labels, *_ in dataset:
        rows += len(labels)
    if rows != ROWS:
        raise RuntimeError(f"expected {ROWS} rows, read {rows}")
    return rows / (time.perf_counter() - began)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
