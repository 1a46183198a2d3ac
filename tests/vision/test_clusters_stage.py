"""Stage clusters and the cluster layer: known groups, numbers across builds, invalid features."""

from __future__ import annotations

import json
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
from coinspark.warehouse.files import Location
from coinspark.warehouse.local_frame import local_frame
from tests.clustering.kills import kill_once
from tests.vision import networks

LAYERS = (
    {"name": "mint", "kind": "mint"},
    {"name": "parts", "kind": "clusters", "k": 3, "min_coins": 12, "split": {"larger_than": 1}},
    {"name": "chosen", "kind": "clusters", "min_coins": 5, "max_classes": 8, "split": {"mints": ["Abdera"]}},
)
NETWORK = Network("none.npz", "ab" * 32, ImageSpec(32, 64), "vgg16")
Coins = dict[str, tuple[str, list[float]]]
"""Image → mint and vector of its coin."""


def groups_of_mint(
    mint: str, sizes: tuple[int, ...], seed: int = 0, width: int = 9, suffix: str = ""
) -> Coins:
    """Images of a mint in groups of these sizes, named `mint-group-number`; they vary in few directions."""
    random = np.random.default_rng(seed)
    points = np.eye(len(sizes), width) * 4
    aside = (
        np.roll(points, -1, axis=0) - points
    ) / 30  # variation towards the next group, so that whitening does not amplify it
    return {
        f"{mint}-{group}{suffix}-{n:02d}": (
            mint,
            (points[group] + 1 + aside[group] * random.normal()).tolist(),
        )
        for group, size in enumerate(sizes)
        for n in range(size)
    }


def collection() -> Coins:
    """Abdera: groups of 30, 20 and 10. Byzantion: 2 images. Perinthos: equal vectors. Thasos: one coin."""
    equal: Coins = {f"Perinthos-0-{n:02d}": ("Perinthos", [1.0] * 9) for n in range(8)}
    return {
        **groups_of_mint("Abdera", (20, 10, 30)),
        **groups_of_mint("Byzantion", (2,)),
        **equal,
        **groups_of_mint("Thasos", (1,)),
    }


@pytest.fixture
def make_tables(
    spark: SparkSession, config: Config, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, DataFrame]]:
    """Tables of coins (named after their images), features, and `former` clusters of the previous build."""
    monkeypatch.setattr(clusters_stage, "select_network", lambda context: NETWORK)

    def make(
        coins: Coins,
        model: str = NETWORK.model,
        former: Sequence[Row] = (),
        partitions: int = 2,
        more_coins: Sequence[tuple[str, str, str | None]] = (),
    ) -> dict[str, DataFrame]:
        rows = [
            (image, "original", mint, [], "s", None, None, None, None, [], image, None)
            for image, (mint, _) in coins.items()
        ]
        rows += [
            (coin, "original", mint, [], "s", None, None, None, None, [], image, None)
            for coin, mint, image in more_coins
        ]
        seen = [(image, model, vector) for image, (_, vector) in coins.items()]
        return {
            "coins": local_frame(spark, rows, schemas.COINS.ddl).repartition(partitions),
            "features": local_frame(spark, seen, schemas.FEATURES.ddl).repartition(partitions),
            "clusters": local_frame(spark, list(former), schemas.CLUSTERS.ddl),
            **{
                name: local_frame(spark, [], schemas.TABLES[name].ddl)
                for name in ("networks", "runs", "entities")
            },
        }

    return make


def with_layers(config: Config, *layers: dict[str, Any], **keys: Any) -> Config:
    """The configuration with these layers."""
    return Config.model_validate(
        {**config.model_dump(mode="json"), "layers": layers or LAYERS, "features": {"weights": None, **keys}}
    )


