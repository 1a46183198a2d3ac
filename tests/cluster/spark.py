"""A standalone Spark cluster on the hosts of a test: one master and two workers, and the jobs of a driver."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from coinspark.config import load
from tests import builds
from tests.cluster.hosts import Host, Hosts
from tests.cluster.services import BUCKET, S3, Postgres, wait_for

HOSTS = ("catalog", "storage", "master", "worker-1", "worker-2", "driver-1", "driver-2")
WORKERS = ("worker-1", "worker-2")
MASTER_PORT = 7077
FILES = (builds.ROOT / "conf" / "cluster.yaml", builds.TEST, Path(__file__).with_name("cluster.yaml"))
_QUICK_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


@dataclass
class Cluster:
    """Master and workers that run, and the two services.

    Attributes:
        coins: Folder of the photos, which all hosts can read.
    """

    hosts: Hosts
    postgres: Postgres
    s3: S3
    coins: Path
    running: dict[str, Host] = field(default_factory=dict)
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    def start(self) -> None:
        """Start the master and the workers."""
        self.running["master"] = master = self._boot("master")
        self._run_class("master", "master.Master", "--host", "master", "--port", str(MASTER_PORT))
        wait_for(lambda: "started" in _text(master, "spark.log"), "start of the master")
        for name in WORKERS:
            self.start_worker(name)

    def start_worker(self, name: str) -> None:
        """Start the host of a worker, and the worker, and wait until the master knows it."""
        worker = self._boot(name)
        (worker.files / "spark.log").unlink(missing_ok=True)
        options = ["--host", name, "--cores", "1", "--memory", "2g", "--work-dir", str(worker.here / "work")]
        self._run_class(name, "worker.Worker", *options, f"spark://master:{MASTER_PORT}")
        wait_for(lambda: "Successfully registered" in _text(worker, "spark.log"), f"start of {name}")

    def host(self, name: str) -> Host:
        """The running host of this name; it is started if it does not run."""
        return self.running.get(name) or self._boot(name)

    def power_off(self, name: str) -> None:
        """End all processes of a host at once."""
        self.running.pop(name).power_off()

    def environment(self) -> dict[str, str]:
        """Variables of a driver: those that conf/cluster.yaml names, with the logins of the services."""
        return {
            "COINSPARK_WAREHOUSE": f"s3a://{BUCKET}/warehouse",
            "COINSPARK_CATALOG": self.postgres.url,
            "COINSPARK_CATALOG_PASSWORD": self.postgres.password,
            "AWS_ACCESS_KEY_ID": self.s3.key,
            "AWS_SECRET_ACCESS_KEY": self.s3.secret,
            "AWS_ENDPOINT_URL": self.s3.url,
            "AWS_REGION": "us-east-1",
            "SPARK_CONF_DIR": f"{builds.ROOT}/conf",
            "PYSPARK_PYTHON": f"{builds.ROOT}/.venv/bin/python",
        }

    def submit(
        self,
        driver: str,
        job: str,
        *sets: str,
        log: str,
        variables: Mapping[str, str] | None = None,
        options: tuple[str, ...] = (),
    ) -> subprocess.Popen[bytes]:
        """Start spark-submit on a driver host, in client mode; its output goes to the file `log` there."""
        host = self.host(driver)
        environment = {**self.environment(), "SPARK_LOCAL_IP": host.address, **(variables or {})}
        java = load([builds.TEST]).spark.conf["spark.driver.extraJavaOptions"]
        line = [
            "spark-submit",
            "--master",
            f"spark://master:{MASTER_PORT}",
            "--properties-file",
            "spark.conf",
        ]
        line += ["--driver-java-options", java, *(options or ("--driver-memory", "2g"))]
        line += [f"{builds.ROOT}/jobs/{job}.py", *self.configuration(*sets)]
        return host.start(*line, log=log, env=environment)

    def output(self, driver: str, log: str) -> str:
        """What a job on a driver host has printed so far."""
        return _text(self.host(driver), log)

    def configuration(self, *sets: str) -> list[str]:
        """Options --config and --set of a build on the cluster. `sets` may also contain `--force`."""
        line = [part for file in FILES for part in ("--config", str(file))]
        line += [option for option in sets if option.startswith("--")]
        named = [override for override in sets if not override.startswith("--")]
        overrides = [f"warehouse=s3a://{BUCKET}/warehouse", *inputs(self.coins), *named]
        return [*line, *(part for override in overrides for part in ("--set", override))]

    def coinspark(
        self, driver: str, *command: str, sets: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the command line on a driver host, with the configuration of the cluster."""
        host = self.host(driver)
        environment = {**self.environment(), "SPARK_LOCAL_IP": host.address}
        line = host.command("coinspark", *command, *self.configuration(*sets), env=environment)
        return subprocess.run(line, capture_output=True, text=True, timeout=300)

    def _boot(self, name: str) -> Host:
        self.running[name] = host = self.hosts.boot(name)
        text = f"spark.authenticate true\nspark.authenticate.secret {self.secret}\n"
        (host.files / "spark.conf").write_text(text)
        return host

    def _run_class(self, name: str, main: str, *options: str) -> None:
        host = self.running[name]
        environment = {
            "SPARK_LOCAL_IP": host.address,
            "SPARK_DAEMON_JAVA_OPTS": _QUICK_JVM,
            "PYSPARK_PYTHON": f"{builds.ROOT}/.venv/bin/python",
        }
        line = ("spark-class", f"org.apache.spark.deploy.{main}", "--properties-file", "spark.conf", *options)
        host.start(*line, log="spark.log", env=environment)


def inputs(coins: Path) -> list[str]:
    """Overrides that name the folder of the photos and lists, which all hosts can read."""
    few = "coins: 90, mints: 3, types_per_mint: 4, photo: 64, seed: 7"
    source = f"{{kind: synthetic, name: synthetic, root: '{coins}', {few}}}"
    return [f"sources=[{source}]", f"entities.lists='{coins}/lists'"]


def _text(host: Host, log: str) -> str:
    file = host.files / log
    return file.read_text(errors="replace") if file.exists() else ""
