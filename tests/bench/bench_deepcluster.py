"""DeepCluster against k-means on what it began with: how far clusters go with what the coins are known to be.

    python -m tests.bench.bench_deepcluster [even | uneven | euro | roman] [rounds] [seed of the drawn coins] [key=value ...]

Compared, by adjusted mutual information, are k-means on plain pixels (scikit-learn's PCA and k-means), on the untrained
network's features, on DeepCluster's, and for drawn coins on those of the same training with the published sampler. Drawn and
Roman coins are clustered within each big mint and held against their types, euro coins all together against their
denominations. Of the drawn ones types are `even`, 20 coins each, or `uneven`, the first of fifteen with 30 % of the coins. For
even ones then a round's seconds, one worker against two. More arguments are settings, as in `deepcluster.input_filter=none`.
"""

from __future__ import annotations

import io
import os
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_mutual_info_score

from coinspark import nightly
from coinspark.clustering import kmeans, pca
from coinspark.clustering.blocks import Rows
from coinspark.config import Config, load
from coinspark.pipeline.stage import Context
from coinspark.training import launch
from coinspark.training.deepcluster import stage
from coinspark.training.deepcluster.recipe import Job
from coinspark.training.shards import Shards
from coinspark.vision import network
from coinspark.vision.features import vectors
from coinspark.vision.network import Network, Picture
from coinspark.warehouse import tables
from tests.bench import REAL

CONF = Path(__file__).parents[2] / "conf"
KINDS = {
    "even": (15, 0),
    "uneven": (15, 0),
    "euro": (8, 0),
    "roman": (8, 150),
}  # clusters of a group; coins of the least group
DRAWN = {"even": "coins: 600, mints: 2, skew: 0.0", "uneven": "coins: 400, mints: 1, skew: 1.8"}


class Coins(NamedTuple):
    """Of each picture: its name, the group that it is clustered in, what it is known to be, and the JPEG."""

    names: list[str]
    groups: NDArray[np.str_]
    known: NDArray[np.str_]
    jpegs: list[bytes]


def main(kind: str = "even", rounds: int = 3, seed: int = 1, *settings: str) -> float:
    """Print a line a way; how far DeepCluster is above the untrained features, in AMI."""
    with tempfile.TemporaryDirectory() as place:
        config = _config(kind, Path(place), rounds, seed, *settings)
        spark = nightly.run_stages(config, ("ingest",))
        coins = _coins(spark, config, kind)
        print(f"{kind}: {len(coins.names):,} pictures, {len(set(coins.known))} kinds", flush=True)
        _line(kind, coins, "pixels, scikit-learn", _pixels(coins))
        found = {"untrained": _line(kind, coins, "untrained features", _seen(coins, config, None))}
        shards = _exported(spark, config)
        jobs = {"DeepCluster": "coinspark.training.deepcluster.learn"}
        if kind in DRAWN:
            jobs["with the published sampler"] = "tests.bench.published_sampler"
        for name, program in jobs.items():
            told = Job(
                f"{place}/{program}",
                shards,
                config.image_size,
                config.image_width,
                config.deepcluster,
                config.training,
                config.seed,
                network.precision("auto"),
                program,
            )
            result = launch.run(told, spark, lambda line: print(f"    {line}", flush=True))
            found[name] = _line(
                kind, coins, name, _seen(coins, config, (f"{told.folder}/weights.npz", result["sha256"]))
            )
        if kind == "even":
            _workers(spark, told)
        print(f"AMI, {kind}: " + "; ".join(f"{name} {ami:.3f}" for name, ami in found.items()), flush=True)
        spark.stop()
    return found["DeepCluster"] - found["untrained"]


def _config(kind: str, place: Path, rounds: int, seed: int, *settings: str) -> Config:
    more = [
        f"warehouse={place}/warehouse",
        f"deepcluster.rounds={rounds}",
        "deepcluster.stop_nmi=null",
        "training.launch=local",
        *settings,
    ]
    if kind in DRAWN:
        source = (
            f"{{kind: synthetic, root: '{place}/coins', {DRAWN[kind]}, types_per_mint: 15, photo: 160, wear: 0.2, "
            f"seed: {seed}}}"
        )
        return load([], [*more, f"sources=[{source}]", "ingest.sizes=[48]", "ingest.shape=wide"])
    os.environ.setdefault("COINSPARK_REAL_DATA", str(REAL))
    return load([CONF / f"{kind}_coins.yaml"], [*more, "ingest.sizes=[48]"])


