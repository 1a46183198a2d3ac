"""The stage `features`: pictures of coins → features. What a model has looked at is never looked at again.

Its own published rows tell what is done; rows of other models stay as they are.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.pipeline import chunks
from coinspark.pipeline.chunks import ChunkedWork
from coinspark.pipeline.stage import Change, Context, Stage
from coinspark.vision.feature_network import layer_of, network_of, settings
from coinspark.vision.features import OUTCOME, features
from coinspark.vision.network import precision
from coinspark.warehouse import schemas

_SHOWN = 3  # pictures that a message names


def build(context: Context) -> Mapping[str, DataFrame | Change]:
    """{"features": the rows that are missing}.

    Raises InputError where weights or pictures are not what the tables and the configuration say.
    """
    config = context.config
    eye = network_of(context)
    size, model = eye.picture.height, F.lit(eye.model)
    images, known = context.read("images").where(F.col("size") == size), context.read("features")
    wanted = pictures(config, context.read("coins"), context.read("splits"))
    _check_there(wanted, images, size)
    done = known.where(F.col("model") == model).select("image_id")
    todo = wanted.join(done, "image_id", "left_anti")
    action = f"images processed by {eye.model}"
    work = ChunkedWork(todo, ["image_id"], config.features.chunk, eye.model, "features", action)

    def see(rows: DataFrame, count: int, place: Path) -> None:
        jpegs = images.join(F.broadcast(rows.select("image_id")), "image_id").select("image_id", "jpeg")
        spread = jpegs.repartition(
            chunks.count_partitions(context.spark, count, per_core=1)
        )  # all pictures cost alike
        features(spread, eye, config.features.batch).write.mode("overwrite").parquet(f"file://{place}")

    spark, folder = context.spark, context.scratch / "seen"
    parts = chunks.run_in_chunks(context, work, folder, see)
    made = spark.read.schema(OUTCOME).parquet(*parts) if parts else spark.createDataFrame([], OUTCOME)
    _check_seen(made, folder)
    keep = (
        known.select("image_id", "model")
        .where(F.col("model") != model)
        .unionByName(images.select("image_id", model.alias("model")))
    )
    rows = made.select("image_id", model.alias("model"), "vector").select(*schemas.FEATURES.columns)
    return {schemas.FEATURES.name: Change(rows=rows, keep=keep)}


def pictures(config: Config, coins: DataFrame, splits: DataFrame) -> DataFrame:
    """`image_id` of the coins that the configuration asks for, each once. Raises InputError where there is none."""
    asked = config.features
    chosen = coins.where("image_id IS NOT NULL")
    if asked.mints:
        there = {row["mint"] for row in chosen.select("mint").distinct().collect()}
        if absent := sorted(set(asked.mints) - there):
            raise InputError(
                f"features.mints: no coin of {absent[0]!r} has a picture; there are {', '.join(sorted(there))}"
            )
        chosen = chosen.where(F.col("mint").isin(*asked.mints))
    if asked.split:
        side = (F.col("layer") == layer_of(config)) & (F.col("fold") == 0) & (F.col("split") == asked.split)
        chosen = chosen.join(
            splits.where(side).select("coin_id", "medium"), ["coin_id", "medium"], "left_semi"
        )
    found = chosen.select("image_id").distinct()
    if found.isEmpty():
        raise InputError(
            f"features: no coin with a picture is in features.mints {list(asked.mints)}, features.split "
            f"{asked.split!r} of layer {layer_of(config)!r}; see what `splits` and `coins` hold"
        )
    return found


def _check_there(wanted: DataFrame, images: DataFrame, size: int) -> None:
    """InputError where a picture that `coins` speaks of is not in `images`."""
    lost = wanted.join(images.select("image_id"), "image_id", "left_anti")
    if some := [row["image_id"] for row in lost.orderBy("image_id").limit(_SHOWN).collect()]:
        raise InputError(
            f"features: {lost.count():,} pictures that `coins` speaks of are not in `images` at size {size}, such "
            f"as {', '.join(some)}; run `coinspark ingest --force`, which makes what is missing"
        )


def _check_seen(made: DataFrame, folder: Path) -> None:
    """InputError naming pictures without a vector. Their chunks go, or mended pictures would find them there; others stay."""
    chunk = F.regexp_extract(F.input_file_name(), "/([^/]+)/[^/]+$", 1)
    bad = made.where("fault IS NOT NULL").select("image_id", "fault", chunk.alias("chunk"))
    if some := bad.orderBy("image_id").limit(_SHOWN).collect():
        found = {row["chunk"]: row["count"] for row in bad.groupBy("chunk").count().collect()}
        for name in found:
            shutil.rmtree(folder / name)
        named = "; ".join(f"{row['image_id']}: {row['fault']}" for row in some)
        raise InputError(
            f"features: {sum(found.values()):,} pictures of `images` cannot be used ({named}); nothing was "
            "published. They were whole when ingest wrote them: see whether the warehouse's storage is sound"
        )


def _reads(config: Config) -> tuple[str, ...]:
    """The tables that this configuration asks for: clusters come before splits and runs, and must not wait for them."""
    needs = {
        "splits": config.features.split is not None,
        "runs": config.features.weights == "run",
        "networks": config.features.weights == "deepcluster",
    }
    return ("coins", "images", *(name for name, needed in needs.items() if needed))


def scheduled(config: Config) -> bool:
    """Whether features are a part of the nightly build: where asked for, or where a layer is made of clusters."""
    return bool(config.layers_reading("clusters")) or config.features.nightly


STAGE = Stage(
    name="features",
    help="A vector per image from the convolutions of a network.",
    reads=_reads,
    writes=(schemas.FEATURES.name,),
    settings=settings,
    build=build,
    outside=lambda config: precision(config.features.precision),
    scheduled=scheduled,
)
