"""The stage: whose pictures, whose weights; nothing is done twice, nothing of another model is lost, a killed run goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from coinspark import nightly
from coinspark.config import Config
from coinspark.core.errors import ConfigError, InputError
from coinspark.pipeline.run import run as run_stage
from coinspark.pipeline.stage import Change, Context
from coinspark.vision import features
from coinspark.vision import features_stage as vision
from coinspark.warehouse import schemas, sql, tables
from coinspark.warehouse.locations import local_folder
from tests.training_shards import striped_image
from tests.vision import networks

Put = Callable[..., None]
MINTS = ("Abdera", "Byzantion", "Perinthos")


def coins(n: int) -> list[tuple[Any, ...]]:
    """So many coins of three mints, the last without a picture; two share one."""
    return [
        (
            f"c{k}",
            "original",
            MINTS[k % 3],
            [],
            "s",
            None,
            None,
            None,
            None,
            [],
            None if k == n - 1 else f"i{0 if k == 1 else k}",
        )
        for k in range(n)
    ]


def images(n: int) -> list[tuple[Any, ...]]:
    return [(f"i{k}", 32, 64, 32, bytearray(striped_image(k))) for k in range(n - 1) if k != 1]


@pytest.fixture
def asked(config: Config, tmp_path: Path) -> Callable[..., Config]:
    """A configuration with these features, its tables this test's alone, its files below tmp_path/warehouse."""

    def make(**keys: Any) -> Config:
        told = {
            **config.model_dump(mode="json"),
            "ingest": {"sizes": [32], "shape": "wide"},
            "features": {"precision": "float32", "batch": 4, **keys},
        }
        return Config.model_validate(told).model_copy(update={"warehouse": str(tmp_path / "warehouse")})

    return make


@pytest.fixture
def put(spark: SparkSession, config: Config) -> Put:
    """Publish rows of a table."""
    tables.create(spark, config)

    def publish(name: str, rows: list[tuple[Any, ...]]) -> None:
        frame = spark.createDataFrame(rows, schemas.TABLES[name].ddl)
        tables.publish(spark, config, tables.stage(spark, config, name, frame))

    return publish


def run(spark: SparkSession, config: Config) -> bool:
    return run_stage(spark, config, vision.STAGE)


def rows(spark: SparkSession, config: Config) -> list[Any]:
    return tables.read(spark, config, "features").orderBy("model", "image_id").collect()


def built(spark: SparkSession, config: Config, scratch: Path, said: list[str], **held: DataFrame) -> str:
    """The content of one build on these tables, nothing published."""

    def read(name: str) -> DataFrame:
        return held[name] if name in held else spark.createDataFrame([], schemas.TABLES[name].ddl)

    scratch.mkdir(parents=True, exist_ok=True)
    made = vision.build(Context(spark, config, read, scratch, said.append))["features"]
    assert isinstance(made, Change)
    return tables.content_hash(made.rows)


