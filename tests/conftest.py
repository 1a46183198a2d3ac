"""Fixtures that all tests share: one Spark session per test process, and the folder of the real coins."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from coinspark.config import Config, load
from coinspark.warehouse import session
from tests import builds

ROOT = Path(__file__).parent.parent
_SPARK_SECONDS = 1  # of a test that uses Spark and is not marked as slow
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
for name in ("SPARK_SUBMIT_OPTS", "SPARK_DAEMON_JAVA_OPTS"):  # JVMs that do not start with conf/test.yaml
    os.environ.setdefault(name, "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that use a Spark session, and run the files that take longest first.

    A long file that started last would keep one test process busy after the others have finished.
    """
    for item in items:
        if "spark" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.spark)
    weights = Counter[Path]()
    for item in items:
        if marker := item.get_closest_marker("slow"):
            weights[item.path] += marker.kwargs.get("seconds", 20)
        elif item.get_closest_marker("spark"):
            weights[item.path] += _SPARK_SECONDS
    items.sort(key=lambda item: -weights[item.path])


@pytest.fixture(scope="session")
def base_config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A configuration with one warehouse for all tests of this process, on two cores."""
    conf = {**load([builds.TEST]).spark.conf, **session.spark_nlp_settings(Config())}
    return load(
        [],
        [
            f"warehouse={tmp_path_factory.mktemp('warehouse')}",
            "spark.master='local[2]'",
            "spark.shuffle_partitions=2",
            f"spark.conf={conf}",
        ],
    )


@pytest.fixture(scope="session")
def spark(base_config: Config) -> Iterator[SparkSession]:
    """The Spark session of this process.

    Spark opens a catalog when it is first used. The query opens it with this warehouse, before a test starts
    a build whose configuration names another one.
    """
    started = session.start(base_config)
    started.sql("SHOW NAMESPACES").collect()
    yield started
    started.stop()


@pytest.fixture
def config(base_config: Config, spark: SparkSession, request: pytest.FixtureRequest) -> Config:
    """A configuration with a namespace of its own in the shared warehouse: each test has its own tables."""
    name = "".join(c if c.isalnum() else "_" for c in request.node.nodeid.split("/")[-1])[-80:]
    catalog = base_config.catalog.model_copy(update={"namespace": f"t_{name}"})
    return base_config.model_copy(update={"catalog": catalog})


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the real coins. Tests that use it are skipped if it does not exist."""
    folder = Path(os.environ.get("COINSPARK_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real coins at {folder}; COINSPARK_REAL_DATA names their folder")
    return folder.resolve()
