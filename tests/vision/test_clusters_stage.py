"""The stage `clusters` and the layer on top of it: known groups come out, keep their names, and bad vectors are named."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from sklearn.decomposition import PCA

from coinspark.classes import stage as classes
from coinspark.classes import summary
from coinspark.clustering import on_spark
from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.pipeline import stage
from coinspark.pipeline.stage import Context
from coinspark.vision import clusters_stage
from coinspark.vision.mint_clusters import NO_IMAGES, TOO_SIMILAR
from coinspark.vision.network import ImageSpec, Network
from coinspark.warehouse import schemas
from tests.vision import networks

LAYERS = (
    {"name": "mint", "kind": "mint"},
    {"name": "parts", "kind": "clusters", "k": 3, "min_coins": 12, "split": {"larger_than": 1}},
    {"name": "chosen", "kind": "clusters", "min_coins": 5, "max_classes": 8, "split": {"mints": ["Abdera"]}},
)
EYE = Network("none.npz", "ab" * 32, ImageSpec(32, 64), "vgg16")
Coins = dict[str, tuple[str, list[float]]]
"""Picture → its coin's mint and its vector."""


def grouped(mint: str, sizes: tuple[int, ...], seed: int = 0, width: int = 9, mark: str = "") -> Coins:
    """So many pictures of a mint around each of some points, named after mint, group, number; they vary in few ways."""
    random = np.random.default_rng(seed)
    points = np.eye(len(sizes), width) * 4
    aside = (
        np.roll(points, -1, axis=0) - points
    ) / 30  # towards the next group: no direction of its own to be whitened
    return {
        f"{mint}-{group}{mark}-{n:02d}": (mint, (points[group] + 1 + aside[group] * random.normal()).tolist())
        for group, size in enumerate(sizes)
        for n in range(size)
    }


def collection() -> Coins:
    """Abdera: groups of 30, 20 and 10. Byzantion: fewer pictures than clusters. Perinthos: all alike. Thasos: a single coin."""
    alike: Coins = {f"Perinthos-0-{n:02d}": ("Perinthos", [1.0] * 9) for n in range(8)}
    return {
        **grouped("Abdera", (20, 10, 30)),
        **grouped("Byzantion", (2,)),
        **alike,
        **grouped("Thasos", (1,)),
    }


@pytest.fixture
def held(
    spark: SparkSession, config: Config, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, DataFrame]]:
    """Coins and features as tables; each coin has its picture's name; `former` are last build's clusters."""
    monkeypatch.setattr(clusters_stage, "select_network", lambda context: EYE)

    def make(
        coins: Coins,
        model: str = EYE.model,
        former: Sequence[Row] = (),
        partitions: int = 2,
        more: Sequence[tuple[str, str, str | None]] = (),
    ) -> dict[str, DataFrame]:
        rows = [
            (image, "original", mint, [], "s", None, None, None, None, [], image)
            for image, (mint, _) in coins.items()
        ]
        rows += [
            (coin, "original", mint, [], "s", None, None, None, None, [], image) for coin, mint, image in more
        ]
        seen = [(image, model, vector) for image, (_, vector) in coins.items()]
        return {
            "coins": spark.createDataFrame(rows, schemas.COINS.ddl).repartition(partitions),
            "features": spark.createDataFrame(seen, schemas.FEATURES.ddl).repartition(partitions),
            "clusters": spark.createDataFrame(list(former), schemas.CLUSTERS.ddl),
            **{
                name: spark.createDataFrame([], schemas.TABLES[name].ddl)
                for name in ("networks", "runs", "entities")
            },
        }

    return make


def told(config: Config, *layers: dict[str, Any], **keys: Any) -> Config:
    """The configuration with these layers."""
    return Config.model_validate(
        {**config.model_dump(mode="json"), "layers": layers or LAYERS, "features": {"weights": None, **keys}}
    )


