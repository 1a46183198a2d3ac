"""The session: what its JVM prints stays out of standard output, where a table may be read by a program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_TALK = """
from coinspark.config import load
from coinspark.warehouse.session import start
spark = start(load([], ["warehouse={place}"]))
spark._jvm.java.lang.System.out.println("Java's line")
print("our line")
"""


@pytest.mark.slow
def test_java_prints_to_standard_error(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _TALK.format(place=tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "our line\n"
    assert "Java's line\n" in done.stderr
