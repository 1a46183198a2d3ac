"""deploy/prometheus: the script writes a whole file, and the rules use metrics that exist."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import yaml

from coinspark.cli import status_formats
from tests import builds
from tests.cli.test_status import STATUS

FOLDER = builds.ROOT / "deploy" / "prometheus"


def write_metrics(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [FOLDER / "write-metrics.sh", folder, *arguments],
        env={**os.environ, "COINSPARK_VENV": str(builds.ROOT / ".venv"), "PYTHONPATH": str(builds.ROOT)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_metrics_are_written_even_if_the_status_is_an_alarm(tmp_path: Path) -> None:
    done = write_metrics(tmp_path, "--max-age", "26h", "--set", f"warehouse={tmp_path}/none")
    assert done.returncode == 0, done.stderr
    assert "no tables; run `coinspark nightly`" in done.stderr
    (file,) = tmp_path.iterdir()
    assert file.name == "coinspark.prom"
    assert file.stat().st_mode & 0o777 == 0o644
    assert 'coinspark_ok{name="coinspark"} 0.0\n' in file.read_text(encoding="utf-8")


def test_file_stays_if_there_are_no_metrics(tmp_path: Path) -> None:
    (tmp_path / "coinspark.prom").write_text("before")
    assert write_metrics(tmp_path, "--max-age", "soon").returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["coinspark.prom"]
    assert (tmp_path / "coinspark.prom").read_text() == "before"


def test_rules_use_metrics_that_exist() -> None:
    (group,) = yaml.safe_load((FOLDER / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    used = set(re.findall(r"coinspark_(\w+)", " ".join(rule["expr"] for rule in group["rules"])))
    existing = set(re.findall(r"TYPE coinspark_(\w+)", status_formats.as_metrics(STATUS, "mine", [])))
    assert used and used <= existing
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"coinspark_(\w+)`", page)) == existing