def build(
    spark: SparkSession,
    config: Config,
    place: Path,
    tables: dict[str, DataFrame],
    said: list[str] | None = None,
    of: stage.Stage = clusters_stage.STAGE,
) -> list[Row]:
    """The rows that the stage makes of these tables."""
    context = Context(spark, config, tables.__getitem__, place, (said if said is not None else []).append)
    built = of.build(context)
    tables |= {name: frame for name, frame in built.items() if name == "cluster_mints"}
    made = built[of.writes[0]]
    assert isinstance(made, DataFrame) and made.columns == list(schemas.TABLES[of.writes[0]].columns)
    return made.collect()


def names(rows: list[Row], layer: str = "parts") -> dict[str, int]:
    return {row["image_id"]: row["cluster"] for row in rows if row["layer"] == layer}


def groups(rows: list[Row], layer: str = "parts") -> set[tuple[str, int]]:
    """Which group of which mint stands in which cluster."""
    return {(image.rsplit("-", 1)[0].rstrip("+"), cluster) for image, cluster in names(rows, layer).items()}


SIZED = {("Abdera-2", 1), ("Abdera-0", 2), ("Abdera-1", 3)}  # the largest group is the first


@pytest.mark.parametrize("partitions", [1, 7])
def test_known_groups_are_clusters_named_by_size(
    spark: SparkSession, config: Config, held: Callable[..., Any], tmp_path: Path, partitions: int
) -> None:
    said: list[str] = []
    coins = collection()
    rows = build(spark, told(config), tmp_path, held(coins, partitions=partitions), said)
    assert groups(rows) == groups(rows, "chosen") == SIZED
    assert {(row["mint"], row["model"]) for row in rows} == {("Abdera", EYE.model)}
    assert [line.split(": ", 1)[1] for line in said[:-1]] == [
        "Abdera: 60 images in 3 clusters, the largest 50%",
        "Byzantion: left whole: 2 images are fewer than 3 clusters",
        "Perinthos: left whole: its images have fewer distinct vectors than clusters",
    ]
    assert said[-1].startswith(
        "clusters  chosen: Abdera: 60 images in 3 clusters, selected by a silhouette of 0."
    )
    vectors = np.array([vector for mint, vector in coins.values() if mint == "Abdera"])
    white = PCA(2, whiten=True).fit_transform(vectors)  # two directions between three points
    white /= np.linalg.norm(white, axis=1, keepdims=True)
    images = [image for image, (mint, _) in coins.items() if mint == "Abdera"]
    found = {row["image_id"]: row["distance"] for row in rows if row["layer"] == "parts"}
    for cluster in (1, 2, 3):
        members = [n for n, image in enumerate(images) if names(rows)[image] == cluster]
        away = np.linalg.norm(white[members] - white[members].mean(0), axis=1)
        np.testing.assert_allclose([found[images[n]] for n in members], away, atol=1.1e-4)


