"""Stage features: selection of images and weights, incremental builds, faults, and resuming."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from coinspark import nightly
from coinspark.config import Config, Layer
from coinspark.core.errors import InputError
from coinspark.pipeline.run import run as run_stage
from coinspark.pipeline.stage import Change, Context
from coinspark.vision import clusters_stage, features, weights
from coinspark.vision import features_stage as vision
from coinspark.warehouse import schemas, sql, tables
from coinspark.warehouse.content import content_hash
from coinspark.warehouse.files import Location
from coinspark.warehouse.local_frame import local_frame
from tests.training_jobs import TOY_BACKBONE
from tests.training_shards import striped_image
from tests.vision import networks

Publish = Callable[..., None]
write = partial(networks.write, backbone=TOY_BACKBONE)
MINTS = ("Abdera", "Byzantion", "Perinthos")


def coins(n: int) -> list[tuple[Any, ...]]:
    """n coins of three mints, the last without an image; two coins share an image."""
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
            None,
        )
        for k in range(n)
    ]


def images(n: int) -> list[tuple[Any, ...]]:
    return [(f"i{k}", 32, 64, 32, bytearray(striped_image(k))) for k in range(n - 1) if k != 1]


@pytest.fixture
def configure(config: Config, tmp_path: Path) -> Callable[..., Config]:
    """A configuration with these settings of features and files in tmp_path/warehouse."""

    def make(**keys: Any) -> Config:
        settings = {
            **config.model_dump(mode="json"),
            "ingest": {"sizes": [32], "shape": "wide"},
            "training": {"model": TOY_BACKBONE},
            "features": {"precision": "float32", "batch": 4, **keys},
        }
        return Config.model_validate(settings).model_copy(update={"warehouse": str(tmp_path / "warehouse")})

    return make


@pytest.fixture
def publish_rows(spark: SparkSession, configure: Callable[..., Config]) -> Publish:
    """Publish rows of a table."""
    config = configure()
    tables.create(spark, config)

    def publish(name: str, rows: list[tuple[Any, ...]]) -> None:
        frame = local_frame(spark, rows, schemas.TABLES[name].ddl)
        tables.publish(spark, config, tables.stage(spark, config, name, frame))

    return publish


def run(spark: SparkSession, config: Config) -> bool:
    return run_stage(spark, config, vision.STAGE)


def rows(spark: SparkSession, config: Config) -> list[Any]:
    return tables.read(spark, config, "features").orderBy("model", "image_id").collect()


def built(
    spark: SparkSession, config: Config, scratch: Path, messages: list[str], **written: DataFrame
) -> str:
    """Content hash of a build from these tables, without publishing."""

    def read(name: str) -> DataFrame:
        return written[name] if name in written else local_frame(spark, [], schemas.TABLES[name].ddl)

    change = vision.build(Context(spark, config, read, Location.of(scratch), messages.append))["features"]
    assert isinstance(change, Change)
    return content_hash(change.rows)


@pytest.mark.slow
def test_each_image_is_processed_once_per_model(
    spark: SparkSession,
    publish_rows: Publish,
    configure: Callable[..., Config],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = (write(tmp_path / f"{seed}.npz", seed) for seed in (1, 2))
    config = configure(weights=first.weights, weights_sha256=first.sha256)
    publish_rows("coins", coins(6))
    publish_rows("images", images(6))
    assert run(spark, config)
    published = rows(spark, config)
    assert [(row.image_id, row.model) for row in published] == [(f"i{n}", first.model) for n in (0, 2, 3, 4)]
    expected = networks.expected_vectors(first, [striped_image(n) for n in (0, 2, 3, 4)])
    np.testing.assert_allclose([row.vector for row in published], expected, rtol=1e-4, atol=1e-4)
    assert not run(spark, config), "nothing changed"

    processed: list[int] = []
    real = features.extract

    def counting(images: DataFrame, *options: Any) -> DataFrame:
        processed.append(images.count())
        return real(images, *options)

    monkeypatch.setattr(features, "extract", counting)
    publish_rows("coins", coins(8))
    publish_rows("images", images(8))
    assert run(spark, config) and processed == [2], "two images are new"
    other = configure(weights=second.weights, weights_sha256=second.sha256.upper(), mints=["Abdera"])
    assert run(spark, other) and processed == [2, 3], "c0, c3 and c6 are of Abdera"
    all_rows = rows(spark, config)
    assert {(row.image_id, row.model) for row in all_rows} == {
        *((f"i{n}", first.model) for n in (0, 2, 3, 4, 5, 6)),
        *((f"i{n}", second.model) for n in (0, 3, 6)),
    }
    everything = tables.read(spark, config, "features")
    with pytest.raises(InputError, match="there are 2 models"):
        features.of_model(everything)
    assert features.of_model(everything, second.model).count() == 3

    assert run(spark, config) and processed == [2, 3], "the first network again: everything is computed"
    publish_rows("images", images(6))
    publish_rows("coins", coins(6))
    assert run(spark, config) and processed == [2, 3]
    assert [row.image_id for row in rows(spark, config) if row.model == first.model] == [
        "i0",
        "i2",
        "i3",
        "i4",
    ]
    assert [row.image_id for row in rows(spark, config) if row.model == second.model] == ["i0", "i3", "i6"], (
        "rows of another model are kept"
    )
    spark.sql(f"USE {config.catalog.name}.{config.catalog.namespace}")
    answer = sql.run(
        config,
        "SELECT model, size(vector[0]) n FROM (SELECT model, array(vector) vector FROM features) "
        "WHERE model = '" + first.model + "' LIMIT 1",
        None,
        "csv",
    )
    assert list(answer) == ["model,n", f"{first.model},32"]
    assert run_stage(spark, config, vision.STAGE, force=True)
    assert processed == [2, 3, 4], "a forced run computes all vectors"
    assert {(row.image_id, row.model) for row in rows(spark, config)} == {
        *((f"i{n}", first.model) for n in (0, 2, 3, 4)),
        *((f"i{n}", second.model) for n in (0, 3, 6)),
    }, "those of another network stay"


def test_weights_run_are_those_of_the_layer_and_fold_0(
    spark: SparkSession, publish_rows: Publish, configure: Callable[..., Config]
) -> None:
    config = configure()
    publish_rows("coins", coins(6))
    publish_rows("images", images(6))
    with pytest.raises(InputError, match=r"layer 'mint' has no run; train it first \(`coin"):
        run(spark, config)
    settings = json.dumps(
        {
            "network": {
                "architecture": {"batch_norm": True},
                "image": {"height": 32, "width": 64, "convention": "standard"},
            }
        }
    )
    written = {
        name: write(Path(config.warehouse) / "runs" / name / "weights.npz", seed)
        for seed, name in enumerate(("mint-0", "mint-1", "entities-0", "svm"))
    }
    publish_rows(
        "runs",
        [
            (
                name,
                name.split("-")[0],
                n,
                model,
                "baseline" if name == "svm" else "network",
                ["a"],
                settings,
                "{}",
                "c",
                "[]",
                "{}",
                f"runs/{name}/weights.npz",
                written[name].sha256,
            )
            for name, n, model in (
                ("mint-0", 0, TOY_BACKBONE),
                ("mint-1", 1, TOY_BACKBONE),
                ("entities-0", 0, TOY_BACKBONE),
                ("svm", 0, "hog-svm"),
            )
        ],
    )
    assert run(spark, config)
    assert {row.model for row in rows(spark, config)} == {written["mint-0"].model}
    file = Path(config.warehouse) / "runs" / "mint-0" / "weights.npz"
    file.write_bytes(file.read_bytes() + b"!")
    with pytest.raises(
        InputError, match=r"runs/mint-0/weights\.npz: SHA-256 is .*; the weights were not loaded"
    ):
        run_stage(spark, config, vision.STAGE, force=True)


def test_untrained_weights_depend_on_the_seed(
    spark: SparkSession, publish_rows: Publish, configure: Callable[..., Config]
) -> None:
    config = configure(weights=None)
    publish_rows("coins", coins(4))
    publish_rows("images", images(4))
    assert run(spark, config)
    first = rows(spark, config)
    again = config.model_copy(update={"seed": 7})
    assert run(spark, again)
    models = {row.model for row in rows(spark, config)}
    assert len(models) == 2 and first[0].model in models
    assert all(model.endswith("-64x32") for model in models)
    assert run(spark, config) and len(rows(spark, config)) == 4, "the same seed is the same model"


def test_mints_and_split_select_images(spark: SparkSession, configure: Callable[..., Config]) -> None:
    all_coins = local_frame(spark, coins(10), schemas.COINS.ddl)
    sides = [
        (layer, fold, f"c{n}", "original", "m", "k", ("train", "test")[(n + fold) % 2], f"c{n}")
        for layer in ("mint", "other")
        for fold in (0, 1)
        for n in range(8 if layer == "mint" else 2)
    ]
    splits = local_frame(spark, sides, schemas.SPLITS.ddl)

    def chosen(**keys: Any) -> list[str]:
        return sorted(
            row["image_id"] for row in vision.select_images(configure(**keys), all_coins, splits).collect()
        )

    assert chosen() == ["i0", "i2", "i3", "i4", "i5", "i6", "i7", "i8"]
    assert chosen(mints=["Byzantion"]) == ["i0", "i4", "i7"], "c1 shares the image of c0"
    assert chosen(split="train") == ["i0", "i2", "i4", "i6"]
    assert chosen(split="test", mints=["Byzantion", "Abdera"]) == ["i0", "i3", "i7"]
    with pytest.raises(
        InputError,
        match=r"mints: no coin of 'Rome' has an image; mints with images: Abdera, Byzantion, Perinthos",
    ):
        chosen(mints=["Rome", "Abdera"])
    with pytest.raises(InputError, match=r"features\.split 'validation' of layer 'mint'"):
        chosen(split="validation")


def test_missing_or_broken_images_stop_the_stage_and_are_named(
    spark: SparkSession, publish_rows: Publish, configure: Callable[..., Config], tmp_path: Path
) -> None:
    first = write(tmp_path / "1.npz", 1)
    config = configure(weights=first.weights, weights_sha256=first.sha256, chunk=2)
    publish_rows("coins", coins(6))
    publish_rows("images", [row for row in images(6) if row[0] != "i3"])
    with pytest.raises(
        InputError, match=r"1 images of `coins` are missing from `images` at size 32, such as i3; run"
    ):
        run(spark, config)
    publish_rows("images", [(*row[:4], row[4] if row[0] != "i3" else row[4][:300]) for row in images(6)])
    with pytest.raises(
        InputError, match=r"1 images of `images` cannot be used \(i3: .*\); nothing was published"
    ):
        run(spark, config)
    assert rows(spark, config) == []
    chunks_before = sorted(
        path.name
        for path in Path(config.warehouse).glob(f"scratch/{config.catalog.namespace}/features/vectors/0*")
    )
    with pytest.raises(InputError, match="cannot be used"):
        run(spark, config)
    assert (
        sorted(
            path.name
            for path in Path(config.warehouse).glob(f"scratch/{config.catalog.namespace}/features/vectors/0*")
        )
        == chunks_before
        != []
    )
    publish_rows("images", images(6))
    assert run(spark, config) and len(rows(spark, config)) == 4, "the repaired image is computed"


@pytest.mark.fault(17)
@pytest.mark.slow
def test_vectors_that_are_not_finite_are_published_and_their_mints_left_whole(
    spark: SparkSession,
    publish_rows: Publish,
    configure: Callable[..., Config],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The network overflows on every image but a black one, whose standardized pixels are all 0."""
    first = write(tmp_path / "1.npz", 1)
    arrays = weights.read(Path(first.weights), first.sha256)
    arrays["toy_conv/kernel"][:] = 3e38
    sha256 = weights.save(arrays, tmp_path / "overflow.npz")
    config = configure(weights=str(tmp_path / "overflow.npz"), weights_sha256=sha256)
    layer = {"name": "parts", "kind": "clusters", "k": 1, "split": {"mints": ["Abdera", "Perinthos"]}}
    config = config.model_copy(update={"layers": (*config.layers, Layer.model_validate(layer))})
    black = cv2.imencode(".jpg", np.zeros((32, 64, 3), np.uint8))[1].tobytes()
    publish_rows("coins", coins(4))
    publish_rows("images", images(4))
    with pytest.raises(InputError, match="all 2 images have vectors with NaN or infinity; nothing was publ"):
        run(spark, config)
    publish_rows("images", [(*row[:4], bytearray(black) if row[0] == "i2" else row[4]) for row in images(4)])
    assert run(spark, config)
    assert (
        "features  1 images have vectors with NaN or infinity, such as i0; clusters"
        in capsys.readouterr().err
    )
    assert [(row.image_id, bool(np.isfinite(row.vector).all())) for row in rows(spark, config)] == [
        ("i0", False),
        ("i2", True),
    ]
    publish_rows("coins", coins(5))
    publish_rows("images", images(5))
    assert run(spark, config), "a new image is not stopped by a vector of an earlier build"
    assert run_stage(spark, config, clusters_stage.STAGE)
    reasons = {row.mint: row.reason for row in tables.read(spark, config, "cluster_mints").collect()}
    assert (
        "have NaN or infinity, such as that of i0" in reasons["Abdera"] and reasons["Perinthos"] == "k is 1"
    )