def _coins(spark: SparkSession, config: Config, kind: str) -> Coins:
    known = F.col("mint") if kind == "euro" else F.coalesce(F.col("types")[0], F.lit(""))
    group = F.lit("all") if kind == "euro" else F.col("mint")
    pixels = (
        tables.read(spark, config, "images")
        .where(F.col("size") == config.image_size)
        .select("image_id", "jpeg")
    )
    found = (
        tables.read(spark, config, "coins")
        .join(pixels, "image_id")
        .select("image_id", group.alias("mint"), known.alias("known"), "jpeg")
        .dropDuplicates(["image_id"])
    )
    rows = found.orderBy("image_id").collect()
    return Coins(
        [row["image_id"] for row in rows],
        np.array([row["mint"] for row in rows]),
        np.array([row["known"] for row in rows]),
        [bytes(row["jpeg"]) for row in rows],
    )


def _exported(spark: SparkSession, config: Config) -> Shards:
    scratch = Path(config.warehouse) / "scratch"
    return stage.export_pictures(Context(spark, config, nightly.read_at(spark, config, None), scratch, print))


def _pixels(coins: Coins) -> NDArray[np.float32]:
    grey = [
        np.asarray(Image.open(io.BytesIO(jpeg)).convert("L").resize((32, 16)), np.float32).ravel()
        for jpeg in coins.jpegs
    ]
    return np.stack([(one - one.mean()) / (one.std() + 1) for one in grey])


def _seen(coins: Coins, config: Config, trained: tuple[str, str] | None) -> NDArray[np.float32]:
    """The features of the network of these weights, or of one that has learnt nothing, shown the same edges."""
    from coinspark.vision import weights
    from coinspark.vision.backbones import vgg16
    from coinspark.vision.edges import channels

    plan, size = config.deepcluster, (config.image_size, config.image_width)
    if trained is None:
        model = vgg16.network(*size, True, config.seed, channels(plan.input_filter))
        file = Path(config.warehouse) / "untrained.npz"
        held = dict(zip(vgg16.names_of(model), model.get_weights(), strict=True))
        trained = str(file), weights.save(held, file)
    eye = Network(*trained, Picture(*size), "vgg16", True, network.precision("auto"), plan.input_filter)
    return np.asarray(vectors(eye, coins.jpegs, 16, 2)[0])


def _line(kind: str, coins: Coins, name: str, seen: NDArray[np.float32]) -> float:
    """Print AMI, purity and the largest cluster's share, each the mean over the groups; the AMI."""
    k, least = KINDS[kind]
    found = []
    for group in sorted(set(coins.groups)):
        own = np.flatnonzero((coins.groups == group) & (coins.known != ""))
        if len(own) < max(least, 1):
            continue
        numbers = pca.bearable(len(own))
        if name.startswith("pixels"):
            small = PCA(min(numbers, seen.shape[1]), random_state=0).fit_transform(seen[own])
            labels = KMeans(k, n_init=1, random_state=0).fit_predict(small)
        else:
            keys = np.arange(len(own))
            small = pca.fit(Rows(keys, [seen[own]]), numbers).apply(seen[own])
            _, labels = kmeans.fit(Rows(keys, [small]), kmeans.Plan(k, seed=0))
        table = np.array(
            [
                [
                    np.sum((labels == cluster) & (coins.known[own] == one))
                    for one in sorted(set(coins.known[own]))
                ]
                for cluster in range(k)
            ]
        )
        found.append(
            (
                adjusted_mutual_info_score(coins.known[own], labels),
                table.max(1).sum() / len(own),
                table.sum(1).max() / len(own),
            )
        )
    ami, purity, largest = (statistics.mean(each) for each in zip(*found, strict=True))
    print(f"{name:28} AMI {ami:.3f}   purity {purity:.3f}   largest cluster {largest:.1%}", flush=True)
    return float(ami)


def _workers(spark: SparkSession, told: Job) -> None:
    """Seconds of a second round, in which no graph is built any more, by one worker and by two."""
    plan, seconds = told.plan.model_copy(update={"rounds": 2, "epochs": 1}), {}
    for how in ("local", "horovod"):
        said: list[str] = []
        training = told.training.model_copy(update={"launch": how, "workers": 2})
        launch.run(
            replace(told, folder=f"{told.folder}-{how}", plan=plan, training=training), spark, said.append
        )
        seconds[how] = float(said[1].split("  ")[-1].removesuffix(" s"))
    print(
        f"a round: one worker {seconds['local']:.1f} s, two {seconds['horovod']:.1f} s, ratio "
        f"{seconds['local'] / seconds['horovod']:.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main(*sys.argv[1:2], *map(int, sys.argv[2:4]), *sys.argv[4:])
