"""Run benchmarks, each in its own process. The last line that a benchmark prints is its result.

make bench
python -m tests.bench [merge feed training entities names linking features kmeans deepcluster nightly
    intervals sql capacity]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

NAMES = (
    "merge",
    "feed",
    "training",
    "entities",
    "names",
    "linking",
    "features",
    "kmeans",
    "deepcluster",
    "nightly",
    "intervals",
    "sql",
    "capacity",
)


def main(names: tuple[str, ...]) -> int:
    """Run the benchmarks, print their output, then all results. Returns 1 if one of them failed, else 0."""
    results, failed = [], False
    for name in names:
        print(f"── {name}", flush=True)
        process = subprocess.run(
            [sys.executable, "-m", f"tests.bench.bench_{name}"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        print(process.stdout, flush=True)
        if process.returncode:
            failed = True
            results.append(f"{name}: failed with exit code {process.returncode}")
        else:
            results.append(process.stdout.strip().splitlines()[-1])
    print("── results", *results, sep="\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:]) or NAMES))
