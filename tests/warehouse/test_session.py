"""What the JVM prints goes to standard error; standard output is for results."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
from coinspark.config import load
from coinspark.warehouse.session import start
spark = start(load([], ["warehouse={folder}"]))
spark._jvm.java.lang.System.out.println("from Java")
print("from Python")
"""


@pytest.mark.slow
def test_jvm_output_goes_to_standard_error(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(folder=tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "from Python\n"
    assert "from Java\n" in done.stderr