def test_the_layer_has_a_class_a_cluster_and_tiny_ones_go_back(
    spark: SparkSession, config: Config, held: Callable[..., Any], tmp_path: Path
) -> None:
    more = [
        ("bare", "Abdera", None),
        ("shared", "Byzantion", "Abdera-0-00"),
        ("second", "Abdera", "Abdera-2-00"),
    ]
    tables = held(collection(), more=more)
    rows = build(spark, told(config), tmp_path, tables)
    assert len(rows) == 2 * 60, "a shared picture counts for the first mint by name, and once"
    tables["clusters"] = spark.createDataFrame(rows, schemas.CLUSTERS.ddl)
    made = build(spark, told(config), tmp_path, tables, of=classes.STAGE)
    parts = {row["coin_id"]: row for row in made if row["layer"] == "parts"}
    assert len(parts) == len([row for row in made if row["layer"] == "parts"]) == len(collection()) + 3
    counts = Counter((row["mint"], row["class"]) for row in parts.values())
    assert counts == {
        ("Abdera", "Abdera/cluster-01"): 31,
        ("Abdera", "Abdera/cluster-02"): 20,
        ("Abdera", "Abdera"): 11,
        ("Byzantion", "Byzantion"): 3,
        ("Perinthos", "Perinthos"): 8,
        ("Thasos", "Thasos"): 1,
    }
    distance = next(
        row["distance"] for row in rows if row["image_id"] == "Abdera-2-00" and row["layer"] == "parts"
    )
    text = summary.render(
        {"classes": spark.createDataFrame(made, schemas.CLASSES.ddl)}.__getitem__, told(config)
    )
    assert text.startswith(
        "Layer parts\n\nAbdera: 62 coins; 2 new classes of at least 20 coins contain 82.3% of them, the "
        "largest 50.0%\n"
        "      31  Abdera/cluster-01\n      20  Abdera/cluster-02\n      11  Abdera  (not in a new class)\n"
    )
    evidence = {coin: row["evidence"] for coin, row in parts.items()}
    assert evidence["second"] == f"cluster 1 of 3, {distance:.4f} from its centroid"
    assert evidence["Abdera-1-00"] == "cluster 3 of 3 has 10 coins, a class needs 12"
    assert evidence["bare"] == "no image"
    assert evidence["Byzantion-0-00"].startswith("mint left whole: ")
    assert evidence["Perinthos-0-00"].startswith("mint left whole: ")
    assert evidence["Thasos-0-00"] == "its mint is not split in this layer"
    chosen = {row["coin_id"]: row for row in made if row["layer"] == "chosen"}
    assert chosen["Abdera-1-00"]["class"] == "Abdera/cluster-03" and chosen["bare"]["class"] == "Abdera"
    assert chosen["shared"]["evidence"] == "its mint is not split in this layer"


def test_a_shared_picture_counts_for_the_first_mint_that_is_split(
    spark: SparkSession, config: Config, held: Callable[..., Any], tmp_path: Path
) -> None:
    both = {**grouped("Abdera", (9, 9)), **grouped("Byzantion", (9, 9))}
    config = told(
        config, {"name": "parts", "kind": "clusters", "k": 2, "min_coins": 2, "split": {"larger_than": 1}}
    )
    tables = held(both, more=[("shared", "Byzantion", "Abdera-0-00")])
    rows = build(spark, config, tmp_path, tables)
    assert Counter((row["mint"], row["cluster"]) for row in rows) == {
        (mint, n): 9 for mint in ("Abdera", "Byzantion") for n in (1, 2)
    }
    tables["clusters"] = spark.createDataFrame(rows, schemas.CLUSTERS.ddl)
    made = {row["coin_id"]: row for row in build(spark, config, tmp_path, tables, of=classes.STAGE)}
    assert (made["shared"]["class"], made["shared"]["evidence"]) == (
        "Byzantion",
        "its image counts for Abdera",
    )


