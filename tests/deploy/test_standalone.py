"""spark-submit: a job alone, locally; the whole chain against a standalone master with two workers from the venv."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import builds

pytestmark = pytest.mark.slow

SUBMIT = Path(sys.executable).parent / "spark-submit"
SCRIPT = builds.ROOT / "deploy" / "standalone" / "cluster.sh"


def submit(
    place: Path, job: str, *options: str, sets: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """spark-submit a file of jobs/ with the tests' configuration; it gives both streams of ours on standard output."""
    environment = {
        **os.environ,
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_CONF_DIR": str(builds.ROOT / "conf"),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    quick = builds.configuration(place).spark.conf[
        "spark.driver.extraJavaOptions"
    ]  # of a driver that is already up
    line = [
        str(SUBMIT),
        "--driver-java-options",
        quick,
        *options,
        *builds.command(place, *sets, job=(f"{builds.ROOT}/jobs/{job}.py",))[1:],
    ]
    return subprocess.run(line, capture_output=True, text=True, cwd=place, timeout=500, env=environment)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """The address of a master with two workers, on ports that are free now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = min(free.getsockname()[1], 60_000)
    environment = {
        **os.environ,
        "COINSPARK_CLUSTER": str(tmp_path / "cluster"),
        "MASTER_PORT": str(port),
        "COINSPARK_VENV": str(Path(sys.executable).parent.parent),
    }
    started = subprocess.run([SCRIPT, "start"], capture_output=True, text=True, env=environment, timeout=180)
    assert started.returncode == 0, started.stderr
    yield started.stdout.strip()
    subprocess.run([SCRIPT, "stop"], check=True, env=environment)


def test_a_job_alone_locally(tmp_path: Path) -> None:
    done = submit(
        tmp_path, "ingest", "--master", "local[2]"
    )  # of the others test_jobs.py asks what they start
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" s)\n") == 1, f"ingest is one stage, and ran:\n{done.stdout}"


def test_a_wrong_key_ends_the_job_with_its_name(tmp_path: Path) -> None:
    done = submit(tmp_path, "ingest", "--master", "local[2]", sets=("trainning.epochs=1",))
    assert done.returncode == 1
    assert "unknown key 'trainning'; did you mean 'training'?" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_the_whole_night_on_a_cluster_of_two_workers(tmp_path: Path, cluster: str) -> None:
    done = submit(
        tmp_path,
        "nightly",
        "--master",
        cluster,
        "--conf",
        "spark.executor.memory=1g",
        sets=("training.launch=horovod", "training.workers=2", "training.epochs=1", "training.layers=[mint]"),
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert "published night_" in done.stdout
    report = Path(done.stdout.strip().splitlines()[-1].removeprefix("The report: "))
    assert report.stat().st_size > 10_000
