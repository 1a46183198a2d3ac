"""Training throughput: two Horovod workers against one process with the same cores and the same global batch.

    python -m tests.bench.bench_training [runs]

The target is a ratio of 0.85. It is measured at the recipe's batch and at twice that batch; the cost of
communication is the same for both. The first epoch of each run, in which TensorFlow traces its graphs, is
not counted.
"""

from __future__ import annotations

import re
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from pyspark.sql import SparkSession

from coinspark.config import load
from coinspark.training import launch
from coinspark.training.shards import ShardSet
from coinspark.vision.network import resolve_precision
from coinspark.warehouse.session import start
from tests.training_jobs import training_job
from tests.training_shards import striped_image, write_shards

IMAGES = 192
BATCHES = (32, 16)
"""The batch of the recipe is the last one; its ratio is the result."""


def main(runs: int = 3) -> float:
    """Print images/s and their ratio for each batch; returns the median ratio of the last batch."""
    with tempfile.TemporaryDirectory() as folder:
        spark = start(load([], [f"warehouse={folder}/warehouse", "spark.master='local[2]'"]))
        images = [striped_image(n, 64, 128) for n in range(48)]
        sizes = {"train": (IMAGES // 2, IMAGES // 2)}
        shards = write_shards(Path(folder) / "shards", sizes, image=lambda n: images[n % 48])
        for batch in BATCHES:
            ratios = [_ratio(Path(folder) / f"{batch}_{run}", shards, spark, batch) for run in range(runs)]
            print(
                f"two Horovod workers, batch {batch}: ratio {statistics.median(ratios):.2f} "
                f"({min(ratios):.2f} to {max(ratios):.2f}, {runs} runs; target 0.85)",
                flush=True,
            )
        spark.stop()
    return statistics.median(ratios)


def _ratio(folder: Path, shards: ShardSet, spark: SparkSession, batch: int) -> float:
    single = _rate(folder / "local", shards, spark, "local", batch)
    two = _rate(folder / "horovod", shards, spark, "horovod", batch)
    print(
        f"batch {batch}: two workers {two:5.1f} images/s   one process {single:5.1f} images/s   "
        f"ratio {two / single:.2f}",
        flush=True,
    )
    return two / single


def _rate(folder: Path, shards: ShardSet, spark: SparkSession, launcher: str, batch: int) -> float:
    """Images per second in the faster of the two epochs after the first."""
    lines: list[str] = []
    settings = {"model": "vgg16", "launch": launcher, "epochs": 3, "batch": batch, "patience": 3}
    job = training_job(folder, shards, **settings)
    job = replace(job, height=64, width=128, precision=resolve_precision("auto"))
    launch.run(job, spark, lines.append)
    seconds = [float(re.sub(r".*  ([\d.]+) s$", r"\1", line)) for line in lines]
    return IMAGES / min(seconds[1:])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
