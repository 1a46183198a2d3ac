"""Cold start of `coinspark sql` by DuckDB against Spark: `python -m tests.bench.bench_sql [repeats]`.

A build on a few synthetic coins is queried by new processes, alternately by each engine: a table, a view and
a build. The ratio is the median time with Spark by that with DuckDB; above 1 DuckDB is faster.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests import builds

QUERIES = (
    ("SELECT split, class, count(*) FROM splits GROUP BY 1, 2",),
    ("SELECT * FROM suspects",),
    ("SELECT * FROM class_sizes", "--build", "latest"),
)


def main(repeats: int = 3) -> None:
    """Measure each query `repeats` times by each engine."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(builds.command(folder), check=True, cwd=folder, stdout=subprocess.DEVNULL)
        times: dict[str, list[float]] = {"duckdb": [], "spark": []}
        for repeat in range(repeats):
            for query in QUERIES:
                for engine, seconds in times.items():
                    seconds.append(_seconds(folder, engine, *query))
                    print(f"{repeat + 1}: {engine}: {seconds[-1]:.2f} s: {query[0]}")
    ours, sparks = median(times["duckdb"]), median(times["spark"])
    slowest = max(times["duckdb"])
    print(
        f"sql: DuckDB {ours:.2f} s (at most {slowest:.2f} s), Spark {sparks:.2f} s, ratio {sparks / ours:.1f}"
    )


def _seconds(folder: Path, engine: str, *arguments: str) -> float:
    job = ("-m", "coinspark.cli", "sql", *arguments, "--engine", engine)
    began = time.perf_counter()
    subprocess.run(builds.command(folder, job=job), check=True, cwd=folder, capture_output=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
