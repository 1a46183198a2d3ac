"""Start of a session: announcement, attempts of tasks, secrets, sockets, standard error."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from coinspark.config import Config, load
from coinspark.warehouse import session, tables

_PROGRAM = """
import json, os, sys
from pathlib import Path
import psutil
from coinspark.config import load
from coinspark.core.atomic_files import exclude_other_users
from coinspark.warehouse.session import start

exclude_other_users()
spark = start(load([sys.argv[1]]))
spark._jvm.java.lang.System.out.println("from Java")
spark.sql("CREATE NAMESPACE coinspark.a")
rows = spark.range(10).mapInPandas(lambda batches: batches, "id long")  # Python workers run
rows.writeTo("coinspark.a.numbers").create()
processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
processes = [process for process in processes if process.status() != "zombie"]
result = {
    "master": spark.sparkContext.master,
    "secret": spark.conf.get("spark.hadoop.fs.s3a.secret.key"),
    "command_lines": [process.cmdline() for process in processes],
    "listening": sorted({
        socket.laddr.ip.removeprefix("::ffff:")
        for process in processes for socket in process.net_connections() if socket.status == "LISTEN"
    }),
}
print(json.dumps(result))
"""


def test_start_is_announced_before_spark_takes_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def time_out(config: Any) -> SparkSession:
        raise TimeoutError

    monkeypatch.setattr(session, "_create_session", time_out)
    monkeypatch.setattr(SparkSession, "getActiveSession", lambda: None)
    with pytest.raises(TimeoutError):
        session.start(load([], [f"warehouse={tmp_path}"]))
    assert capsys.readouterr().err == "starting Spark\n"


@pytest.mark.parametrize(
    ("master", "expected"),
    [
        ("local", "local[1, 4]"),
        ("local[2]", "local[2, 4]"),
        ("local[*]", "local[*, 4]"),
        ("local[3, 7]", "local[3, 7]"),
        ("spark://host:7077", "spark://host:7077"),
    ],
)
def test_local_masters_try_a_task_four_times(master: str, expected: str) -> None:
    assert session.with_attempts(master) == expected


def test_killed_python_worker_does_not_fail_the_job(spark: SparkSession, tmp_path: Path) -> None:
    """In the session that coinspark itself starts: no setting of the tests adds attempts."""
    sigkill, folder = signal.SIGKILL, str(tmp_path)

    def die_three_times(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            if 7 in batch["id"].values and (deaths := len(list(Path(folder).iterdir()))) < 3:
                Path(folder, str(deaths)).touch()
                os.kill(os.getpid(), sigkill)
            yield batch

    rows = spark.range(0, 10, 1, 2).mapInPandas(die_three_times, "id long").collect()
    assert sorted(row["id"] for row in rows) == list(range(10))
    assert len(list(tmp_path.iterdir())) == 3
    assert spark.sparkContext.master == "local[2, 4]"


def test_classes_of_the_jvm_are_not_looked_up_at_each_use(
    spark: SparkSession, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look-up searches all jars several times, and a build has thousands of columns."""
    tables.create(spark, config)
    client: Any = spark.sparkContext._gateway._gateway_client  # type: ignore[union-attr]
    send, commands = client.send_command, list[str]()

    def record(command: str, *more: Any, **options: Any) -> Any:
        commands.append(command)
        return send(command, *more, **options)

    monkeypatch.setattr(client, "send_command", record)
    tables.snapshot(spark, config, "coins")
    spark.range(1).select(F.col("id") + 1, F.xxhash64("id")).collect()
    assert len(commands) > 10
    look_up = "r\nu\n"  # py4j: reflection, unknown member of the JVM or of a package
    assert not [command for command in commands if command.startswith(look_up)]


def test_python_workers_have_the_environment_of_the_session(spark: SparkSession) -> None:
    def environment(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        yield pd.DataFrame({"name": [*os.environ], "value": [*os.environ.values()]})

    rows = spark.range(0, 1, 1, 1).mapInPandas(environment, "name string, value string").collect()
    assert dict(map(tuple, rows)).items() >= session.QUIET.items()


@pytest.mark.slow
def test_default_session_has_attempts_and_shows_no_secret_or_socket_to_others(tmp_path: Path) -> None:
    """And what the JVM prints goes to standard error."""
    settings = {
        "warehouse": f"{tmp_path}/warehouse",
        "catalog": {
            "properties": {
                "type": "jdbc",
                "uri": f"jdbc:sqlite:{tmp_path}/catalog.db",
                "jdbc.schema-version": "V1",
                "jdbc.password": "hunter1",
            }
        },
        "spark": {"conf": {"spark.hadoop.fs.s3a.secret.key": "hunter2", "spark.executorEnv.PIN": "hunter3"}},
    }
    file = tmp_path / "mine.yaml"
    file.write_text(json.dumps(settings))
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, file], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "from Java\n" in done.stderr
    result = json.loads(done.stdout)
    assert (result["master"], result["secret"]) == ("local[*, 4]", "hunter2")
    assert len(result["command_lines"]) >= 3
    assert "hunter" not in str(result["command_lines"])
    assert set(result["listening"]) <= {"127.0.0.1", "::1"}
    written = [tmp_path / "catalog.db", *(tmp_path / "warehouse").rglob("*")]
    assert len(written) > 5
    assert not [path for path in written if path.stat().st_mode & 0o007]
