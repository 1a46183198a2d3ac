"""Nightly builds on a few coins: complete, repeated elsewhere, unchanged, and with one coin less."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import yaml
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from coinspark import nightly
from coinspark.cli import app as cli
from coinspark.config import Config
from coinspark.evaluation import table1
from coinspark.ingest.readers.synthetic import as_manifest
from coinspark.training.classifier.model import Architecture, build_classifier
from coinspark.vision import weights
from coinspark.vision.backbones.backbone import weight_arrays
from coinspark.warehouse import builds as published_builds
from coinspark.warehouse import sql, tables
from coinspark.warehouse.catalog_properties import catalog_properties
from tests import builds, readme_commands
from tests.training_jobs import TOY_BACKBONE

pytestmark = [pytest.mark.slow(seconds=60), pytest.mark.timeout(1200)]

CLUSTERED = (
    "layers=[{name: mint, kind: mint}, "
    "{name: entities, kind: entities, split: {largest: 1}, max_classes: 3, min_coins: 8, max_share: 0.6}, "
    "{name: parts, kind: clusters, k: 3, min_coins: 6, split: {largest: 1}}, "
    "{name: chosen, kind: clusters, k: null, max_classes: 4, min_coins: 6, split: {largest: 1}}]",
    "training.layers=[mint, parts]",
    "features.weights=deepcluster",
    "deepcluster={rounds: 2, epochs: 1, k: 6, stop_nmi: null}",
    "splits.min_coins=6",
    f"training.model='{TOY_BACKBONE}'",
)
"""Overrides of conf/test.yaml: two layers of clusters, from features of a network trained by DeepCluster."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("two wörds")


@pytest.fixture(scope="module")
def build(folder: Path, spark: SparkSession) -> tuple[Config, Path]:
    """A complete build, which no test changes: its configuration and its report."""
    config = _with_namespace(builds.configuration(folder, *CLUSTERED), "build_one")
    environment = dict(spark.sparkContext.environment)
    hadoop = spark._jsparkSession.sessionState().newHadoopConf()
    before = hadoop.get("fs.defaultFS")
    spark.conf.set("fs.defaultFS", "hdfs://127.0.0.1:9")  # no path may depend on it
    try:
        report = nightly.run_build(config).report.local
        assert report is not None
    finally:
        spark.conf.set("fs.defaultFS", before)
    assert spark.sparkContext.environment == environment, "new Python workers load TensorFlow again"
    return config, report


def _with_namespace(config: Config, namespace: str) -> Config:
    """The configuration with tables of its own in the catalog of the tests' Spark session."""
    return config.model_copy(update={"catalog": config.catalog.model_copy(update={"namespace": namespace})})


def test_build_fills_every_table_and_writes_the_report(
    build: tuple[Config, Path], spark: SparkSession
) -> None:
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
    assert {"mint", "parts*"} <= set(
        table1.render(nightly.read_at(spark, config, report.stem), config).split()
    )


