"""Clusters of DeepCluster features against clusters of the untrained network's features and of pixels.

    python -m tests.bench.bench_deepcluster [even | uneven | euro | roman] [rounds] [seed of the synthetic
    coins] [key=value ...]

Measured is the adjusted mutual information (AMI) of clusters and known kinds of coins, for k-means on
pixels (PCA and k-means of scikit-learn), on features of the untrained network, on DeepCluster features, and
for synthetic coins on features of the same training with the published sampler. Synthetic and Roman coins
are clustered within each large mint and compared with their types; euro coins are clustered together and
compared with their denominations. Synthetic types are `even`, 20 coins each, or `uneven`, where the first
of 15 types has 30 % of the coins. For even types the seconds of a round with one and with two workers
follow. Further arguments override settings, such as `deepcluster.input_filter=none`.
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
from coinspark.training.deepcluster.recipe import DeepClusterJob
from coinspark.vision.features import vectors
from coinspark.vision.network import ImageSpec, Network, resolve_precision
from coinspark.warehouse import tables
from tests.bench import REAL

CONF = Path(__file__).parents[2] / "conf"
COLLECTIONS = {"even": (15, 0), "uneven": (15, 0), "euro": (8, 0), "roman": (8, 150)}
"""Clusters per group, and the minimum number of coins of a group."""
SYNTHETIC = {"even": "coins: 600, mints: 2, skew: 0.0", "uneven": "coins: 400, mints: 1, skew: 1.8"}


class Coins(NamedTuple):
    """Ids of the images, the groups in which they are clustered, their known kinds ("": unknown), JPEGs."""

    image_ids: list[str]
    groups: NDArray[np.str_]
    kinds: NDArray[np.str_]
    jpegs: list[bytes]


def main(collection: str = "even", rounds: int = 3, seed: int = 1, *settings: str) -> float:
    """Print a line per method; returns the gain in AMI of DeepCluster over the untrained network."""
    with tempfile.TemporaryDirectory() as folder:
        config = _config(collection, Path(folder), rounds, seed, *settings)
        spark = nightly.run_stages(config, ("ingest",))
        coins = _coins(spark, config, collection)
        print(f"{collection}: {len(coins.jpegs):,} images, {len(set(coins.kinds))} kinds", flush=True)
        _measure(collection, coins, "pixels, scikit-learn", _pixels(coins))
        untrained = _features(coins, config, *_untrained(config))
        results = {"untrained": _measure(collection, coins, "untrained features", untrained)}
        job = _job(spark, config, folder)
        programs = {"DeepCluster": "coinspark.training.deepcluster.learn"}
        if collection in SYNTHETIC:
            programs["with the published sampler"] = "tests.bench.published_sampler"
        for name, program in programs.items():
            job = replace(job, folder=f"{folder}/{program}", program=program)
            result = launch.run(job, spark, lambda line: print(f"    {line}", flush=True))
            features = _features(coins, config, f"{job.folder}/weights.npz", result["sha256"])
            results[name] = _measure(collection, coins, name, features)
        if collection == "even":
            _compare_workers(spark, job)
        summary = "; ".join(f"{name} {ami:.3f}" for name, ami in results.items())
        print(f"AMI, {collection}: {summary}", flush=True)
        spark.stop()
    return results["DeepCluster"] - results["untrained"]


def _config(collection: str, folder: Path, rounds: int, seed: int, *settings: str) -> Config:
    overrides = [
        f"warehouse={folder}/warehouse",
        f"deepcluster.rounds={rounds}",
        "deepcluster.stop_nmi=null",
        "training.launch=local",
        *settings,
    ]
    if collection in SYNTHETIC:
        source = (
            f"{{kind: synthetic, root: '{folder}/coins', {SYNTHETIC[collection]}, types_per_mint: 15, "
            f"photo: 160, wear: 0.2, seed: {seed}}}"
        )
        return load([], [*overrides, f"sources=[{source}]", "ingest.sizes=[48]", "ingest.shape=wide"])
    os.environ.setdefault("COINSPARK_REAL_DATA", str(REAL))
    return load([CONF / f"{collection}_coins.yaml"], [*overrides, "ingest.sizes=[48]"])


def _coins(spark: SparkSession, config: Config, collection: str) -> Coins:
    kind = F.col("mint") if collection == "euro" else F.coalesce(F.col("types")[0], F.lit(""))
    group = F.lit("all") if collection == "euro" else F.col("mint")
    images = tables.read(spark, config, "images").where(F.col("size") == config.image_size)
    coins = (
        tables.read(spark, config, "coins")
        .join(images.select("image_id", "jpeg"), "image_id")
        .select("image_id", group.alias("group"), kind.alias("kind"), "jpeg")
        .dropDuplicates(["image_id"])
    )
    rows = coins.orderBy("image_id").collect()
    return Coins(
        [row["image_id"] for row in rows],
        np.array([row["group"] for row in rows]),
        np.array([row["kind"] for row in rows]),
        [bytes(row["jpeg"]) for row in rows],
    )


def _job(spark: SparkSession, config: Config, folder: str) -> DeepClusterJob:
    scratch = Path(config.warehouse) / "scratch"
    context = Context(spark, config, nightly.read_at(spark, config, None), scratch, print)
    return DeepClusterJob(
        folder=folder,
        shards=stage.export_images(context),
        height=config.image_size,
        width=config.image_width,
        settings=config.deepcluster,
        training=config.training,
        seed=config.seed,
        precision=resolve_precision("auto"),
    )


def _pixels(coins: Coins) -> NDArray[np.float32]:
    """Standardised grey values of 32 × 16 pixels."""
    grey = [
        np.asarray(Image.open(io.BytesIO(jpeg)).convert("L").resize((32, 16)), np.float32).ravel()
        for jpeg in coins.jpegs
    ]
    return np.stack([(pixels - pixels.mean()) / (pixels.std() + 1) for pixels in grey])


def _untrained(config: Config) -> tuple[str, str]:
    """Path and SHA-256 of the initial weights of a DeepCluster training."""
    from coinspark.vision import weights
    from coinspark.vision.backbones import BACKBONES
    from coinspark.vision.backbones.backbone import weight_arrays
    from coinspark.vision.edges import channels

    size, n = (config.image_size, config.image_width), channels(config.deepcluster.input_filter)
    model = BACKBONES[config.training.model].network(*size, True, config.seed, n)
    file = Path(config.warehouse) / "untrained.npz"
    return str(file), weights.save(weight_arrays(model), file)


def _features(coins: Coins, config: Config, file: str, sha256: str) -> NDArray[np.float32]:
    """Features of a network with the input filter of `deepcluster`."""
    network = Network(
        file,
        sha256,
        ImageSpec(config.image_size, config.image_width),
        config.training.model,
        precision=resolve_precision("auto"),
        edges=config.deepcluster.input_filter,
    )
    return np.asarray(vectors(network, coins.jpegs, 16, 2)[0])


def _measure(collection: str, coins: Coins, method: str, features: NDArray[np.float32]) -> float:
    """Cluster each group; print AMI, purity and the share of the largest cluster, as means over the groups.

    Returns the AMI.
    """
    k, min_coins = COLLECTIONS[collection]
    measures = []
    for group in sorted(set(coins.groups)):
        rows = np.flatnonzero((coins.groups == group) & (coins.kinds != ""))
        if len(rows) < max(min_coins, 1):
            continue
        kinds = coins.kinds[rows]
        labels = _cluster(features[rows], k, method.startswith("pixels"))
        table = np.array(
            [[np.sum((labels == n) & (kinds == kind)) for kind in sorted(set(kinds))] for n in range(k)]
        )
        measures.append(
            (
                adjusted_mutual_info_score(kinds, labels),
                table.max(1).sum() / len(rows),
                table.sum(1).max() / len(rows),
            )
        )
    ami, purity, largest = (statistics.mean(values) for values in zip(*measures, strict=True))
    print(f"{method:28} AMI {ami:.3f}   purity {purity:.3f}   largest cluster {largest:.1%}", flush=True)
    return float(ami)


def _cluster(features: NDArray[np.float32], k: int, scikit_learn: bool) -> NDArray[np.int32]:
    components = pca.max_components(len(features))
    if scikit_learn:
        reduced = PCA(min(components, features.shape[1]), random_state=0).fit_transform(features)
        return np.asarray(KMeans(k, n_init=1, random_state=0).fit_predict(reduced), np.int32)
    keys = np.arange(len(features))
    reduced = pca.fit(Rows(keys, [features]), components).apply(features)
    return kmeans.fit(Rows(keys, [reduced]), kmeans.KMeansSettings(k, seed=0))[1]


def _compare_workers(spark: SparkSession, job: DeepClusterJob) -> None:
    """Print the seconds of a second round, in which no graph is traced, with one and with two workers."""
    settings, seconds = job.settings.model_copy(update={"rounds": 2, "epochs": 1}), {}
    for launcher in ("local", "horovod"):
        lines: list[str] = []
        training = job.training.model_copy(update={"launch": launcher, "workers": 2})
        folder = f"{job.folder}-{launcher}"
        launch.run(replace(job, folder=folder, settings=settings, training=training), spark, lines.append)
        seconds[launcher] = float(lines[1].split("  ")[-1].removesuffix(" s"))
    print(
        f"a round: one worker {seconds['local']:.1f} s, two {seconds['horovod']:.1f} s, ratio "
        f"{seconds['local'] / seconds['horovod']:.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main(*sys.argv[1:2], *map(int, sys.argv[2:4]), *sys.argv[4:])
