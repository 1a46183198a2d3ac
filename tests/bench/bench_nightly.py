"""Time of a build without changes, as a share of the complete build before it. Spark's start is excluded.

    python -m tests.bench.bench_nightly [runs]

The complete build is that of conf/demo.yaml with 6 epochs, in a temporary folder. Target: at most 0.03.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from coinspark import nightly
from coinspark.config import Config, load
from coinspark.warehouse.session import start

ROOT = Path(__file__).parents[2]


def main(runs: int = 3) -> float:
    """Print the time of the complete build and of each build without changes. Returns the median share."""
    with tempfile.TemporaryDirectory() as folder:
        config = _configuration(folder)
        spark = start(config)
        spark.range(1).count()
        complete = _seconds(config)
        shares = []
        for _ in range(runs):
            unchanged = _seconds(config)
            shares.append(unchanged / complete)
            print(f"complete build {complete:.1f} s   unchanged {unchanged:.2f} s   share {shares[-1]:.4f}")
        spark.stop()
    print(
        f"nightly: a build without changes takes {statistics.median(shares):.4f} of a complete build "
        f"({min(shares):.4f} to {max(shares):.4f}, {runs} runs; target at most 0.03)"
    )
    return statistics.median(shares)


def _configuration(folder: str) -> Config:
    source = f"{{kind: synthetic, name: synthetic, root: '{folder}/coins', coins: 480, mints: 6, photo: 160}}"
    overrides = [
        f"sources=[{source}]",
        f"entities.lists='{folder}/coins/lists'",
        f"warehouse={folder}/warehouse",
        "training.epochs=6",
    ]
    return load([ROOT / "conf" / "demo.yaml"], overrides)


def _seconds(config: Config) -> float:
    began = time.perf_counter()
    nightly.run_build(config)
    return time.perf_counter() - began


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