def test_networks_of_the_build_are_trained(build: tuple[Config, Path], spark: SparkSession) -> None:
    """The kept weights differ from the initial ones.

    Two epochs are too short for the loss of every layer to fall; tests/training/test_launch.py tests that.
    """
    config, _ = build
    runs = tables.read(spark, config, "runs").where("role = 'network'").collect()
    assert [row["layer"] for row in runs if row["layer"] == "mint"]
    for row in runs:
        epochs, settings = json.loads(row["history"]), json.loads(row["config"])
        steps = len(epochs) * -(-json.loads(row["metrics"])["train_rows"] // config.training.batch)
        assert steps >= 24, row["history"]
        kept = weights.read(Path(config.warehouse) / row["weights"], row["sha256"])
        architecture = Architecture.from_dict(settings["network"]["architecture"])
        for name, initial in weight_arrays(build_classifier(architecture)).items():
            if name.endswith("/kernel"):
                assert np.abs(kept[name] - initial).max() > 1e-4, f"{name} has not been trained"


@pytest.mark.parametrize("command", readme_commands.on_the_build(), ids=str)
def test_documented_command_runs_on_the_build(
    command: readme_commands.Command,
    build: tuple[Config, Path],
    base_config: Config,
    spark: SparkSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config, _ = build
    if command.name == "sql":  # without Spark: name the catalog of the shared session, which has the tables
        catalog = config.catalog.model_copy(update={"properties": catalog_properties(base_config)})
        config = config.model_copy(update={"catalog": catalog})
    mine = yaml.safe_dump(config.model_dump(mode="json"))
    (tmp_path / "mine.yaml").write_text(mine, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    spark.sql(f"USE {config.catalog.name}.{config.catalog.namespace}")
    words = [*command.words[1:], *([] if "--config" in command.words else ["--config", "mine.yaml"])]
    result = CliRunner().invoke(cli.app, words if command.name != "--help" else ["--help"])
    assert result.exit_code == 0, result.output + repr(result.exception)
    assert result.stdout.strip() or (tmp_path / "proposals.csv").exists()


def test_second_build_without_changes_skips_every_stage(
    build: tuple[Config, Path], spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    config, report = build
    before = {
        name: tables.snapshot(spark, config, name) for name in ("coins", "splits", "runs", "stages", "builds")
    }
    assert nightly.run_build(config).report.local == report
    progress = capsys.readouterr().err
    assert progress.count("unchanged, skipped") == len(nightly.scheduled(config))
    assert f"nothing new since {report.stem}" in progress
    assert before == {name: tables.snapshot(spark, config, name) for name in before}


@pytest.mark.fault(6, 7)
def test_same_coins_give_the_same_hashes_with_other_warehouse_and_partitions(
    build: tuple[Config, Path], spark: SparkSession, tmp_path: Path
) -> None:
    config, _ = build
    other = _with_namespace(config, "build_two").model_copy(update={"warehouse": str(tmp_path)})
    spark.conf.set("spark.sql.shuffle.partitions", "7")
    try:
        nightly.run_build(other)
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", "2")
    hashes = builds.hashes(spark, config)
    assert builds.hashes(spark, other) == hashes
    assert {"networks", "rounds", "features", "clusters", "classes", "splits", "predictions"} <= set(hashes)


def test_views_count_the_same_coins_for_every_layer(build: tuple[Config, Path], spark: SparkSession) -> None:
    config, _ = build
    spark.sql(f"USE {config.catalog.name}.{config.catalog.namespace}")
    query = "SELECT layer, sum(images) n FROM class_sizes WHERE fold = 0 GROUP BY 1 ORDER BY 1"
    header, *sizes = sql.run(config, query, None, "csv")
    assert header == "layer,n"
    layers = dict(line.split(",") for line in sizes)
    assert set(layers) == {layer.name for layer in config.layers}
    assert len(set(layers.values())) == 1, "every layer has the same coins"
    sides = [
        int([*sql.run(config, f"SELECT count(*) FROM {side} WHERE layer = 'mint'", None, "csv")][1])
        for side in ("train", "validation", "test")
    ]
    assert sum(sides) == int(layers["mint"])
    suspects = sql.run(config, "SELECT * FROM suspects", None, "csv")
    assert next(suspects).startswith("layer,coin_id,medium,recorded,predicted")


def test_build_without_a_coin_keeps_the_tagged_build(
    build: tuple[Config, Path], folder: Path, spark: SparkSession
) -> None:
    config = _with_namespace(build[0], "build_without_a_coin")
    config = config.model_copy(update={"sources": (as_manifest(config.sources[0]),)})  # sees edits
    nightly.run_stages(config, ("ingest",))
    tag = published_builds.publish(spark, config)
    before = tables.read(spark, config, "coins").count()
    manifest = folder / "coins" / "coins.csv"
    text, stat = manifest.read_text(encoding="utf-8"), manifest.stat()
    try:
        manifest.write_text("".join(text.splitlines(keepends=True)[:-1]), encoding="utf-8")
        nightly.run_stages(config, ("ingest",))
    finally:
        manifest.write_text(text, encoding="utf-8")
        os.utime(manifest, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert tables.read(spark, config, "coins").count() == before - 1
    assert published_builds.read(spark, config, "coins", tag).count() == before