def build(
    spark: SparkSession,
    config: Config,
    scratch: Path,
    tables: dict[str, DataFrame],
    messages: list[str] | None = None,
    notices: list[str] | None = None,
    of: stage.Stage = clusters_stage.STAGE,
) -> list[Row]:
    """Rows of the stage's first table, built from these tables."""
    progress = messages if messages is not None else []
    lasting = progress if notices is None else notices
    context = Context(
        spark, config, tables.__getitem__, Location.of(scratch), progress.append, notice=lasting.append
    )
    built = of.build(context)
    tables |= {name: frame for name, frame in built.items() if name == "cluster_mints"}
    built_rows = built[of.writes[0]]
    assert isinstance(built_rows, DataFrame) and built_rows.columns == list(
        schemas.TABLES[of.writes[0]].columns
    )
    return built_rows.collect()


def names(rows: list[Row], layer: str = "parts") -> dict[str, int]:
    return {row["image_id"]: row["cluster"] for row in rows if row["layer"] == layer}


def groups(rows: list[Row], layer: str = "parts") -> set[tuple[str, int]]:
    """Pairs of group and cluster."""
    return {(image.rsplit("-", 1)[0].rstrip("+"), cluster) for image, cluster in names(rows, layer).items()}


SIZED = {("Abdera-2", 1), ("Abdera-0", 2), ("Abdera-1", 3)}  # the largest group gets number 1


@pytest.mark.parametrize("partitions", [1, 7])
def test_groups_become_clusters_numbered_by_size(
    spark: SparkSession, config: Config, make_tables: Callable[..., Any], tmp_path: Path, partitions: int
) -> None:
    messages: list[str] = []
    coins = collection()
    rows = build(spark, with_layers(config), tmp_path, make_tables(coins, partitions=partitions), messages)
    assert groups(rows) == groups(rows, "chosen") == SIZED
    assert {(row["mint"], row["model"]) for row in rows} == {("Abdera", NETWORK.model)}
    assert [line.split(": ", 1)[1] for line in messages[:-1]] == [
        "Abdera: 60 images in 3 clusters, the largest 50%",
        "Byzantion: left whole: 2 images are fewer than 3 clusters",
        "Perinthos: left whole: its images have fewer distinct vectors than clusters",
    ]
    assert messages[-1].startswith(
        "clusters  chosen: Abdera: 60 images in 3 clusters, selected by a silhouette of 0."
    )
    vectors = np.array([vector for mint, vector in coins.values() if mint == "Abdera"])
    whitened = PCA(2, whiten=True).fit_transform(vectors)  # three points span two directions
    whitened /= np.linalg.norm(whitened, axis=1, keepdims=True)
    images = [image for image, (mint, _) in coins.items() if mint == "Abdera"]
    distances = {row["image_id"]: row["distance"] for row in rows if row["layer"] == "parts"}
    for cluster in (1, 2, 3):
        members = [n for n, image in enumerate(images) if names(rows)[image] == cluster]
        expected = np.linalg.norm(whitened[members] - whitened[members].mean(0), axis=1)
        np.testing.assert_allclose([distances[images[n]] for n in members], expected, atol=1.1e-4)


def test_layer_has_a_class_per_cluster_and_merges_small_ones_into_the_mint(
    spark: SparkSession, config: Config, make_tables: Callable[..., Any], tmp_path: Path
) -> None:
    more_coins = [
        ("bare", "Abdera", None),
        ("shared", "Byzantion", "Abdera-0-00"),
        ("second", "Abdera", "Abdera-2-00"),
    ]
    tables = make_tables(collection(), more_coins=more_coins)
    rows = build(spark, with_layers(config), tmp_path, tables)
    assert len(rows) == 2 * 60, "a shared picture counts for the first mint by name, and once"
    tables["clusters"] = local_frame(spark, rows, schemas.CLUSTERS.ddl)
    built_rows = build(spark, with_layers(config), tmp_path, tables, of=classes.STAGE)
    parts = {row["coin_id"]: row for row in built_rows if row["layer"] == "parts"}
    assert len(parts) == len([row for row in built_rows if row["layer"] == "parts"]) == len(collection()) + 3
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
        {"classes": local_frame(spark, built_rows, schemas.CLASSES.ddl)}.__getitem__, with_layers(config)
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
    assert evidence["Byzantion-0-00"] == "mint left whole: 2 images are fewer than 3 clusters"
    assert evidence["Perinthos-0-00"] == f"mint left whole: {TOO_SIMILAR}"
    assert evidence["Thasos-0-00"] == "its mint is not split in this layer"
    chosen = {row["coin_id"]: row for row in built_rows if row["layer"] == "chosen"}
    assert chosen["Abdera-1-00"]["class"] == "Abdera/cluster-03" and chosen["bare"]["class"] == "Abdera"
    assert chosen["shared"]["evidence"] == "its mint is not split in this layer"


