"""A made-up night, its tables made once for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyspark.sql import DataFrame, SparkSession

from coinspark.evaluation import gather
from tests import evaluation_tables as made


@pytest.fixture(scope="session")
def night(spark: SparkSession) -> Callable[[str], DataFrame]:
    """Reads the tables of the made-up night."""
    return made.tables(spark)


@pytest.fixture(scope="session")
def page(night: Callable[[str], DataFrame]) -> gather.Page:
    """What the report of that night shows."""
    return gather.gather(night, made.CONFIG, "night_20260105")
