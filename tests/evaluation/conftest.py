"""A made-up build, its tables made once for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyspark.sql import DataFrame, SparkSession

from coinspark.evaluation.report import gather
from tests import evaluation_tables as made


@pytest.fixture(scope="session")
def build(spark: SparkSession) -> Callable[[str], DataFrame]:
    """Reads the tables of the made-up build."""
    return made.tables(spark)


@pytest.fixture(scope="session")
def page(build: Callable[[str], DataFrame]) -> gather.Page:
    """What the report of that build shows."""
    return gather.gather(build, made.CONFIG, "build_20260105")
