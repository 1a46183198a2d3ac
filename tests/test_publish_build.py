"""`coinspark publish`: tags what the stages have built, and refuses if a stage is not up to date."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from coinspark import nightly
from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.evaluation.report import page
from coinspark.warehouse import attempts, tables
from coinspark.warehouse import builds as published_builds
from coinspark.warehouse.files import Location
from tests import builds


@pytest.fixture
def of_ingest(tmp_path: Path, spark: SparkSession, config: Config, monkeypatch: pytest.MonkeyPatch) -> Config:
    """A configuration whose builds only run `ingest`, on a dozen coins, and have no report."""
    monkeypatch.setattr(nightly, "scheduled", lambda config: ("ingest",))
    monkeypatch.setattr(page, "write_report", lambda *arguments: None)
    small = builds.configuration(tmp_path, builds.few_coins(tmp_path))
    own = Location.of(tmp_path)
    monkeypatch.setattr(attempts, "warehouse_location", lambda config: own)  # the warehouse is shared
    return small.model_copy(update={"catalog": config.catalog, "warehouse": config.warehouse})


@pytest.mark.slow(seconds=20)
def test_publish_tags_what_the_stages_built_and_names_a_stage_that_is_outdated(
    spark: SparkSession, of_ingest: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="stage ingest is not up to date: it has not run yet; nothing was"):
        nightly.publish_build(of_ingest)
    nightly.run_stages(of_ingest, ("ingest",))
    assert published_builds.latest(spark, of_ingest) is None
    build = nightly.publish_build(of_ingest)
    assert published_builds.names(spark, of_ingest) == [build.name]
    assert build.name in tables.tags(spark, of_ingest, "coins")
    assert nightly.publish_build(of_ingest).name == build.name, "nothing has changed"
    assert nightly.run_build(of_ingest).name == build.name

    other = of_ingest.model_copy(update={"ingest": of_ingest.ingest.model_copy(update={"quality": 60})})
    with pytest.raises(InputError, match=r"stage ingest .*: its settings .* Run `coinspark ingest` with"):
        nightly.publish_build(other)
    monkeypatch.setattr(nightly, "scheduled", lambda config: ("ingest", "entities"))
    with pytest.raises(InputError, match="stage entities is not up to date: it has not run yet"):
        nightly.publish_build(of_ingest)
    assert published_builds.names(spark, of_ingest) == [build.name]

    recorded = [
        (attempt.command, attempt.state, attempt.build, attempt.stage) for attempt in attempts.read(of_ingest)
    ]
    assert recorded == [
        ("publish", "failed", None, "ingest"),
        ("ingest", "finished", None, None),
        ("publish", "finished", build.name, None),
        ("publish", "finished", build.name, None),
        ("nightly", "finished", build.name, None),
        ("publish", "failed", None, "ingest"),
        ("publish", "failed", None, "entities"),
    ]
    assert str(attempts.read(of_ingest)[0].error).startswith("stage ingest is not up to date: it has not run")
