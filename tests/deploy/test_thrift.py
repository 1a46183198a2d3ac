"""The Thrift server: beeline and a Python client read tables and views; nothing else is allowed."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.core.errors import ConfigError
from coinspark.warehouse import schemas, tables, thrift_server
from coinspark.warehouse.local_frame import local_frame
from tests import builds

SCRIPT = builds.ROOT / "deploy" / "thrift" / "server.sh"
BEELINE = Path(sys.executable).parent / "beeline"
CLIENT = Path(os.environ.get("COINSPARK_THRIFT_CLIENT", builds.ROOT / "build/tools/thrift-client/bin/python"))
"""Python with impyla, which `deploy/test-tools.sh` installs. Without it that part of the test is left out."""
READS = {
    "SELECT coin_id FROM splits": "1",
    "SELECT mint, coins FROM class_sizes": "Rome,1",
    "SHOW TABLES": "splits",
    "DESCRIBE splits": "unit",
}
REFUSED = (
    "DELETE FROM splits",
    "INSERT INTO splits SELECT * FROM splits",
    "DROP TABLE splits",
    "DROP VIEW class_sizes",
    "CREATE TABLE t AS SELECT 1 AS x",
    "SET spark.sql.catalog.other=org.apache.iceberg.spark.SparkCatalog",
    "ADD JAR /tmp/x.jar",
    "INSERT OVERWRITE DIRECTORY '{folder}/out' USING csv SELECT 1",
    "SELECT TRANSFORM(coin_id) USING 'tee {folder}/out' AS x FROM splits",
    "SELECT java_method('java.lang.System', 'getProperty', 'java.home')",
    "SELECT * FROM text.`{folder}/mine.yaml`",
    "SELECT '${{env:HOME}}'",
)


@pytest.fixture(scope="module")
def served(
    base_config: Config, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The folder of a running server on a table with one row; `url` has its address."""
    catalog = base_config.catalog.model_copy(update={"namespace": "thrift"})
    config = base_config.model_copy(update={"catalog": catalog})
    tables.create(spark, config)
    tables.replace_views(spark, config)
    row = ("mint", 0, "1", "original", "Rome", "Rome", "train", "1")
    frame = local_frame(spark, [row], schemas.SPLITS.ddl)
    tables.publish(spark, config, tables.stage(spark, config, "splits", frame))
    folder = tmp_path_factory.mktemp("thrift")
    (folder / "mine.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json")), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    started = run(folder, "start", "--config", str(folder / "mine.yaml"), "--port", port)
    assert started.returncode == 0, started.stderr
    assert started.stdout.strip() == f"jdbc:hive2://127.0.0.1:{port}/thrift"
    (folder / "url").write_text(started.stdout.strip())
    yield folder
    stopped = run(folder, "stop")
    assert stopped.returncode == 0, stopped.stderr
    with socket.create_server(("127.0.0.1", int(port))):
        """The port is free again."""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("PYSPARK_GATEWAY")},
        "COINSPARK_THRIFT": str(folder),
        "COINSPARK_VENV": str(Path(sys.executable).parent.parent),
    }
    return subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, env=environment, timeout=180)


def beeline(folder: Path, *statements: str) -> subprocess.CompletedProcess[str]:
    """Run statements by one beeline; with --force it goes on after an error."""
    (folder / "script.sql").write_text("".join(f"{statement};\n" for statement in statements))
    command = [
        *(str(BEELINE), "-u", (folder / "url").read_text(), "-n", "reader", "--silent=true"),
        *("--outputformat=csv2", "--force=true", "-f", str(folder / "script.sql")),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=180)


def check_documented_client(url: str) -> None:
    """Run the Python example of deploy/thrift/README.md."""
    page = (SCRIPT.parent / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    program = example.replace("10000", url.rsplit(":", 1)[1].partition("/")[0])
    done = subprocess.run([CLIENT, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[('train', 'Rome', 1)]\n", done.stderr


@pytest.mark.slow(seconds=40)
def test_clients_read_and_cannot_write(
    served: Path, spark: SparkSession, base_config: Config, tmp_path: Path
) -> None:
    catalog = base_config.catalog.model_copy(update={"namespace": "thrift"})
    config = base_config.model_copy(update={"catalog": catalog})
    before = tables.snapshot(spark, config, "splits")
    refused = [statement.format(folder=served) for statement in REFUSED]
    done = beeline(served, *READS, *refused, "SELECT 'still there', count(*) FROM splits")
    output = done.stdout + done.stderr
    for answer in READS.values():
        assert answer in output, output
    assert "still there,1" in output, output
    errors = [line for line in output.splitlines() if "Error: org.apache.hive" in line]
    assert len(errors) == len(REFUSED), output
    others = (
        "function `java_method`",
        "mine.yaml: only tables and views can be read",
        "variables are not allowed",
    )
    assert all("only statements that read are allowed" in error for error in errors[: -len(others)]), errors
    assert all(text in error for text, error in zip(others, errors[-len(others) :], strict=True)), errors
    assert not (served / "out").exists()
    assert "catalog:" not in output  # the text of mine.yaml
    assert tables.snapshot(spark, config, "splits") == before
    arguments = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "catalog.db" not in "\n".join(line for line in arguments.splitlines() if "thrift" in line)
    if CLIENT.exists():
        check_documented_client((served / "url").read_text())
    again = run(served, "start", "--config", str(served / "mine.yaml"))
    assert again.returncode == 1 and "already running" in again.stderr


def test_busy_port_and_foreign_address_are_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with pytest.raises(
            ConfigError, match=rf"127\.0\.0\.1:{port}: Address already in use; stop the program"
        ):
            thrift_server.start(Config(), "127.0.0.1", port)
    with pytest.raises(ConfigError, match=r"192\.0\.2\.1:10000: Cannot assign requested address"):
        thrift_server.start(Config(), "192.0.2.1", 10000)


def test_missing_warehouse_is_named_by_the_script(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(f"warehouse: {tmp_path}/none\n")
    failed = run(tmp_path, "start", "--config", str(tmp_path / "mine.yaml"))
    assert failed.returncode == 1
    assert "no tables; run `coinspark nightly`" in failed.stderr
    assert not (tmp_path / "none").exists() and not (tmp_path / "server.pid").exists()
