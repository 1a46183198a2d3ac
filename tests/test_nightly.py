"""The whole chain on a few coins: twice with identical hashes, then with nothing new, then with one coin more."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from coinspark import nightly
from coinspark.config import Config
from coinspark.evaluation import table1
from coinspark.warehouse import sql, tables
from tests import builds

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

# beside those of conf/test.yaml a layer of clusters, of what a network sees that has learnt from these coins alone
CLUSTERED = (
    "layers=[{name: mint, kind: mint}, {name: entities, kind: entities, split: {largest: 1}, max_classes: 3, min_coins: 8, max_share: 0.6}, "
    "{name: parts, kind: clusters, k: 3, min_coins: 6, split: {largest: 1}}, "
    "{name: chosen, kind: clusters, k: null, max_classes: 4, min_coins: 6, split: {largest: 1}}]",
    "training.layers=[mint, parts]",
    "features.weights=deepcluster",
    "deepcluster={rounds: 2, epochs: 1, k: 6, stop_nmi: null}",
    "splits.min_coins=6",
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("builds")


@pytest.fixture(scope="module")
def build(place: Path, spark: SparkSession) -> tuple[Config, Path]:
    """The first build, and its report. One session serves all: a namespace of its own keeps the tables apart."""
    config = builds.configuration(place, *CLUSTERED)
    config = _beside(config, spark, "build_one")
    return config, nightly.run_build(config).report


def _beside(config: Config, spark: SparkSession, namespace: str) -> Config:
    """The configuration with its tables in the catalog of the tests' session, its files where it says."""
    return config.model_copy(update={"catalog": config.catalog.model_copy(update={"namespace": namespace})})


def test_every_table_has_rows_and_the_report_stands(build: tuple[Config, Path], spark: SparkSession) -> None:
    config, report = build
    counts = {
        name: tables.read(spark, config, name).count()
        for name in (
            "coins",
            "images",
            "entities",
            "networks",
            "rounds",
            "features",
            "clusters",
            "classes",
            "splits",
            "runs",
            "predictions",
            "confusion",
            "metrics",
        )
    }
    assert all(counts.values()), counts
    assert counts["rounds"] == 2
    clusters = tables.read(spark, config, "clusters").select("layer", "cluster").distinct().collect()
    assert {row["cluster"] for row in clusters if row["layer"] == "parts"} == {1, 2, 3}
    assert {row["layer"] for row in clusters} == {"parts", "chosen"}
    page = report.read_text(encoding="utf-8")
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page
    assert "/cluster-0" in page
    assert 'id="deepcluster"' in page
    assert {"mint", "parts"} <= set(
        table1.render(nightly.read_at(spark, config, report.stem), config).split()
    )


def test_a_second_night_has_nothing_to_do(
    build: tuple[Config, Path], spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    config, report = build
    before = {
        name: tables.snapshot(spark, config, name) for name in ("coins", "splits", "runs", "stages", "builds")
    }
    assert nightly.run_build(config).report == report
    said = capsys.readouterr().err
    assert said.count("unchanged, skipped") == len(nightly.scheduled(config))
    assert f"nothing new since {report.stem}" in said
    assert before == {name: tables.snapshot(spark, config, name) for name in before}


def test_the_same_input_elsewhere_gives_the_same_hashes(
    build: tuple[Config, Path], place: Path, spark: SparkSession, tmp_path: Path
) -> None:
    config, _ = build
    first = builds.hashes(spark, config)
    again = _beside(config, spark, "build_two").model_copy(update={"warehouse": str(tmp_path)})
    spark.conf.set("spark.sql.shuffle.partitions", "7")
    try:
        nightly.run_build(again)
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", "2")
    assert builds.hashes(spark, again) == first
    assert {"networks", "rounds", "features", "clusters", "classes", "splits", "predictions"} <= set(first)


def test_the_views_answer(build: tuple[Config, Path], spark: SparkSession) -> None:
    config, _ = build
    spark.sql(f"USE {config.catalog.name}.{config.catalog.namespace}")
    sizes = sql.run(
        config,
        "SELECT layer, sum(images) n FROM class_sizes WHERE fold = 0 GROUP BY 1 ORDER BY 1",
        None,
        "csv",
    )
    assert sizes.splitlines()[0] == "layer,n"
    layers = dict(line.split(",") for line in sizes.splitlines()[1:])
    assert set(layers) == {layer.name for layer in config.layers}
    assert len(set(layers.values())) == 1, "every layer stands on the same coins"
    sides = [
        int(sql.run(config, f"SELECT count(*) FROM {side} WHERE layer = 'mint'", None, "csv").splitlines()[1])
        for side in ("train", "validation", "test")
    ]
    assert sum(sides) == int(layers["mint"])
    assert sql.run(config, "SELECT * FROM suspects", None, "csv").startswith(
        "layer,coin_id,medium,recorded,predicted"
    )


def test_a_coin_gone_is_a_new_night_and_the_old_one_stays(
    build: tuple[Config, Path], place: Path, spark: SparkSession
) -> None:
    config, report = build
    before = tables.read(spark, config, "coins").count()
    manifest = place / "coins" / "coins.csv"
    whole = manifest.read_text(encoding="utf-8")
    lines = whole.splitlines(keepends=True)
    stamp = manifest.stat()
    try:
        manifest.write_text("".join(lines[:-1]), encoding="utf-8")
        nightly.run_stages(config, ("ingest",))
        assert tables.read(spark, config, "coins").count() == before - 1
        assert tables.read(spark, config, "coins", tag=report.stem).count() == before
    finally:
        manifest.write_text(whole, encoding="utf-8")
        os.utime(manifest, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
