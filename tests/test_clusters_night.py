"""A night whose layer is cut from features of an untrained network: twice the same hashes, then a report."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from coinspark import nightly, tables
from coinspark.config import Config
from tests import nights

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

LAYERS = ("layers=[{name: mint, kind: mint}, {name: parts, kind: clusters, k: 3, least: 6, split: {biggest: 1}}, "
          "{name: chosen, kind: clusters, least: 6, classes: 4, split: {biggest: 1}}]")
BEFORE = ("ingest", "entities", "features", "clusters", "classes", "splits")


def configuration(place: Path, namespace: str) -> Config:
    """The night of conf/test.yaml with two layers of clusters, its tables in a namespace of its own."""
    config = nights.configuration(place, LAYERS, "features.weights=null", "training.layers=[mint, parts]",
                                  "training.yardstick=false", "splits.threshold=6")
    return config.model_copy(update={"catalog": config.catalog.model_copy(update={"namespace": namespace})})


def test_the_same_clusters_elsewhere_and_nothing_to_do_the_second_night(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    here = configuration(tmp_path / "here", "clusters_here")
    there = configuration(tmp_path / "there", "clusters_there")
    nightly.run_stages(here, nightly.up_to(here, "splits"))
    spark.conf.set("spark.sql.shuffle.partitions", "7")
    try:
        nightly.run_stages(there, nightly.up_to(there, "splits"))
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", "2")
    first, second = nights.hashes(spark, here), nights.hashes(spark, there)
    assert {name: first[name] for name in ("features", "clusters", "classes", "splits")} == {
        name: second[name] for name in ("features", "clusters", "classes", "splits")}
    found = tables.read(spark, here, "clusters").groupBy("layer", "cluster").count().collect()
    assert {row["cluster"] for row in found if row["layer"] == "parts"} == {1, 2, 3}
    assert {row["layer"] for row in found} == {"parts", "chosen"}

    capsys.readouterr()
    report = nightly.run_night(here)
    said = capsys.readouterr().err
    assert said.count("unchanged, skipped") == len(BEFORE) and "train " in said
    assert "/cluster-0" in report.read_text(encoding="utf-8")
    assert nightly.run_night(here) == report, "training and splits change nothing that clusters are made of"
    assert capsys.readouterr().err.count("unchanged, skipped") == len(nightly.chain(here))
