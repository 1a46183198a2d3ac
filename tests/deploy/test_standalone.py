"""spark-submit in local mode; the whole chain, a killed executor and duplicate tasks on a cluster."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from pyiceberg.catalog.sql import SqlCatalog

from tests import builds
from tests.deploy import merge_on_cluster

pytestmark = pytest.mark.slow

SUBMIT = Path(sys.executable).parent / "spark-submit"
SCRIPT = builds.ROOT / "deploy" / "standalone" / "cluster.sh"


def submit(
    folder: Path, job: str, *options: str, sets: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run a file of jobs/ by spark-submit with conf/test.yaml. `stdout` of the result has both streams."""
    environment = {
        **os.environ,
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_CONF_DIR": str(builds.ROOT / "conf"),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    # spark-submit starts the driver's JVM before it reads the configuration.
    spark = builds.configuration(folder).spark
    line = [
        str(SUBMIT),
        *("--driver-java-options", spark.conf["spark.driver.extraJavaOptions"]),
        *("--driver-memory", spark.driver_memory),
        *options,
        *builds.command(folder, *sets, job=(f"{builds.ROOT}/jobs/{job}.py",))[1:],
    ]
    return subprocess.run(line, capture_output=True, text=True, cwd=folder, timeout=500, env=environment)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The URL of a master with two workers, on free ports, and the file of the settings that they share."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = min(free.getsockname()[1], 60_000)
    folder = tmp_path_factory.mktemp("cluster")
    environment = {
        **os.environ,
        "COINSPARK_CLUSTER": str(folder),
        "PYTHONPATH": str(builds.ROOT),
        "MASTER_PORT": str(port),
        "COINSPARK_VENV": str(Path(sys.executable).parent.parent),
    }
    started = subprocess.run([SCRIPT, "start"], capture_output=True, text=True, env=environment, timeout=180)
    assert started.returncode == 0, started.stderr
    yield started.stdout.strip(), folder / "spark.conf"
    subprocess.run([SCRIPT, "stop"], check=True, env=environment)


def test_spark_submit_runs_one_stage_in_local_mode(tmp_path: Path) -> None:
    # tests/cli/test_jobs.py covers the other jobs
    job = submit(tmp_path, "ingest", "--master", "local[2]", sets=(builds.few_coins(tmp_path),))
    assert job.returncode == 0, job.stdout + job.stderr
    assert job.stdout.count(" s)\n") == 1, f"expected one stage (ingest), found:\n{job.stdout}"


def test_spark_submit_with_unknown_key_fails_and_names_it(tmp_path: Path) -> None:
    job = submit(tmp_path, "ingest", "--master", "local[2]", sets=("trainning.epochs=1",))
    assert job.returncode == 1
    assert "unknown key 'trainning'; did you mean 'training'?" in job.stdout
    assert "Traceback" not in job.stdout + job.stderr


def test_driver_option_that_comes_too_late_is_refused(tmp_path: Path) -> None:
    job = submit(tmp_path, "ingest", "--master", "local[2]", sets=("spark.driver_memory=5g",))
    assert job.returncode == 1
    assert "coinspark: spark.driver_memory: '5g' has no effect under spark-submit" in job.stdout + job.stderr
    assert "started the driver with '2g'; give spark-submit --driver-memory" in job.stdout + job.stderr
    assert "Traceback" not in job.stdout + job.stderr


def test_nightly_completes_on_standalone_cluster_with_two_workers(
    tmp_path: Path, cluster: tuple[str, Path]
) -> None:
    url, properties = cluster
    assert properties.stat().st_mode & 0o777 == 0o600
    settings = dict(line.split(" ", 1) for line in properties.read_text().splitlines())
    assert settings.keys() == {"spark.authenticate", "spark.authenticate.secret"}
    assert settings["spark.authenticate"] == "true"
    assert len(settings["spark.authenticate.secret"]) == 44
    folder = str(properties.parent)
    daemons = [process for process in psutil.process_iter(["cmdline"]) if folder in str(process.info)]
    assert len(daemons) == 3
    assert settings["spark.authenticate.secret"] not in str([process.info for process in daemons])
    job = submit(
        tmp_path,
        "nightly",
        "--properties-file",
        str(properties),
        "--master",
        url,
        "--conf",
        "spark.executor.memory=1g",
        sets=(
            "spark.conf={spark.hadoop.fs.s3a.secret.key: hunter2}",
            "training.launch=horovod",
            "training.workers=2",
            "training.epochs=1",
            "training.batch=16",
            "training.layers=[mint]",
        ),
    )
    assert job.returncode == 0, (job.stdout + job.stderr)[-3000:]
    assert "published build_" in job.stdout
    catalog = SqlCatalog(
        "coinspark", uri=f"sqlite:///{tmp_path}/warehouse/catalog.db", warehouse=f"{tmp_path}/warehouse"
    )
    for name in ("runs", "stages", "builds"):
        rows = catalog.load_table(f"coins.{name}").scan().to_arrow().to_pylist()
        assert rows and "hunter2" not in str(rows)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert "hunter2" not in job.stdout
    assert not [path for path in files if b"hunter2" in path.read_bytes()]
    open_to_others = [path for path in (tmp_path / "warehouse").rglob("*") if path.stat().st_mode & 0o007]
    assert not open_to_others
    report = Path(job.stdout.strip().splitlines()[-1].removeprefix("Report: "))
    assert report.stat().st_size > 10_000


@pytest.mark.fault(1, 2)
@pytest.mark.slow(seconds=60)
def test_killed_executor_and_duplicate_tasks_do_not_change_the_result(
    tmp_path: Path, cluster: tuple[str, Path]
) -> None:
    """The executors are on two hosts: Spark starts no duplicate of a task on its own host."""
    job = subprocess.run(
        [sys.executable, "-m", merge_on_cluster.__name__, *map(str, cluster), str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=500,
        env={**os.environ, "PYTHONPATH": str(builds.ROOT), "SPARK_LOCAL_IP": "127.0.0.1"},
    )
    assert job.returncode == 0, job.stderr[-3000:]
    results = json.loads(job.stdout.splitlines()[-1])
    undisturbed, coins = results["undisturbed"], merge_on_cluster.COINS
    assert undisturbed["keys"] == coins
    for name in ("killed", "duplicated", "published"):
        assert results[name]["disturbed"], name
        assert set(results[name]["finished"]) - {results[name]["disturbed"]}, "another attempt has finished"
        assert results[name]["keys"] == coins, name
    assert results["killed"]["disturbed"] not in results["killed"]["finished"]
    assert results["killed"]["hashes"] == results["duplicated"]["hashes"] == undisturbed["hashes"]
    assert results["published"]["rows"] == coins
