"""Stage `features`: images of coins → feature vectors.

Incremental: images that already have a vector of the same model are skipped; rows of other models are kept.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.core.code_version import code_version
from coinspark.core.errors import InputError
from coinspark.pipeline import chunks
from coinspark.pipeline.chunks import ChunkedWork
from coinspark.pipeline.stage import Change, Context, Stage
from coinspark.vision import features
from coinspark.vision.backbones import BACKBONES
from coinspark.vision.feature_network import network_settings, select_network, source_layer
from coinspark.vision.network import resolve_precision
from coinspark.warehouse import schemas
from coinspark.warehouse.files import Location
from coinspark.warehouse.local_frame import local_frame

_EXAMPLES = 3  # images that an error message names


def build(context: Context) -> Mapping[str, DataFrame | Change]:
    """Compute the missing vectors: {"features": Change}.

    Raises InputError if weights or images are missing or differ from what the tables and the configuration
    state.
    """
    config = context.config
    network = select_network(context)
    size, model = network.image.height, F.lit(network.model)
    images = context.read("images").where(F.col("size") == size)
    published = context.reusable("features")
    selected = select_images(config, context.read("coins"), _splits(context))
    _check_images_exist(selected, images, size)
    done = published.where(F.col("model") == model).select("image_id")
    missing = selected.join(done, "image_id", "left_anti")
    todo = images.join(F.broadcast(missing), "image_id").select(
        "image_id", F.xxhash64("jpeg").alias("content")
    )
    folder = context.scratch / "vectors"

    def extract_chunk(rows: DataFrame, count: int, output: Location) -> None:
        jpegs = images.join(F.broadcast(rows.select("image_id")), "image_id").select("image_id", "jpeg")
        tasks = chunks.count_partitions(
            context.spark, count, per_core=1
        )  # one per core: all images cost the same
        vectors = features.extract(jpegs.repartition(tasks), network, config.features.batch)
        vectors.write.mode("overwrite").parquet(output.uri)

    action = f"images processed by {network.model}"
    version = f"{network.model}-{code_version(features.__name__, BACKBONES.module(network.backbone))[:16]}"
    work = ChunkedWork(todo, ["image_id"], config.features.chunk, version, "features", action)
    parts = chunks.run_in_chunks(context, work, folder, extract_chunk)
    outcome = (
        context.spark.read.schema(features.OUTCOME).parquet(*parts)
        if parts
        else local_frame(context.spark, [], features.OUTCOME)
    )
    _check_no_faults(outcome, folder)
    _check_finite(context, outcome, published.where(F.col("model") == model))
    others = published.select("image_id", "model").where(F.col("model") != model)
    keep = others.unionByName(images.select("image_id", model.alias("model")))
    rows = outcome.select("image_id", model.alias("model"), "vector").select(*schemas.FEATURES.columns)
    if context.force:  # the rows replace the table
        rows = rows.unionByName(context.read("features").where(F.col("model") != model))
    return {schemas.FEATURES.name: Change(rows=rows, keep=keep)}


def select_images(config: Config, coins: DataFrame, splits: DataFrame | None) -> DataFrame:
    """Distinct `image_id` of the coins of `features.mints` and `features.split`.

    `splits` is only used with `features.split`. Raises InputError if no coin with an image remains.
    """
    settings = config.features
    chosen = coins.where("image_id IS NOT NULL")
    if settings.mints:
        mints = {row["mint"] for row in chosen.select("mint").distinct().collect()}
        if unknown := sorted(set(settings.mints) - mints):
            raise InputError(
                f"features.mints: no coin of {unknown[0]!r} has an image; mints with images: "
                f"{', '.join(sorted(mints))}"
            )
        chosen = chosen.where(F.col("mint").isin(*settings.mints))
    if settings.split and splits is not None:
        in_split = splits.where(
            (F.col("layer") == source_layer(config))
            & (F.col("fold") == 0)
            & (F.col("split") == settings.split)
        )
        chosen = chosen.join(in_split.select("coin_id", "medium"), ["coin_id", "medium"], "left_semi")
    images = chosen.select("image_id").distinct()
    if images.isEmpty():
        raise InputError(
            f"features: no coin with an image is in features.mints {list(settings.mints)} and features.split "
            f"{settings.split!r} of layer {source_layer(config)!r}; check the tables `splits` and `coins`"
        )
    return images


def _splits(context: Context) -> DataFrame | None:
    return context.read("splits") if context.config.features.split is not None else None


def _check_images_exist(selected: DataFrame, images: DataFrame, size: int) -> None:
    """Raise InputError if an image of `coins` is not in `images`."""
    missing = selected.join(images.select("image_id"), "image_id", "left_anti")
    if examples := [row["image_id"] for row in missing.orderBy("image_id").limit(_EXAMPLES).collect()]:
        raise InputError(
            f"features: {missing.count():,} images of `coins` are missing from `images` at size {size}, such "
            "as "
            f"{', '.join(examples)}; run `coinspark ingest --force` to create them"
        )


def _check_no_faults(outcome: DataFrame, folder: Location) -> None:
    """Raise InputError if an image has no vector, after deleting its chunk: a later run computes it again."""
    chunk = F.regexp_extract(F.input_file_name(), "/([^/]+)/[^/]+$", 1)
    faulty = outcome.where("fault IS NOT NULL").select("image_id", "fault", chunk.alias("chunk"))
    if examples := faulty.orderBy("image_id").limit(_EXAMPLES).collect():
        counts = {row["chunk"]: row["count"] for row in faulty.groupBy("chunk").count().collect()}
        for name in counts:
            (folder / name).remove()
        details = "; ".join(f"{row['image_id']}: {row['fault']}" for row in examples)
        raise InputError(
            f"features: {sum(counts.values()):,} images of `images` cannot be used ({details}); nothing was "
            "published. They "
            "were valid when ingest wrote them: check the storage of the warehouse, then run `coinspark "
            "ingest --force`"
        )


def _check_finite(context: Context, outcome: DataFrame, published: DataFrame) -> None:
    """Name the new vectors with NaN or infinity, where the network overflows.

    They are published: the stage `clusters` leaves the mints of these images whole and records why.

    Args:
        published: The published vectors of the same network.

    Raises:
        InputError: No vector is finite, so that the network is at fault and not an image.
    """
    invalid = outcome.where(features.not_finite("vector"))
    if not (examples := [row["image_id"] for row in invalid.orderBy("image_id").limit(_EXAMPLES).collect()]):
        return
    count, fault = invalid.count(), "vectors with NaN or infinity"
    if count == outcome.count() and published.where(~features.not_finite("vector")).isEmpty():
        raise InputError(
            f"features: all {count:,} images have {fault}; nothing was published; check the weights "
            "(`features.weights`), or set features.precision to float32"
        )
    context.notice(
        f"features  {count:,} images have {fault}, such as {', '.join(examples)}; clusters will leave their "
        "mints whole"
    )


def _reads(config: Config) -> tuple[str, ...]:
    optional = {
        "splits": config.features.split is not None,
        "runs": config.features.weights == "run",
        "networks": config.features.weights == "deepcluster",
    }
    return ("coins", "images", *(table for table, needed in optional.items() if needed))


def scheduled(config: Config) -> bool:
    """Whether the nightly build computes features: if a layer reads clusters, or if configured."""
    return bool(config.layers_reading("clusters")) or config.features.scheduled


STAGE = Stage(
    name="features",
    help="Compute a feature vector per image.",
    reads=_reads,
    writes=(schemas.FEATURES.name,),
    settings=network_settings,
    build=build,
    outside=lambda config: resolve_precision(config.features.precision),
    modules=lambda config: (BACKBONES.module(config.training.model),),
    scheduled=scheduled,
)
