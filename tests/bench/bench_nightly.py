"""A build with nothing new against the build before it, apart from Spark's start.

    python -m tests.bench.bench_nightly [runs]

The first build is conf/demo.yaml's with 6 epochs, in a folder of its own; wanted is at most 0.03 of its time.
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
    """Print the first build's time and that of each build after it; the median share."""
    with tempfile.TemporaryDirectory() as place:
        coins = (
            f"{{kind: synthetic, name: synthetic, root: '{place}/coins', coins: 480, mints: 6, photo: 160}}"
        )
        config = load(
            [ROOT / "conf" / "demo.yaml"],
            [
                f"sources=[{coins}]",
                f"entities.lists='{place}/coins/lists'",
                f"warehouse={place}/warehouse",
                "training.epochs=6",
            ],
        )
        spark = start(config)
        spark.range(1).count()
        first = _time(config)
        shares = []
        for _ in range(runs):
            again = _time(config)
            shares.append(again / first)
            print(f"first build {first:6.1f} s   nothing new {again:6.2f} s   share {again / first:6.4f}")
        spark.stop()
    print(
        f"nightly: nothing new takes {statistics.median(shares):.4f} of a build "
        f"({min(shares):.4f} to {max(shares):.4f}, {runs} runs; wanted at most 0.03)"
    )
    return statistics.median(shares)


def _time(config: Config) -> float:
    began = time.perf_counter()
    nightly.run_build(config)
    return time.perf_counter() - began


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
