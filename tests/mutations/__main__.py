"""Run the mutation checks: each fault must make one of its tests fail.

    make mutations
    python -m tests.mutations                  # the same
    python -m tests.mutations clustering/pca   # the mutations of some modules only

Prints a row of the table in README.md per mutation. Exit code 1 if a fault is not noticed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutations import MUTATIONS
from tests.mutations.mutation import Mutation
from tests.mutations.run import Result, check, copy_project, run_tests

_WORKERS = 2


def main(modules: tuple[str, ...]) -> int:
    """Check the mutations of these modules (`training/shards`), or all. Returns the exit code."""
    began = time.monotonic()
    mutations = [each for each in MUTATIONS if not modules or each.file.removesuffix(".py") in modules]
    with tempfile.TemporaryDirectory(prefix="coinspark-mutations-") as folder:
        projects = SimpleQueue[Path]()
        for number in range(_WORKERS):
            projects.put(copy_project(Path(folder) / str(number)))

        def check_in_a_copy(mutation: Mutation) -> Result:
            project = projects.get()
            try:
                return check(mutation, project)
            finally:
                projects.put(project)

        if not _pass_without_faults(mutations, projects):
            return 1
        print("| fault | module | test that fails |", "|---|---|---|", sep="\n", flush=True)
        with ThreadPoolExecutor(_WORKERS) as pool:
            results = [_show(result) for result in pool.map(check_in_a_copy, mutations)]
    killed = sum(result.killed for result in results)
    print(f"\n{killed} of {len(results)} faults noticed ({time.monotonic() - began:.0f} s)")
    return int(killed < len(results))


def _pass_without_faults(mutations: list[Mutation], projects: SimpleQueue[Path]) -> bool:
    """Whether all tests of the mutations pass without a fault; otherwise print their output."""
    project = projects.get()
    code, output = run_tests(dict.fromkeys(test for each in mutations for test in each.tests), project)
    projects.put(project)
    if code:
        print(output, "The tests fail without any fault.", sep="\n")
    return code == 0


def _show(result: Result) -> Result:
    """Print the row of a mutation; seconds and errors on standard error."""
    test = f"`{result.test}`" if result.killed else "**none**"
    print(f"| {result.mutation.fault} | `{result.mutation.file}` | {test} |", flush=True)
    print(f"{result.seconds:.0f} s {result.error}", file=sys.stderr, flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:])))