def test_shared_image_counts_for_the_first_split_mint(
    spark: SparkSession, config: Config, make_tables: Callable[..., Any], tmp_path: Path
) -> None:
    both = {**groups_of_mint("Abdera", (9, 9)), **groups_of_mint("Byzantion", (9, 9))}
    config = with_layers(
        config, {"name": "parts", "kind": "clusters", "k": 2, "min_coins": 2, "split": {"larger_than": 1}}
    )
    tables = make_tables(both, more_coins=[("shared", "Byzantion", "Abdera-0-00")])
    rows = build(spark, config, tmp_path, tables)
    assert Counter((row["mint"], row["cluster"]) for row in rows) == {
        (mint, n): 9 for mint in ("Abdera", "Byzantion") for n in (1, 2)
    }
    tables["clusters"] = local_frame(spark, rows, schemas.CLUSTERS.ddl)
    built_rows = {row["coin_id"]: row for row in build(spark, config, tmp_path, tables, of=classes.STAGE)}
    assert (built_rows["shared"]["class"], built_rows["shared"]["evidence"]) == (
        "Byzantion",
        "its image counts for Abdera",
    )


def test_numbers_stay_when_coins_are_added_and_the_network_changes(
    spark: SparkSession,
    config: Config,
    make_tables: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the previous build the groups of Abdera had the numbers 7, 2 and 5."""
    first = build(spark, with_layers(config), tmp_path, make_tables(collection()))
    former = [Row(**{**row.asDict(), "cluster": {1: 7, 2: 2, 3: 5}[row["cluster"]]}) for row in first]
    expected_groups = {("Abdera-2", 7), ("Abdera-0", 2), ("Abdera-1", 5)}
    grown = {**collection(), **groups_of_mint("Abdera", (2, 1, 3), seed=1, suffix="+")}  # 10 % more
    resumed: list[bool] = []
    real = on_spark.select_clusters

    def recording(rows: DataFrame, settings: Any) -> Any:
        resumed.append(settings.resume)
        return real(rows, settings)

    monkeypatch.setattr(on_spark, "select_clusters", recording)
    again = build(spark, with_layers(config), tmp_path, make_tables(grown, former=former))
    assert groups(again) == groups(again, "chosen") == expected_groups and all(resumed)
    assert {image: number for image, number in names(again).items() if image in names(first)} == names(former)
    random = np.random.default_rng(5)
    projection = random.normal(size=(9, 14))  # another network: other width, axes and lengths
    other: Coins = {
        image: (mint, (np.array(vector) @ projection * 3).tolist()) for image, (mint, vector) in grown.items()
    }
    resumed.clear()
    monkeypatch.setattr(
        clusters_stage,
        "select_network",
        lambda context: Network("other.npz", "cd" * 32, ImageSpec(32, 64), "vgg16"),
    )
    changed = build(
        spark, with_layers(config), tmp_path, make_tables(other, model="cd" * 8 + "-64x32", former=former)
    )
    assert groups(changed) == expected_groups and not any(resumed)


def test_killed_worker_does_not_change_the_result(
    spark: SparkSession,
    config: Config,
    make_tables: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    undisturbed = sorted(build(spark, with_layers(config), tmp_path, make_tables(collection())))
    kill = kill_once(tmp_path / "killed", iteration=1)
    monkeypatch.setattr(on_spark, "select_clusters", partial(on_spark.select_clusters, on_iteration=kill))
    assert sorted(build(spark, with_layers(config), tmp_path, make_tables(collection()))) == undisturbed
    assert (tmp_path / "killed").exists()


def test_missing_or_torn_features_are_named(
    spark: SparkSession, config: Config, make_tables: Callable[..., Any], tmp_path: Path
) -> None:
    coins = collection()
    incomplete = make_tables(coins)
    incomplete["features"] = incomplete["features"].where("image_id NOT IN ('Abdera-1-03', 'Byzantion-0-01')")
    with pytest.raises(
        InputError,
        match=r"2 images of the mints that layer parts splits have no features .*, such as "
        r"Abdera-1-03 \(Abdera\), Byzantion-0-01 \(Byzantion\); run `coinspark features`",
    ):
        build(spark, with_layers(config), tmp_path, incomplete)
    torn = {**coins, "Abdera-0-05": ("Abdera", [1.0] * 8)}
    with pytest.raises(
        InputError, match=r"layer parts: Abdera: vectors of different lengths: .* one model at a time"
    ):
        build(spark, with_layers(config), tmp_path, make_tables(torn))


def test_features_of_another_network_are_not_used(
    spark: SparkSession, config: Config, make_tables: Callable[..., Any], tmp_path: Path
) -> None:
    coins = collection()
    with pytest.raises(
        InputError, match=f"no rows of model {NETWORK.model}, found: other-64x32; run `coinspark features`"
    ):
        build(spark, with_layers(config), tmp_path, make_tables(coins, model="other-64x32"))
    both = make_tables(coins)
    half = make_tables(
        {image: (mint, [9.0, *vector]) for image, (mint, vector) in coins.items()}, model="other-64x32"
    )["features"]
    both["features"] = both["features"].unionByName(half)
    assert groups(build(spark, with_layers(config), tmp_path, both)) == SIZED
    both["features"] = both["features"].where(f"model <> '{NETWORK.model}' OR image_id <> 'Abdera-0-00'")
    with pytest.raises(InputError, match=r"1 images of .* such as Abdera-0-00 \(Abdera\)"):
        build(spark, with_layers(config), tmp_path, both)


def test_weights_with_another_hash_than_recorded_stop_the_stage(
    spark: SparkSession,
    config: Config,
    make_tables: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from coinspark.vision.feature_network import select_network

    tables = make_tables(collection())
    monkeypatch.setattr(clusters_stage, "select_network", select_network)
    learnt = with_layers(config, weights="deepcluster").model_copy(update={"warehouse": str(tmp_path)})
    networks.write(tmp_path / "a.npz", 3)
    row = ("a", json.dumps({"network": {"backbone": "vgg16"}}), "{}", "c", "a.npz", "0" * 64)
    tables["networks"] = local_frame(spark, [row], schemas.NETWORKS.ddl)
    with pytest.raises(
        InputError, match=r"a\.npz: SHA-256 is .*, expected 0{64}; the weights were not loaded"
    ):
        build(spark, learnt, tmp_path, tables)


def test_stage_without_a_cluster_layer_is_refused(
    spark: SparkSession, config: Config, make_tables: Callable[..., Any], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="no layer is of kind clusters; add one to `layers`"):
        build(spark, config, tmp_path, make_tables({}))


@pytest.mark.fault(17)
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
    make_tables: Callable[..., Any],
    tmp_path: Path,
    settings: dict[str, int],
    reason: str,
) -> None:
    layer = {"name": "parts", "kind": "clusters", "split": {"largest": 1}, **settings}
    config, notices, tables = with_layers(config, layer), list[str](), make_tables(collection())
    assert build(spark, config, tmp_path, tables, notices=notices) == []
    assert notices == [f"clusters  parts: Abdera: left whole: {reason}"]
    assert [tuple(row) for row in tables["cluster_mints"].collect()] == [
        ("parts", "Abdera", NETWORK.model, 60, None, None, reason)
    ]
    built_rows = build(spark, config, tmp_path, tables, of=classes.STAGE)
    assert {row["evidence"] for row in built_rows if row["mint"] == "Abdera"} == {
        f"mint left whole: {reason}"
    }
    assert all(row["class"] == row["mint"] for row in built_rows)


@pytest.mark.fault(17)
def test_mint_with_a_vector_that_is_not_finite_is_left_whole_with_a_reason(
    spark: SparkSession, config: Config, make_tables: Callable[..., Any], tmp_path: Path
) -> None:
    """The other mint of the layer is clustered as without them."""
    layer = {"name": "parts", "kind": "clusters", "k": 2, "min_coins": 2, "split": {"larger_than": 8}}
    split, coins = with_layers(config, layer), groups_of_mint("Delos", (5, 6))
    expected = build(spark, split, tmp_path, make_tables(coins))
    invalid = {"Abdera": np.nan, "Byzantion": np.inf, "Perinthos": -np.inf, "Thasos": None}
    for mint, value in invalid.items():
        coins |= groups_of_mint(mint, (4, 5))
        coins[f"{mint}-1-03"] = mint, [*[1.0] * 8, value]  # type: ignore[list-item]
    tables = make_tables(coins)
    rows = build(spark, split, tmp_path, tables)
    assert sorted(rows) == sorted(expected) and len(rows) == 11
    reasons = {
        mint: f"the vectors of 1 of its images have NaN or infinity, such as that of {mint}-1-03"
        for mint in invalid
    }
    mints = {row["mint"]: (row["clusters"], row["reason"]) for row in tables["cluster_mints"].collect()}
    assert mints == {"Delos": (2, None)} | {mint: (None, reason) for mint, reason in reasons.items()}
    built_rows = build(spark, split, tmp_path, tables, of=classes.STAGE)
    assert {(row["class"], row["evidence"]) for row in built_rows if row["mint"] in invalid} == {
        (mint, f"mint left whole: {reason}") for mint, reason in reasons.items()
    }


@pytest.mark.fault(17)
def test_each_mint_that_a_layer_splits_has_a_row_with_its_outcome(
    spark: SparkSession, config: Config, make_tables: Callable[..., Any], tmp_path: Path
) -> None:
    bare = {"name": "bare", "kind": "clusters", "k": 2, "min_coins": 2, "split": {"mints": ["Dion"]}}
    tables = make_tables(collection(), more_coins=[("without", "Dion", None)])
    build(spark, with_layers(config, *LAYERS, bare), tmp_path, tables)
    rows = {(row["layer"], row["mint"]): row for row in tables["cluster_mints"].collect()}
    assert {key: (row["images"], row["clusters"], row["reason"]) for key, row in rows.items()} == {
        ("parts", "Abdera"): (60, 3, None),
        ("parts", "Byzantion"): (2, None, "2 images are fewer than 3 clusters"),
        ("parts", "Perinthos"): (8, None, TOO_SIMILAR),
        ("chosen", "Abdera"): (60, 3, None),
        ("bare", "Dion"): (0, None, NO_IMAGES),
    }
    assert {row["model"] for row in rows.values()} == {NETWORK.model}
    assert rows["parts", "Abdera"]["silhouette"] is None, "with a fixed k there is no choice"
    assert 0.5 < rows["chosen", "Abdera"]["silhouette"] < 1


def test_settings_and_reads_ignore_other_layers(config: Config) -> None:
    assert clusters_stage.STAGE.reads(with_layers(config)) == ("coins", "features")
    assert clusters_stage.STAGE.reads(with_layers(config, weights="deepcluster")) == (
        "coins",
        "features",
        "networks",
    )
    mint, parts, chosen = LAYERS
    same = with_layers(config, {"name": "plain", "kind": "mint"}, parts, chosen, layer="plain")
    assert (
        clusters_stage.STAGE.settings(same)["layers"]
        == clusters_stage.STAGE.settings(with_layers(config))["layers"]
    )
    other = with_layers(config, mint, {**parts, "k": 4}, chosen)
    assert clusters_stage.STAGE.settings(other) != clusters_stage.STAGE.settings(with_layers(config))
