"""Exit codes: 1 with a message for an input error, 130 for an interrupt, a traceback for a program fault."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import os, signal
from coinspark.core import exits
from coinspark.core.errors import InputError
exits.handle_signals()
with exits.exit_codes():
    {body}
print("done")
"""
SWALLOWED = """try:
        os.kill(os.getpid(), signal.{name})
    except KeyboardInterrupt:
        raise {error}"""


def run(body: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", PROGRAM.format(body=body)], capture_output=True, text=True)


def test_input_error_exits_1_with_one_line() -> None:
    done = run("raise InputError('coins.csv: no column mint')")
    assert (done.returncode, done.stderr, done.stdout) == (1, "coinspark: coins.csv: no column mint\n", "")


def test_interrupt_that_surfaces_as_another_error_exits_130() -> None:
    for name, error in (
        ("SIGINT", "RuntimeError('org does not exist in the JVM')"),
        ("SIGTERM", "InputError('truncated')"),
    ):
        done = run(SWALLOWED.format(name=name, error=error))
        assert done.returncode == 130
        assert "interrupted; published tables are unchanged" in done.stderr
        assert "Traceback" not in done.stderr


def test_program_fault_keeps_its_traceback() -> None:
    done = run("raise RuntimeError('bug')")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_success_changes_nothing() -> None:
    assert run("pass").stdout == "done\n"
