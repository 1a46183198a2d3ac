"""How a command ends: one message and 1, or 130 at once, whatever the interruption became on its way."""

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
print("went on")
"""
SWALLOWED = """try:
        os.kill(os.getpid(), signal.{name})
    except KeyboardInterrupt:
        raise {error}"""


def run(body: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", PROGRAM.format(body=body)], capture_output=True, text=True)


def test_a_fault_of_the_input_is_one_line() -> None:
    done = run("raise InputError('coins.csv: no column mint')")
    assert (done.returncode, done.stderr, done.stdout) == (1, "coinspark: coins.csv: no column mint\n", "")


def test_an_interruption_that_became_another_error_is_still_one() -> None:
    for name, error in (
        ("SIGINT", "RuntimeError('org does not exist in the JVM')"),
        ("SIGTERM", "InputError('half read')"),
    ):
        done = run(SWALLOWED.format(name=name, error=error))
        assert done.returncode == 130
        assert "interrupted; what was published stands" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_fault_of_the_program_keeps_its_traceback() -> None:
    done = run("raise RuntimeError('ours')")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_nothing_happens_to_what_goes_well() -> None:
    assert run("pass").stdout == "went on\n"
