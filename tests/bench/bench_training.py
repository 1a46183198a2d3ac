"""Two Horovod workers against one process with the same cores and the same global batch: seconds an epoch, start-up apart.

    python -m tests.bench.bench_training [runs]

Wanted is a ratio of 0.85, measured at the recipe's batch and at twice it: what the workers tell each other is the same for
both. The first epoch of each run, in which TensorFlow builds its graphs, does not count.
"""

from __future__ import annotations

import re
import statistics
import sys
import tempfile
from pathlib import Path

from pyspark.sql import SparkSession

from coinspark.config import load
from coinspark.training import launch
from coinspark.training.shards import Shards
from coinspark.vision import network
from coinspark.warehouse.session import start
from tests.training_jobs import job
from tests.training_shards import shade, write

ROWS, BATCHES = 192, (32, 16)  # the recipe's batch last: its line is the result


def main(runs: int = 3) -> float:
    """Print images/s of both ways and their ratio with its spread, for each batch; the last median ratio."""
    with tempfile.TemporaryDirectory() as place:
        spark = start(load([], [f"warehouse={place}/warehouse", "spark.master='local[2]'"]))
        pictures = [shade(n, 64, 128) for n in range(48)]
        held = write(
            Path(place) / "shards", {"train": (ROWS // 2, ROWS // 2)}, picture=lambda n: pictures[n % 48]
        )
        for batch in BATCHES:
            ratios = []
            for run in range(runs):
                one = _rate(Path(place) / f"one{batch}_{run}", held, spark, "local", batch)
                two = _rate(Path(place) / f"two{batch}_{run}", held, spark, "horovod", batch)
                ratios.append(two / one)
                print(
                    f"batch {batch}: two workers {two:5.1f} images/s   one process {one:5.1f} images/s   "
                    f"ratio {two / one:.2f}",
                    flush=True,
                )
            print(
                f"two Horovod workers, batch {batch}: ratio {statistics.median(ratios):.2f} "
                f"({min(ratios):.2f} to {max(ratios):.2f}, {runs} runs; wanted 0.85)",
                flush=True,
            )
        spark.stop()
    return statistics.median(ratios)


def _rate(folder: Path, held: Shards, spark: SparkSession, how: str, batch: int) -> float:
    """Images a second in the faster of the two epochs after the first."""
    said: list[str] = []
    told = job(folder, held, launch=how, workers=2, epochs=3, batch=batch, patience=3)
    told = told.__class__(
        **{**told.__dict__, "height": 64, "width": 128, "precision": network.precision("auto")}
    )
    launch.run(told, spark, said.append)
    seconds = [float(re.sub(r".*  ([\d.]+) s$", r"\1", line)) for line in said]
    return ROWS / min(seconds[1:])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
