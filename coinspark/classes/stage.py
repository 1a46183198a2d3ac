"""The stage `classes`: coins, entities and clusters → every class layer of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import DataFrame

from coinspark.classes import layers
from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.entities import trusted
from coinspark.pipeline.stage import Change, Context, Stage
from coinspark.vision import split_mints
from coinspark.warehouse.schemas import CLASSES


def build(context: Context) -> Mapping[str, DataFrame | Change]:
    """{"classes": a CLASSES frame}: each layer with its coins. InputError where a layer splits a mint that is not there."""
    coins = context.read("coins")
    sizes = split_mints.sizes(coins)
    if not sizes:
        raise InputError("classes: there is no coin; run `ingest` with a source first")
    # Every layer reads it, some twice (to choose, and to place): made once, and spilled to disk where it is large.
    found = trusted.trusted(context.read("entities"), context.config.entities.trusted)
    clusters = context.read("clusters") if context.config.clustered else None
    known = layers.with_evidence(coins, found, clusters).persist()
    made = []
    for settings in context.config.layers:
        split = split_mints.split_mints(sizes, settings.split, settings.name)
        if settings.kind in ("entities", "clusters"):
            told = ", ".join(split) or "no mint: give it split.mints, split.over or split.biggest"
            context.say(f"classes: layer {settings.name} splits {told}")
        made.append(layers.LAYERS[settings.kind](known, settings, split))
    return {CLASSES.name: reduce(DataFrame.unionByName, made)}


def _reads(config: Config) -> tuple[str, ...]:
    return ("coins", "entities", *(("clusters",) if config.clustered else ()))


STAGE = Stage(
    name="classes",
    help="Class layers from entities and clusters; prints the new classes and their sizes.",
    reads=_reads,
    writes=(CLASSES.name,),
    settings=lambda config: [list(config.layers), list(config.entities.trusted)],
    build=build,
)
