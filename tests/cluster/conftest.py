"""The cluster of these tests, and the undisturbed build on one machine with which they compare."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyspark
import pytest
from pyiceberg.catalog.sql import SqlCatalog

from coinspark.config import load
from coinspark.synthetic.collection import write_collection
from tests import builds
from tests.cluster import hosts, services, spark

BASE = builds.ROOT / "build" / "cluster-test"
"""Replaced by each run; afterwards it has the logs of all hosts."""


def missing() -> str | None:
    """The first prerequisite that this machine lacks, and what to do; None if it has all."""
    if not (services.TOOLS / "installed.txt").exists():
        return f"{services.TOOLS} is missing: run `make test-cluster`, or deploy/test-tools.sh cluster"
    if not list((Path(pyspark.__file__).parent / "jars").glob("hadoop-aws-*.jar")):
        return (
            "the jars of S3 and PostgreSQL are missing: run `make test-cluster`, or deploy/setup.sh cluster"
        )
    return hosts.missing()


@pytest.fixture(scope="session")
def coins() -> Path:
    """Folder of the photos, which all hosts can read."""
    if reason := missing():
        pytest.fail(reason, pytrace=False)
    folder = BASE.with_name("cluster-test-coins")
    (source,) = load([builds.TEST], spark.inputs(folder)).sources
    write_collection(folder, source)
    return folder


@pytest.fixture(scope="session")
def cluster(coins: Path) -> Iterator[spark.Cluster]:
    """A master and two workers, PostgreSQL and S3, each on a host of its own."""
    with hosts.hosts(BASE, spark.HOSTS) as network:
        postgres, s3 = services.Postgres(network.boot("catalog")), services.S3(network.boot("storage"))
        started = spark.Cluster(network, postgres, s3, coins)
        started.start()
        yield started


@pytest.fixture(scope="session")
def undisturbed(coins: Path) -> dict[str, str]:
    """Content hash of each table of a build on this machine."""
    warehouse = BASE.with_name("cluster-test-local")
    sets = [f"warehouse={warehouse}", "spark.master=local[2]", *spark.inputs(coins)]
    line = [sys.executable, "-m", "coinspark.cli", "nightly"]
    line += [part for file in spark.FILES[1:] for part in ("--config", str(file))]
    line += [part for override in sets for part in ("--set", override)]
    done = subprocess.run(line, capture_output=True, text=True, cwd=builds.ROOT, timeout=900)
    assert done.returncode == 0, done.stderr
    catalog = SqlCatalog("coinspark", uri=f"sqlite:///{warehouse}/catalog.db", warehouse=str(warehouse))
    stages = catalog.load_table("coins.stages").scan().to_arrow().to_pylist()
    return contents(sorted(stages, key=lambda row: row["finished"]))


def contents(stages: list[dict[str, str]]) -> dict[str, str]:
    """Table → content hash after the newest run of its stage.

    Args:
        stages: Rows of the table `stages`, oldest first.
    """
    return {
        name: output["content"]
        for row in stages
        for name, output in json.loads(row["outputs"]).items()
        if name in COMPARED
    }


@pytest.fixture(scope="session")
def weights() -> dict[str, str]:
    """Layer → SHA-256 of its weights in the first build on the cluster; the later ones must have the same."""
    return {}


COMPARED = ("coins", "images", "rejects", "entities", "features", "clusters", "classes", "splits")
