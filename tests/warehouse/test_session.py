"""Start of a session: it is announced, and what the JVM prints goes to standard error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from coinspark.config import load
from coinspark.warehouse import session

_PROGRAM = """
from coinspark.config import load
from coinspark.warehouse.session import start
spark = start(load([], ["warehouse={folder}"]))
spark._jvm.java.lang.System.out.println("from Java")
print("from Python")
"""


class _Builder:
    """Stands for Spark's builder of sessions; its session never starts."""

    def __getattr__(self, name: str) -> Any:
        return lambda *values: self

    def getOrCreate(self) -> Any:
        raise TimeoutError


def test_start_is_announced_before_spark_takes_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spark = SimpleNamespace(builder=_Builder(), getActiveSession=lambda: None)
    monkeypatch.setattr(session, "SparkSession", spark)
    with pytest.raises(TimeoutError):
        session.start(load([], [f"warehouse={tmp_path}"]))
    assert capsys.readouterr().err == "starting Spark\n"


@pytest.mark.slow
def test_jvm_output_goes_to_standard_error(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(folder=tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "from Python\n"
    assert "from Java\n" in done.stderr
