"""Storage that is not a local disk, for tests: in memory as HDFS, or a moto server as S3."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pyarrow import fs

from coinspark.warehouse import object_storage
from coinspark.warehouse.files import Location
from coinspark.warehouse.object_storage import Access

ROOT = Path(__file__).parent.parent
BUCKET = "coins"


def in_memory(monkeypatch: pytest.MonkeyPatch) -> Location:
    """A warehouse in the memory of this process: other processes cannot open it."""
    memory = fs._MockFileSystem()
    monkeypatch.setattr(object_storage, "_hdfs", lambda authority: memory)
    return Location.of("hdfs://namenode:9000/Münzen 1/a%20b")


@contextmanager
def s3_server() -> Iterator[Location]:
    """A warehouse in a bucket of a moto server on the loopback interface.

    Skips the test if moto is not installed: `deploy/test-tools.sh cluster` installs it.
    """
    server = os.environ.get("COINSPARK_MOTO_SERVER", ROOT / "build/tools/cluster/bin/moto_server")
    if not Path(server).exists():
        pytest.skip(f"no S3 server at {server}: deploy/test-tools.sh cluster installs it")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(server), "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        access = Access(endpoint=f"http://127.0.0.1:{port}", access_key="key", secret_key="secret")
        _create_bucket(port)
        yield Location.of(f"s3a://{BUCKET}/Münzen 1/a%20b", access)
    finally:
        process.kill()
        process.wait()


def _create_bucket(port: int) -> None:
    """Create the bucket, as soon as the server answers: pyarrow repeats a refused connection."""
    fs.S3FileSystem(
        access_key="key",
        secret_key="secret",
        region="us-east-1",
        scheme="http",
        endpoint_override=f"127.0.0.1:{port}",
        allow_bucket_creation=True,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=12),
    ).create_dir(BUCKET)
