"""The training feed from shards on disk against tf.data on the same bytes in memory, rows/s with decoding and preparation.

    python -m tests.bench.bench_feed [runs]

Wanted is a ratio of 0.8, with Petastorm and with pyarrow. The page cache is warm for both, as it is from the second epoch on.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import tensorflow as tf

from coinspark.training import feed, shards
from coinspark.training.feed import Epoch
from coinspark.vision import preprocess
from coinspark.vision.network import Picture
from tests.training_shards import shade, write

ROWS, BATCH, PICTURE = 4_096, 16, Picture(64, 128)


def main(runs: int = 3) -> float:
    """Print rows/s of each way and the ratios to memory with their spread; the least median ratio."""
    tf.config.threading.set_inter_op_parallelism_threads(2)
    with tempfile.TemporaryDirectory() as place:
        pictures = [shade(n, 64, 128) for n in range(64)]
        held = write(Path(place), {"train": (ROWS // 4,) * 4}, picture=lambda n: pictures[n % 64])
        share = shards.share(held, "train", 0, 1)
        steps = ROWS // BATCH
        memory = _in_memory([pictures[n % 64] for n in range(ROWS)], [n % 3 for n in range(ROWS)])
        ratios: dict[feed.Kind, list[float]] = {"petastorm": [], "tfdata": []}
        for run in range(runs + 1):
            bare = _rate(memory)
            for kind, found in ratios.items():
                rate = _rate(feed.batches(kind, share, PICTURE, Epoch(1, run, 0, steps, None)))
                if run:  # the first round warms up
                    found.append(rate / bare)
                    print(
                        f"{kind:9} {rate:7,.0f} rows/s   tf.data in memory {bare:7,.0f} rows/s   ratio {rate / bare:.2f}"
                    )
    for kind, found in ratios.items():
        print(
            f"feed, {kind}: ratio {statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f}, {runs} runs; "
            "wanted 0.80)"
        )
    return min(statistics.median(found) for found in ratios.values())


def _in_memory(jpegs: list[bytes], labels: list[int]) -> tf.data.Dataset:
    """What a tf.data user would write for bytes in memory: the same decoding and preparation, as parallel as the feed's."""
    dataset = tf.data.Dataset.from_tensor_slices((jpegs, labels))
    dataset = dataset.map(
        lambda jpeg, label: (preprocess.decode(jpeg, PICTURE), label), num_parallel_calls=2
    ).batch(BATCH)
    dataset = dataset.map(
        lambda images, found: (preprocess.prepare(images, PICTURE), found), num_parallel_calls=2
    )
    return dataset.prefetch(4).with_options(feed.plain_options())


def _rate(dataset: tf.data.Dataset) -> float:
    began, rows = time.perf_counter(), 0
    for _, labels, *_ in dataset:
        rows += len(labels)
    if rows != ROWS:
        raise RuntimeError(f"{rows} of {ROWS} rows came")
    return rows / (time.perf_counter() - began)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
