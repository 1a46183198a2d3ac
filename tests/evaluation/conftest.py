"""Tables and report values of one synthetic build, shared by the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyspark.sql import DataFrame, SparkSession

from coinspark.evaluation.report.gather import Page, gather
from coinspark.evaluation.report.source import ReportSource
from tests import evaluation_tables


@pytest.fixture(scope="session")
def build(spark: SparkSession) -> Callable[[str], DataFrame]:
    """Returns a table of the synthetic build by name."""
    return evaluation_tables.tables(spark)


@pytest.fixture(scope="session")
def source(build: Callable[[str], DataFrame]) -> ReportSource:
    """What the report sections of that build read."""
    return ReportSource(build, evaluation_tables.CONFIG, "build_20260105")


@pytest.fixture(scope="session")
def page(build: Callable[[str], DataFrame]) -> Page:
    """The values of that build's report."""
    return gather(build, evaluation_tables.CONFIG, "build_20260105")