@pytest.mark.slow
def test_each_picture_once_and_only_what_is_missing(
    spark: SparkSession,
    put: Put,
    asked: Callable[..., Config],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = (networks.write(tmp_path / f"{seed}.npz", seed) for seed in (1, 2))
    config = asked(weights=first.weights, weights_sha256=first.sha256)
    put("coins", coins(6))
    put("images", images(6))
    assert run(spark, config)
    found = rows(spark, config)
    assert [(row.image_id, row.model) for row in found] == [(f"i{n}", first.model) for n in (0, 2, 3, 4)]
    wanted = networks.expected_vectors(first, [striped_image(n) for n in (0, 2, 3, 4)])
    np.testing.assert_allclose([row.vector for row in found], wanted, rtol=1e-4, atol=1e-4)
    assert not run(spark, config), "nothing is new"

    seen: list[int] = []
    real = features.extract

    def watched(pictures: DataFrame, *how: Any) -> DataFrame:
        seen.append(pictures.count())
        return real(pictures, *how)

    monkeypatch.setattr(features, "extract", watched)
    put("coins", coins(8))
    put("images", images(8))
    assert run(spark, config) and seen == [2], "two pictures are new"
    other = asked(weights=second.weights, weights_sha256=second.sha256.upper(), mints=["Abdera"])
    assert run(spark, other) and seen == [2, 3], "c0, c3 and c6 are of Abdera"
    both = rows(spark, config)
    assert {(row.image_id, row.model) for row in both} == {
        *((f"i{n}", first.model) for n in (0, 2, 3, 4, 5, 6)),
        *((f"i{n}", second.model) for n in (0, 3, 6)),
    }
    everything = tables.read(spark, config, "features")
    with pytest.raises(InputError, match="of 2 models"):
        features.of_model(everything)
    assert features.of_model(everything, second.model).count() == 3

    assert run(spark, config) and seen == [2, 3], "back to the first: all done"
    put("images", images(6))
    put("coins", coins(6))
    assert run(spark, config) and seen == [2, 3]
    assert [row.image_id for row in rows(spark, config) if row.model == first.model] == [
        "i0",
        "i2",
        "i3",
        "i4",
    ]
    assert [row.image_id for row in rows(spark, config) if row.model == second.model] == ["i0", "i3", "i6"], (
        "not ours to drop"
    )
    spark.sql(f"USE {config.catalog.name}.{config.catalog.namespace}")
    answer = sql.run(
        config,
        "SELECT model, size(vector[0]) n FROM (SELECT model, array(vector) vector FROM features) "
        "WHERE model = '" + first.model + "' LIMIT 1",
        None,
        "csv",
    )
    assert answer == f"model,n\n{first.model},1024"


def test_a_runs_weights_are_those_of_its_layer_and_fold(
    spark: SparkSession, put: Put, asked: Callable[..., Config]
) -> None:
    config = asked()
    put("coins", coins(6))
    put("images", images(6))
    with pytest.raises(InputError, match=r"layer 'mint' has no run; train it first \(`coin"):
        run(spark, config)
    told = json.dumps(
        {
            "network": {
                "architecture": {"batch_norm": True},
                "image": {"height": 32, "width": 64, "convention": "standard"},
            }
        }
    )
    held = {
        name: networks.write(local_folder(config) / "runs" / name / "weights.npz", seed)
        for seed, name in enumerate(("mint-0", "mint-1", "entities-0", "svm"))
    }
    put(
        "runs",
        [
            (
                name,
                name.split("-")[0],
                n,
                model,
                "baseline" if name == "svm" else "network",
                ["a"],
                told,
                "{}",
                "c",
                "[]",
                "{}",
                f"runs/{name}/weights.npz",
                held[name].sha256,
            )
            for name, n, model in (
                ("mint-0", 0, "vgg16"),
                ("mint-1", 1, "vgg16"),
                ("entities-0", 0, "vgg16"),
                ("svm", 0, "hog-svm"),
            )
        ],
    )
    assert run(spark, config)
    assert {row.model for row in rows(spark, config)} == {held["mint-0"].model}
    file = local_folder(config) / "runs" / "mint-0" / "weights.npz"
    file.write_bytes(file.read_bytes() + b"!")
    with pytest.raises(
        InputError, match=r"runs/mint-0/weights\.npz: SHA-256 is .*; the weights were not loaded"
    ):
        run_stage(spark, config, vision.STAGE, force=True)


def test_untrained_weights_come_from_the_seed(
    spark: SparkSession, put: Put, asked: Callable[..., Config]
) -> None:
    config = asked(weights=None)
    put("coins", coins(4))
    put("images", images(4))
    assert run(spark, config)
    first = rows(spark, config)
    again = config.model_copy(update={"seed": 7})
    assert run(spark, again)
    models = {row.model for row in rows(spark, config)}
    assert len(models) == 2 and first[0].model in models
    assert all(model.endswith("-64x32") for model in models)
    assert run(spark, config) and len(rows(spark, config)) == 4, "the same seed is the same model"


def test_mints_and_a_split_narrow_the_pictures_down(
    spark: SparkSession, asked: Callable[..., Config]
) -> None:
    all_coins = spark.createDataFrame(coins(10), schemas.COINS.ddl)
    sides = [
        (layer, fold, f"c{n}", "original", "m", "k", ("train", "test")[(n + fold) % 2])
        for layer in ("mint", "other")
        for fold in (0, 1)
        for n in range(8 if layer == "mint" else 2)
    ]
    splits = spark.createDataFrame(sides, schemas.SPLITS.ddl)

    def chosen(**keys: Any) -> list[str]:
        return sorted(
            row["image_id"] for row in vision.select_images(asked(**keys), all_coins, splits).collect()
        )

    assert chosen() == ["i0", "i2", "i3", "i4", "i5", "i6", "i7", "i8"]
    assert chosen(mints=["Byzantion"]) == ["i0", "i4", "i7"], "c1 shares the picture of c0"
    assert chosen(split="train") == ["i0", "i2", "i4", "i6"]
    assert chosen(split="test", mints=["Byzantion", "Abdera"]) == ["i0", "i3", "i7"]
    with pytest.raises(
        InputError,
        match=r"mints: no coin of 'Rome' has an image; mints with images: Abdera, Byzantion, Perinthos",
    ):
        chosen(mints=["Rome", "Abdera"])
    with pytest.raises(InputError, match=r"features\.split 'validation' of layer 'mint'"):
        chosen(split="validation")


def test_pictures_that_are_gone_or_broken_stop_the_stage_by_name(
    spark: SparkSession, put: Put, asked: Callable[..., Config], tmp_path: Path
) -> None:
    first = networks.write(tmp_path / "1.npz", 1)
    config = asked(weights=first.weights, weights_sha256=first.sha256, chunk=2)
    put("coins", coins(6))
    put("images", [row for row in images(6) if row[0] != "i3"])
    with pytest.raises(
        InputError, match=r"1 images of `coins` are missing from `images` at size 32, such as i3; run"
    ):
        run(spark, config)
    put("images", [(*row[:4], row[4] if row[0] != "i3" else row[4][:300]) for row in images(6)])
    with pytest.raises(
        InputError, match=r"1 images of `images` cannot be used \(i3: .*\); nothing was published"
    ):
        run(spark, config)
    assert rows(spark, config) == []
    stood = sorted(place.name for place in local_folder(config).glob("scratch/features/*/vectors/0*"))
    with pytest.raises(InputError, match="cannot be used"):
        run(spark, config)
    assert (
        sorted(place.name for place in local_folder(config).glob("scratch/features/*/vectors/0*"))
        == stood
        != []
    )
    put("images", images(6))
    assert run(spark, config) and len(rows(spark, config)) == 4, "mended, it goes on"


def test_weights_that_are_not_what_was_stated_stop_it(
    spark: SparkSession, asked: Callable[..., Config], tmp_path: Path
) -> None:
    first, said = networks.write(tmp_path / "1.npz", 1), list[str]()
    with pytest.raises(InputError, match=r"1\.npz: SHA-256 is .*, expected 0000"):
        built(spark, asked(weights=first.weights, weights_sha256="0" * 64), tmp_path / "scratch", said)
    with pytest.raises(ConfigError, match=r"features\.weights_sha256: missing"):
        built(spark, asked(weights=first.weights), tmp_path / "scratch", said)


@pytest.mark.slow
def test_chunks_that_are_done_are_not_done_again(
    spark: SparkSession, asked: Callable[..., Config], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver dies after two chunks; the next run does the others, and all comes out as if nothing had been."""
    first, said = networks.write(tmp_path / "1.npz", 1), list[str]()
    config = asked(weights=first.weights, weights_sha256=first.sha256, chunk=4)
    held = {
        "coins": spark.createDataFrame(coins(14), schemas.COINS.ddl),
        "images": spark.createDataFrame(images(14), schemas.IMAGES.ddl),
    }
    whole = built(spark, config, tmp_path / "whole", said, **held)
    chunks = len(said)
    assert chunks >= 3 and said[-1].startswith(
        f"features  chunk {chunks} of {chunks}: 12 of 12 images processed by {first.model}"
    )
    calls: list[int] = []
    real = features.extract

    def dying(*how: Any) -> DataFrame:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*how)

    monkeypatch.setattr(features, "extract", dying)
    with pytest.raises(KeyboardInterrupt):
        built(spark, config, tmp_path / "scratch", said, **held)
    assert built(spark, config, tmp_path / "scratch", said, **held) == whole
    assert len(calls) == chunks + 1, "two before, one that died, the others after"


def test_what_comes_before_it_and_when_it_is_part_of_a_night(asked: Callable[..., Config]) -> None:
    before = ("ingest", "entities", "classes", "splits", "train")
    assert nightly.up_to(asked(), "features") == (*before, "features")
    assert nightly.up_to(asked(weights=None, split="train"), "features") == (*before[:-1], "features")
    assert nightly.up_to(asked(weights="imagenet"), "features") == ("ingest", "features")
    assert nightly.scheduled(asked()) == (*before, "evaluate")
    assert nightly.scheduled(asked(scheduled=True)) == (*before, "features", "evaluate")
    assert vision.STAGE.settings(asked()) == vision.STAGE.settings(asked(scheduled=True))


def test_where_clusters_come_before_the_classes(asked: Callable[..., Config]) -> None:
    def told(**keys: Any) -> Config:
        layers = [{"name": "mint", "kind": "mint"}, {"name": "parts", "kind": "clusters"}]
        return Config.model_validate({**asked(**keys).model_dump(mode="json"), "layers": layers})

    after = ("classes", "splits", "train", "evaluate")
    assert nightly.scheduled(told(weights=None)) == ("ingest", "entities", "features", "clusters", *after)
    learnt = told(weights="deepcluster")
    assert nightly.scheduled(learnt) == ("ingest", "entities", "deepcluster", "features", "clusters", *after)
    assert nightly.up_to(learnt, "clusters") == ("ingest", "deepcluster", "features", "clusters")
    assert nightly.up_to(learnt, "deepcluster") == ("ingest", "deepcluster")
    assert nightly.up_to(learnt, "classes") == (
        "ingest",
        "entities",
        "deepcluster",
        "features",
        "clusters",
        "classes",
    )
    assert nightly.scheduled(asked(weights="deepcluster", scheduled=True)) == (
        "ingest",
        "entities",
        *after[:-1],
        "deepcluster",
        "features",
        "evaluate",
    )
    for name, plain in (
        ("classes", ("ingest", "entities", "classes")),
        ("evaluate", ("ingest", "entities", *after)),
    ):
        assert nightly.up_to(asked(scheduled=True), name) == plain


def test_it_waits_only_for_the_tables_that_it_is_told_to_use(asked: Callable[..., Config]) -> None:
    assert vision.STAGE.reads(asked()) == ("coins", "images", "runs")
    assert vision.STAGE.reads(asked(weights=None, split="train")) == ("coins", "images", "splits")
    assert vision.STAGE.reads(asked(weights="deepcluster")) == ("coins", "images", "networks")
    assert vision.STAGE.reads(asked(weights="imagenet")) == ("coins", "images")


def test_a_network_that_learnt_from_the_pictures_is_known_by_its_row(
    spark: SparkSession, put: Put, asked: Callable[..., Config]
) -> None:
    config = asked(weights="deepcluster")
    put("coins", coins(6))
    put("images", images(6))
    with pytest.raises(
        InputError,
        match=r"deepcluster: the table `networks` is empty; train a network first \(`coinspark deepcluster`\)",
    ):
        run(spark, config)
    held = networks.write(local_folder(config) / "networks" / "a" / "weights.npz", 3, channels=2)
    told = {
        "network": {
            "image": {"height": 32, "width": 64, "convention": "standard"},
            "backbone": "vgg16",
            "architecture": {"batch_norm": True},
            "edges": "sobel",
        }
    }
    put("networks", [("a", json.dumps(told), "{}", "c", "networks/a/weights.npz", held.sha256)])
    assert run(spark, config)
    found = rows(spark, config)
    assert [(row.image_id, row.model) for row in found] == [
        (f"i{n}", f"{held.sha256[:16]}-64x32-sobel") for n in (0, 2, 3, 4)
    ]
    wanted = networks.expected_vectors(replace(held, edges="sobel"), [striped_image(n) for n in (0, 2, 3, 4)])
    np.testing.assert_allclose([row.vector for row in found], wanted, rtol=1e-4, atol=1e-4)
    put("networks", [("a", json.dumps(told), "{}", "c", "networks/a/weights.npz", "0" * 64)])
    with pytest.raises(InputError, match=r"networks/a/weights\.npz: SHA-256 is .*, expected 0000"):
        run(spark, config)