def test_names_stay_while_coins_come_and_networks_change(
    spark: SparkSession,
    config: Config,
    held: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Last build Abdera's groups had the numbers 7, 2 and 5, which nothing but last build's rows can tell."""
    first = build(spark, told(config), tmp_path, held(collection()))
    former = [Row(**{**row.asDict(), "cluster": {1: 7, 2: 2, 3: 5}[row["cluster"]]}) for row in first]
    wanted = {("Abdera-2", 7), ("Abdera-0", 2), ("Abdera-1", 5)}
    grown = {**collection(), **grouped("Abdera", (2, 1, 3), seed=1, mark="+")}  # a tenth more
    asked: list[bool] = []
    real = on_spark.select_clusters

    def watched(rows: DataFrame, how: Any) -> Any:
        asked.append(how.resume)
        return real(rows, how)

    monkeypatch.setattr(on_spark, "select_clusters", watched)
    again = build(spark, told(config), tmp_path, held(grown, former=former))
    assert groups(again) == groups(again, "chosen") == wanted and all(asked)
    assert {image: number for image, number in names(again).items() if image in names(first)} == names(former)
    random = np.random.default_rng(5)
    turn = random.normal(size=(9, 14))  # another network: another width, other axes, other lengths
    other: Coins = {
        image: (mint, (np.array(vector) @ turn * 3).tolist()) for image, (mint, vector) in grown.items()
    }
    asked.clear()
    monkeypatch.setattr(
        clusters_stage,
        "select_network",
        lambda context: Network("other.npz", "cd" * 32, ImageSpec(32, 64), "vgg16"),
    )
    changed = build(spark, told(config), tmp_path, held(other, model="cd" * 8 + "-64x32", former=former))
    assert groups(changed) == wanted and not any(asked)


def test_a_killed_worker_changes_nothing(
    spark: SparkSession,
    config: Config,
    held: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    undisturbed = sorted(build(spark, told(config), tmp_path, held(collection())))
    marker = str(tmp_path / "killed")

    def kill(done: int, inertia: float) -> None:
        if done == 1:
            try:
                os.close(os.open(marker, os.O_CREAT | os.O_EXCL))  # the first task that comes here, once
            except FileExistsError:
                return
            os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(on_spark, "select_clusters", partial(on_spark.select_clusters, on_iteration=kill))
    assert sorted(build(spark, told(config), tmp_path, held(collection()))) == undisturbed
    assert (tmp_path / "killed").exists()


def test_what_is_wrong_with_features_is_named(
    spark: SparkSession, config: Config, held: Callable[..., Any], tmp_path: Path
) -> None:
    coins = collection()
    gone = held(coins)
    gone["features"] = gone["features"].where("image_id NOT IN ('Abdera-1-03', 'Byzantion-0-01')")
    with pytest.raises(
        InputError,
        match=r"2 images of the mints that layer parts splits have no features .*, such as "
        r"Abdera-1-03 \(Abdera\), Byzantion-0-01 \(Byzantion\); run `coinspark features`",
    ):
        build(spark, told(config), tmp_path, gone)
    for bad in (np.nan, -np.inf):
        broken = {**coins, "Abdera-0-05": ("Abdera", [1.0] * 8 + [bad])}
        with pytest.raises(
            InputError, match=r"layer parts: Abdera: the vector of 'Abdera-0-05' has NaN or infinity: leave"
        ):
            build(spark, told(config), tmp_path, held(broken))
    torn = {**coins, "Abdera-0-05": ("Abdera", [1.0] * 8)}
    with pytest.raises(
        InputError, match=r"layer parts: Abdera: vectors of different lengths: .* one model at a time"
    ):
        build(spark, told(config), tmp_path, held(torn))


def test_features_of_another_network_are_not_mixed_in(
    spark: SparkSession, config: Config, held: Callable[..., Any], tmp_path: Path
) -> None:
    coins = collection()
    with pytest.raises(
        InputError, match=f"no rows of model {EYE.model}, found: other-64x32; run `coinspark features`"
    ):
        build(spark, told(config), tmp_path, held(coins, model="other-64x32"))
    both = held(coins)
    half = held(
        {image: (mint, [9.0, *vector]) for image, (mint, vector) in coins.items()}, model="other-64x32"
    )["features"]
    both["features"] = both["features"].unionByName(half)
    assert groups(build(spark, told(config), tmp_path, both)) == SIZED
    both["features"] = both["features"].where(f"model <> '{EYE.model}' OR image_id <> 'Abdera-0-00'")
    with pytest.raises(InputError, match=r"1 images of .* such as Abdera-0-00 \(Abdera\)"):
        build(spark, told(config), tmp_path, both)


def test_weights_that_are_not_the_recorded_ones_stop_it(
    spark: SparkSession,
    config: Config,
    held: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from coinspark.vision.feature_network import select_network

    tables = held(collection())
    monkeypatch.setattr(clusters_stage, "select_network", select_network)
    learnt = told(config, weights="deepcluster").model_copy(update={"warehouse": str(tmp_path)})
    networks.write(tmp_path / "a.npz", 3)
    row = ("a", json.dumps({"network": {}}), "{}", "c", "a.npz", "0" * 64)
    tables["networks"] = spark.createDataFrame([row], schemas.NETWORKS.ddl)
    with pytest.raises(
        InputError, match=r"a\.npz: SHA-256 is .*, expected 0000; the weights were not loaded"
    ):
        build(spark, learnt, tmp_path, tables)


def test_without_a_layer_of_clusters_there_is_nothing_to_do(
    spark: SparkSession, config: Config, held: Callable[..., Any], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="no layer is of kind clusters; add one to `layers`"):
        build(spark, config, tmp_path, held({}))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"k": 1}, "k is 1"),
        ({"k": 61}, "60 images are fewer than 61 clusters"),
        ({"min_coins": 31}, "60 images are too few for 2 clusters of 31"),
        ({"max_classes": 1}, "max_classes is 1"),
    ],
)
def test_mint_that_cannot_be_clustered_is_left_whole_with_a_reason(
    spark: SparkSession,
    config: Config,
    held: Callable[..., Any],
    tmp_path: Path,
    settings: dict[str, int],
    reason: str,
) -> None:
    layer = {"name": "parts", "kind": "clusters", "split": {"largest": 1}, **settings}
    config, said, tables = told(config, layer), list[str](), held(collection())
    assert build(spark, config, tmp_path, tables, said) == []
    assert said == [f"clusters  parts: Abdera: left whole: {reason}"]
    assert [tuple(row) for row in tables["cluster_mints"].collect()] == [
        ("parts", "Abdera", EYE.model, 60, None, None, reason)
    ]
    made = build(spark, config, tmp_path, tables, of=classes.STAGE)
    assert all(row["evidence"].startswith("mint left whole: ") for row in made if row["mint"] == "Abdera")
    assert all(row["class"] == row["mint"] for row in made)


def test_each_mint_that_a_layer_splits_has_a_row_with_its_outcome(
    spark: SparkSession, config: Config, held: Callable[..., Any], tmp_path: Path
) -> None:
    bare = {"name": "bare", "kind": "clusters", "k": 2, "min_coins": 2, "split": {"mints": ["Dion"]}}
    tables = held(collection(), more=[("without", "Dion", None)])
    build(spark, told(config, *LAYERS, bare), tmp_path, tables)
    rows = {(row["layer"], row["mint"]): row for row in tables["cluster_mints"].collect()}
    assert {key: (row["images"], row["clusters"], row["reason"]) for key, row in rows.items()} == {
        ("parts", "Abdera"): (60, 3, None),
        ("parts", "Byzantion"): (2, None, "2 images are fewer than 3 clusters"),
        ("parts", "Perinthos"): (8, None, TOO_SIMILAR),
        ("chosen", "Abdera"): (60, 3, None),
        ("bare", "Dion"): (0, None, NO_IMAGES),
    }
    assert {row["model"] for row in rows.values()} == {EYE.model}
    assert rows["parts", "Abdera"]["silhouette"] is None, "with a fixed k there is no choice"
    assert 0.5 < rows["chosen", "Abdera"]["silhouette"] < 1


def test_settings_of_other_layers_and_tables_do_not_matter(config: Config) -> None:
    assert clusters_stage.STAGE.reads(told(config)) == ("coins", "features")
    assert clusters_stage.STAGE.reads(told(config, weights="deepcluster")) == (
        "coins",
        "features",
        "networks",
    )
    mint, parts, chosen = LAYERS
    same = told(config, {"name": "plain", "kind": "mint"}, parts, chosen, layer="plain")
    assert (
        clusters_stage.STAGE.settings(same)["layers"] == clusters_stage.STAGE.settings(told(config))["layers"]
    )
    other = told(config, mint, {**parts, "k": 4}, chosen)
    assert clusters_stage.STAGE.settings(other) != clusters_stage.STAGE.settings(told(config))
