"""Tests of a copy of the project, without and with a fault in its code."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.builds import ROOT
from tests.mutations.mutation import Mutation

_NOT_COPIED = (".git", ".venv", "build", "__pycache__", ".*_cache")
_TIMEOUT = 300  # seconds; a fault may cause an endless loop
_FAILED = re.compile(r"^(?:FAILED|ERROR) tests/(\S+?)(?:\[| - |$)", re.MULTILINE)


@dataclass(frozen=True)
class Result:
    """The tests of one mutation.

    Attributes:
        test: The first test that failed; None if none did.
        error: Why the result is not valid; empty if it is.
    """

    mutation: Mutation
    test: str | None
    seconds: float
    error: str = ""

    @property
    def killed(self) -> bool:
        """Whether a test failed because of the fault."""
        return self.test is not None and not self.error


def copy_project(folder: Path) -> Path:
    """Copy the project to `folder`; returns `folder`. The working tree is never changed."""
    return Path(shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*_NOT_COPIED)))


def check(mutation: Mutation, project: Path) -> Result:
    """Run the tests of a mutation in a copy of the project, and undo the mutation."""
    file, began = project / "coinspark" / mutation.file, time.monotonic()
    original = file.read_text(encoding="utf-8")
    try:
        file.write_text(mutation.apply(original), encoding="utf-8")
        code, output = run_tests(mutation.tests, project)
    except subprocess.TimeoutExpired:
        code, output = 1, f"FAILED tests/no end after {_TIMEOUT} s"
    except ValueError as error:
        return Result(mutation, None, 0, str(error))
    finally:
        file.write_text(original, encoding="utf-8")
    failed = _FAILED.search(output)
    test = failed[1] if failed and code == 1 else None
    error = "" if code == 0 or test else f"pytest ended with code {code}: {output[-2000:]}"
    return Result(mutation, test, time.monotonic() - began, error)


def run_tests(tests: Iterable[str], project: Path) -> tuple[int, str]:
    """Exit code and output of pytest up to the first failure.

    Bytecode is not written: it would be taken for that of a fault of the same length in the same second.
    """
    environment = {"PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    options = ["-c", "tests/pytest.ini", "--rootdir", ".", "-x", "-rfE", "--tb=short", "--timeout=200"]
    process = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *(f"tests/{test}" for test in tests)],
        cwd=project,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_TIMEOUT,
    )
    return process.returncode, process.stdout
