"""The stage `classes`: coins, entities and clusters → every class layer of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import DataFrame

from coinspark import mints
from coinspark.classes import layers
from coinspark.entities import union
from coinspark.errors import InputError
from coinspark.schemas import CLASSES
from coinspark.stage import Change, Context, Stage


def build(context: Context) -> Mapping[str, DataFrame | Change]:
    """{"classes": a CLASSES frame}: each layer with its coins. InputError where a layer splits a mint that is not there."""
    coins = context.read("coins")
    sizes = mints.sizes(coins)
    if not sizes:
        raise InputError("classes: there is no coin; run `ingest` with a source first")
    # Every layer reads it, some twice (to choose, and to place): made once, and spilled to disk where it is large.
    found = union.trusted(context.read("entities"), context.config.entities.trusted)
    clusters = context.read("clusters") if context.config.clustered else None
    known = layers.with_evidence(coins, found, clusters).persist()
    made = []
    for settings in context.config.layers:
        split = mints.split_mints(sizes, settings.split, settings.name)
        if settings.kind in ("entities", "clusters"):
            told = ", ".join(split) or "no mint: give it split.mints, split.over or split.biggest"
            context.say(f"classes: layer {settings.name} splits {told}")
        made.append(layers.LAYERS[settings.kind](known, settings, split))
    return {CLASSES.name: reduce(DataFrame.unionByName, made)}


STAGE = Stage(
    name="classes", reads=("coins", "entities", "clusters"), writes=(CLASSES.name,),
    settings=lambda config: [list(config.layers), list(config.entities.trusted)],
    build=build, code=("classes/layers.py", "classes/stage.py", "classes/plan.py", "classes/patterns.py", "classes/choose.py",
                       "classes/telling.py", "entities/union.py", "mints.py", "vision/whole.py"),
    used=lambda config: ("coins", "entities", *(("clusters",) if config.clustered else ())),
)
