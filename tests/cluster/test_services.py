"""Faults of the catalog's database and of the object store: one line that names the cause, and no secret."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.cluster.services import BUCKET, wait_for
from tests.cluster.spark import Cluster

pytestmark = [pytest.mark.cluster, pytest.mark.slow(seconds=300)]

WRONG = "hunter2"
JOB = "entities"
STARTED = "entities: 83 entries"  # a line of the job after it has got the lease


def run(cluster: Cluster, log: str, *sets: str, **variables: str) -> tuple[int, str]:
    """Exit code and output of a job."""
    job = cluster.submit("driver-1", JOB, *sets, log=log, variables=variables)
    return job.wait(timeout=600), cluster.output("driver-1", log)


def error_line(code: int, output: str) -> str:
    """The only line of a failed command that begins with its name."""
    assert code == 1, output
    assert "Traceback" not in output
    assert "\tat " not in output, "a stack trace of Java"
    assert WRONG not in output
    (line,) = [line for line in output.splitlines() if line.startswith("coinspark: ")]
    return line


@pytest.mark.parametrize(
    ("variables", "sets", "expected"),
    [
        (
            {"COINSPARK_CATALOG_PASSWORD": WRONG},
            (),
            "jdbc:postgresql://catalog:5432/coinspark: the catalog does not accept the login; check jdbc",
        ),
        (
            {"COINSPARK_CATALOG": "jdbc:postgresql://catalog:5432/other"},
            (),
            "jdbc:postgresql://catalog:5432/other: there is no such database; create it",
        ),
        ({"AWS_SECRET_ACCESS_KEY": WRONG}, (), f"s3a://{BUCKET}/warehouse: access denied"),
        ({"AWS_ACCESS_KEY_ID": f"AKIA{WRONG}"}, (), f"s3a://{BUCKET}/warehouse: access denied"),
        (
            {},
            ("warehouse=s3a://missing/warehouse",),
            "s3a://missing/warehouse: there is no such bucket; create",
        ),
        (
            {"AWS_ENDPOINT_URL": "http://nowhere:9000"},
            (),
            f"s3a://{BUCKET}/warehouse: the storage does not answer",
        ),
        ({}, ("spark.driver_memory=5g",), "spark.driver_memory: '5g' has no effect under spark-submit"),
    ],
    ids=["password", "database", "secret", "key", "bucket", "endpoint", "memory"],
)
def test_wrong_setting_is_named_in_one_line(
    cluster: Cluster,
    variables: dict[str, str],
    sets: tuple[str, ...],
    expected: str,
    request: pytest.FixtureRequest,
) -> None:
    began = time.monotonic()
    code, output = run(cluster, request.node.callspec.id, *sets, **variables)
    assert expected in error_line(code, output)
    assert time.monotonic() - began < 120, "Iceberg repeats a failed read for two minutes and more"


def test_catalog_that_is_down_is_named(cluster: Cluster) -> None:
    cluster.postgres.stop()
    try:
        line = error_line(*run(cluster, "catalog-down"))
    finally:
        cluster.postgres.start()
    assert "jdbc:postgresql://catalog:5432/coinspark: the catalog does not answer; check that it runs" in line


def test_storage_that_is_down_is_named(cluster: Cluster) -> None:
    cluster.s3.host.disconnect()
    try:
        line = error_line(*run(cluster, "storage-down"))
    finally:
        cluster.s3.host.connect()
    assert f"s3a://{BUCKET}/warehouse: the storage does not answer; check that it runs" in line


@pytest.mark.parametrize("service", ["catalog", "storage"])
def test_service_that_ends_in_the_middle_is_named_and_the_job_runs_again(
    cluster: Cluster, service: str
) -> None:
    assert run(cluster, "before")[0] == 0, cluster.output("driver-1", "before")
    log = f"{service}-lost"
    job = cluster.submit("driver-1", JOB, "--force", log=log)
    wait_for(lambda: STARTED in cluster.output("driver-1", log), "start of the job")
    cluster.postgres.stop() if service == "catalog" else cluster.s3.host.disconnect()
    try:
        line = error_line(job.wait(timeout=900), cluster.output("driver-1", log))
    finally:
        cluster.postgres.start() if service == "catalog" else cluster.s3.host.connect()
    assert f"the {service} does not answer" in line
    code, output = run(cluster, f"{service}-again", "catalog.lease_wait=300")
    assert code == 0, output


def test_commands_show_no_secret(cluster: Cluster) -> None:
    run(cluster, "secrets")
    shown = ""
    for command in (("check",), ("spark-conf",), ("sql", "SELECT * FROM stages", "--engine", "spark")):
        done = cluster.coinspark("driver-1", *command)
        assert done.returncode == 0, done.stderr
        shown += done.stdout + done.stderr
    database = cluster.postgres.query("SELECT * FROM iceberg_tables")
    objects = cluster.s3.contents()
    assert f"s3a://{BUCKET}/warehouse" in database
    assert any(key.endswith(".avro") for key in objects)
    for secret in (cluster.postgres.password, cluster.s3.key, cluster.s3.secret):
        assert secret not in shown
        assert secret not in database
        assert not [key for key, content in objects.items() if secret.encode() in content]
        assert not [file for file in files(cluster) if secret.encode() in file.read_bytes()]


def files(cluster: Cluster) -> list[Path]:
    """All files that master, workers and drivers have written."""
    names = ("master", "worker-1", "worker-2", "driver-1")
    folders = [cluster.hosts.base / "hosts" / name for name in names]
    return [file for folder in folders for file in folder.rglob("*") if file.is_file()]