def test_weights_with_another_hash_stop_the_stage(
    spark: SparkSession, configure: Callable[..., Config], tmp_path: Path
) -> None:
    first, messages = write(tmp_path / "1.npz", 1), list[str]()
    with pytest.raises(InputError, match=r"1\.npz: SHA-256 is .*, expected 0000"):
        built(
            spark, configure(weights=first.weights, weights_sha256="0" * 64), tmp_path / "scratch", messages
        )
    with pytest.raises(InputError, match=r"1\.npz: SHA-256 is .*, expected None"):
        built(spark, configure(weights=first.weights), tmp_path / "scratch", messages)


@pytest.mark.slow
def test_finished_chunks_are_reused_after_a_kill(
    spark: SparkSession, configure: Callable[..., Config], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver is killed after two chunks; the next run computes the others, with the same result."""
    first, messages = write(tmp_path / "1.npz", 1), list[str]()
    config = configure(weights=first.weights, weights_sha256=first.sha256, chunk=4)
    written = {
        "coins": local_frame(spark, coins(14), schemas.COINS.ddl),
        "images": local_frame(spark, images(14), schemas.IMAGES.ddl),
    }
    whole = built(spark, config, tmp_path / "whole", messages, **written)
    chunks = len(messages)
    assert chunks >= 3 and messages[-1].startswith(
        f"features  chunk {chunks} of {chunks}: 12 of 12 images processed by {first.model}"
    )
    calls: list[int] = []
    real = features.extract

    def killed(*options: Any) -> DataFrame:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*options)

    monkeypatch.setattr(features, "extract", killed)
    with pytest.raises(KeyboardInterrupt):
        built(spark, config, tmp_path / "scratch", messages, **written)
    assert built(spark, config, tmp_path / "scratch", messages, **written) == whole
    assert len(calls) == chunks + 1, "two chunks, the killed one, and the others"


def test_order_and_scheduling_without_cluster_layers(configure: Callable[..., Config]) -> None:
    before = ("ingest", "entities", "classes", "splits", "train")
    needed = ("ingest", "classes", "splits", "train")  # the mint layer reads no entities
    assert nightly.up_to(configure(), "features") == (*needed, "features")
    assert nightly.up_to(configure(weights=None, split="train"), "features") == (*needed[:-1], "features")
    assert nightly.up_to(configure(weights="imagenet"), "features") == ("ingest", "features")
    assert nightly.scheduled(configure()) == (*before, "evaluate")
    assert nightly.scheduled(configure(scheduled=True)) == (*before, "features", "evaluate")
    assert vision.STAGE.settings(configure()) == vision.STAGE.settings(configure(scheduled=True))


def test_order_and_scheduling_with_a_cluster_layer(configure: Callable[..., Config]) -> None:
    def settings(**keys: Any) -> Config:
        layers = [{"name": "mint", "kind": "mint"}, {"name": "parts", "kind": "clusters"}]
        return Config.model_validate({**configure(**keys).model_dump(mode="json"), "layers": layers})

    after = ("classes", "splits", "train", "evaluate")
    assert nightly.scheduled(settings(weights=None)) == ("ingest", "entities", "features", "clusters", *after)
    learnt = settings(weights="deepcluster")
    assert nightly.scheduled(learnt) == ("ingest", "entities", "deepcluster", "features", "clusters", *after)
    assert nightly.up_to(learnt, "clusters") == ("ingest", "deepcluster", "features", "clusters")
    assert nightly.up_to(learnt, "deepcluster") == ("ingest", "deepcluster")
    assert nightly.up_to(learnt, "classes") == ("ingest", "deepcluster", "features", "clusters", "classes")
    without = nightly.scheduled(configure(weights="deepcluster", scheduled=True))
    assert without == ("ingest", "entities", "deepcluster", "features", *after)
    for name, plain in (("classes", ("ingest", "classes")), ("evaluate", ("ingest", *after))):
        assert nightly.up_to(configure(scheduled=True), name) == plain


def test_stage_reads_only_the_tables_that_the_settings_need(configure: Callable[..., Config]) -> None:
    assert vision.STAGE.reads(configure()) == ("coins", "images", "runs")
    assert vision.STAGE.reads(configure(weights=None, split="train")) == ("coins", "images", "splits")
    assert vision.STAGE.reads(configure(weights="deepcluster")) == ("coins", "images", "networks")
    assert vision.STAGE.reads(configure(weights="imagenet")) == ("coins", "images")


def test_weights_deepcluster_are_those_of_the_table_networks(
    spark: SparkSession, publish_rows: Publish, configure: Callable[..., Config]
) -> None:
    config = configure(weights="deepcluster")
    publish_rows("coins", coins(6))
    publish_rows("images", images(6))
    with pytest.raises(
        InputError,
        match=r"deepcluster: the table `networks` is empty; train a network first \(`coinspark deep",
    ):
        run(spark, config)
    written = write(Path(config.warehouse) / "networks" / "a" / "weights.npz", 3, channels=2)
    settings = {
        "network": {
            "image": {"height": 32, "width": 64, "convention": "standard"},
            "backbone": TOY_BACKBONE,
            "architecture": {"batch_norm": True},
            "edges": "sobel",
        }
    }
    publish_rows(
        "networks", [("a", json.dumps(settings), "{}", "c", "networks/a/weights.npz", written.sha256)]
    )
    assert run(spark, config)
    published = rows(spark, config)
    assert [(row.image_id, row.model) for row in published] == [
        (f"i{n}", f"{written.sha256[:16]}-64x32-sobel") for n in (0, 2, 3, 4)
    ]
    expected = networks.expected_vectors(
        replace(written, edges="sobel"), [striped_image(n) for n in (0, 2, 3, 4)]
    )
    np.testing.assert_allclose([row.vector for row in published], expected, rtol=1e-4, atol=1e-4)
    publish_rows("networks", [("a", json.dumps(settings), "{}", "c", "networks/a/weights.npz", "0" * 64)])
    with pytest.raises(InputError, match=r"networks/a/weights\.npz: SHA-256 is .*, expected 0000"):
        run(spark, config)
