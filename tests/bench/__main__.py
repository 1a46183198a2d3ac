"""Every benchmark, each in a process of its own; the last line of each is its result.

make bench
python -m tests.bench [merge feed training entities names linking features kmeans deepcluster nightly]
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
)


def main(names: tuple[str, ...]) -> int:
    """Run them, show what they print, and end with their results; 1 when one of them broke."""
    results, broken = [], 0
    for name in names:
        print(f"── {name}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", f"tests.bench.bench_{name}"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        print(done.stdout, flush=True)
        broken |= done.returncode
        results.append(
            f"{name}: broke with {done.returncode}"
            if done.returncode
            else done.stdout.strip().splitlines()[-1]
        )
    print("── results", *results, sep="\n")
    return min(broken, 1)


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:]) or NAMES))
