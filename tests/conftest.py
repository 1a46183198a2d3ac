"""What all tests share: one session on a warehouse of its own, and where the real coins lie."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from coinspark.config import Config, load
from coinspark.warehouse import session
from tests import builds

ROOT = Path(__file__).parent.parent
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)


_LONG = (
    "test_nightly",
    "faults/test_build_faults",
    "deploy/test_standalone",
    "faults/test_training_faults",
    "vision/test_features_stage",
    "vision/test_clusters_stage",
    "training/deepcluster/test_learn",
    "faults/test_ingest_faults",
    "training/test_launch",
    "ingest/test_ingest_stage",
    "training/classifier/test_stage",
    "training/deepcluster/test_stage",
    "pipeline/test_run",
    "faults/test_clusters_faults",
)
"""Files that take minutes, the longest first: started last, one would keep a worker busy after the others are done."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; otherwise as they were collected."""
    order = {name: n for n, name in enumerate(_LONG)}
    tests = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        return order.get(item.path.relative_to(tests).with_suffix("").as_posix(), len(_LONG))

    items.sort(key=rank)


@pytest.fixture(scope="session")
def base_config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A configuration with a warehouse that lives as long as the tests, on two cores."""
    place = tmp_path_factory.mktemp("warehouse")
    quick = {**load([builds.TEST]).spark.conf, **session.spark_nlp_settings(Config())}
    return load(
        [],
        [
            f"warehouse={place}",
            "spark.master='local[2, 3]'",
            "spark.shuffle_partitions=2",
            f"spark.conf={quick}",
        ],
    )


@pytest.fixture(scope="session")
def spark(base_config: Config) -> Iterator[SparkSession]:
    """The session; two cores, and a task may fail twice before its job does.

    Spark opens a catalog at its first use: here, so that a test that starts a build with a warehouse of its own finds it open.
    """
    made = session.start(base_config)
    made.sql("SHOW NAMESPACES").collect()
    yield made
    made.stop()


@pytest.fixture
def config(base_config: Config, spark: SparkSession, request: pytest.FixtureRequest) -> Config:
    """A configuration whose tables are this test's alone: a namespace of its own in the shared warehouse."""
    name = "".join(c if c.isalnum() else "_" for c in request.node.nodeid.split("/")[-1])[-80:]
    catalog = base_config.catalog.model_copy(update={"namespace": f"t_{name}"})
    return base_config.model_copy(update={"catalog": catalog})


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the real coins; the test is skipped where it is not."""
    place = Path(os.environ.get("COINSPARK_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not place.is_dir():
        pytest.skip(f"no real coins at {place}; COINSPARK_REAL_DATA names their folder")
    return place.resolve()
