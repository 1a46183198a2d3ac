"""PostgreSQL and an S3 server on a host of the test cluster."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests import builds
from tests.cluster.hosts import Host

TOOLS = builds.ROOT / "build" / "tools" / "cluster"
POSTGRES_PORT, S3_PORT = 5432, 9000
DATABASE = USER = "coinspark"
BUCKET = "coins"
_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")  # PostgreSQL refuses to run as root


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Wait until the condition is true. Raises TimeoutError, which names what did not happen."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(0.2)


class Postgres:
    """A PostgreSQL server with one database, whose user has a random password."""

    def __init__(self, host: Host) -> None:
        self.host, self.password = host, secrets.token_urlsafe(18)
        self.url = f"jdbc:postgresql://{host.name}:{POSTGRES_PORT}/{DATABASE}"
        self._bin = next(TOOLS.glob("lib/python*/site-packages/pgserver/pginstall/bin"))
        self._data = host.here / "postgres"
        (host.files / "postgres").mkdir()
        os.chown(host.files / "postgres", 65534, 65534)
        (host.files / "password").write_text(self.password)
        options = [
            "--auth=scram-sha-256",
            f"--username={USER}",
            "--pwfile=password",
            "--no-sync",
            "--no-locale",
        ]
        self._run("initdb", *options, "--encoding=UTF8", "-D", self._data)
        access = host.files / "postgres" / "pg_hba.conf"
        access.write_text(f"{access.read_text()}\nhost all all 10.0.0.0/8 scram-sha-256\n")
        self.start()
        self.query("CREATE DATABASE coinspark", "postgres")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = ["listen_addresses=*", "unix_socket_directories=", "fsync=off"]
        options = " ".join(f"-c {setting}" for setting in settings)
        log = self._data / "server.log"
        self._run("pg_ctl", "start", "-w", "-D", self._data, "-l", log, "-o", options)

    def stop(self) -> None:
        """Stop the server at once, as a crash does."""
        self._run("pg_ctl", "stop", "-m", "immediate", "-D", self._data)

    def query(self, statement: str, database: str = DATABASE) -> str:
        """Run a statement as the user; the rows as text, one per line."""
        address = f"host={self.host.name} port={POSTGRES_PORT} user={USER} dbname={database}"
        line = self.host.command(
            self._bin / "psql", "-qAt", "-c", statement, address, env={"PGPASSWORD": self.password}
        )
        return subprocess.run(line, check=True, capture_output=True, text=True).stdout

    def _run(self, tool: str, *arguments: str | Path) -> None:
        line = self.host.command(*_NOBODY, self._bin / tool, *arguments)
        ended = subprocess.run(
            line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert ended.returncode == 0, f"{tool}: {ended.stderr.decode()}"


class S3:
    """An S3 server with the bucket `coins`. Its objects are gone when it ends."""

    def __init__(self, host: Host) -> None:
        self.host, self.url = host, f"http://{host.name}:{S3_PORT}"
        self._log = "s3.log"
        host.start(
            *(
                TOOLS / "bin" / "python",
                Path(__file__).with_name("s3_server.py"),
                host.address,
                str(S3_PORT),
                BUCKET,
                "keys.json",
            ),
            log=self._log,
        )
        wait_for((host.files / "keys.json").exists, "start of the S3 server")
        keys = json.loads((host.files / "keys.json").read_text())
        self.key, self.secret = keys["key"], keys["secret"]

    def contents(self) -> dict[str, bytes]:
        """Key → content of all objects in the bucket."""
        folder = self.host.files / "objects"
        shutil.rmtree(folder, ignore_errors=True)
        script = Path(__file__).with_name("s3_objects.py")
        environment = {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret}
        line = self.host.command(
            TOOLS / "bin" / "python", script, self.url, BUCKET, "objects", env=environment
        )
        subprocess.run(line, check=True, capture_output=True)
        files = [file for file in folder.rglob("*") if file.is_file()]
        return {str(file.relative_to(folder)): file.read_bytes() for file in files}
