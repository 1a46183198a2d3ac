"""The stage `classes`: every class layer of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import DataFrame

from coinspark.classes.coins import coin_facts
from coinspark.classes.kinds import KINDS
from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.ingest.frames import mint_sizes
from coinspark.pipeline.stage import Change, Context, Stage
from coinspark.warehouse.schemas import CLASSES


def build(context: Context) -> Mapping[str, DataFrame | Change]:
    """{"classes": rows of all layers}.

    Raises:
        InputError: There are no coins, or a layer splits a mint that no coin has.
    """
    coins = context.read("coins")
    sizes = mint_sizes(coins)
    if not sizes:
        raise InputError("classes: the table coins is empty; run `coinspark ingest` with a source first")
    facts = coin_facts(coins)
    prepared: dict[str, DataFrame] = {}
    rows = []
    for layer in context.config.layers:
        kind = KINDS[layer.kind]
        mints = layer.split.mints_of(sizes, layer.name)
        if kind.splits_mints:
            if mints:
                context.say(f"classes: layer {layer.name} splits {', '.join(mints)}")
            else:
                context.notice(
                    f"classes: layer {layer.name} splits no mint; set split.mints, split.larger_than or "
                    "split.largest"
                )
        if layer.kind not in prepared:
            # Read by every layer of the kind, by some twice: computed once, and on disk where it is large.
            prepared[layer.kind] = kind.prepare(facts, context.read, context.config).persist()
        rows.append(kind.assign(prepared[layer.kind], layer, mints))
    return {CLASSES.name: reduce(DataFrame.unionByName, rows)}


def _reads(config: Config) -> tuple[str, ...]:
    tables = [table for layer in config.layers for table in KINDS[layer.kind].reads]
    return tuple(dict.fromkeys(["coins", *tables]))


STAGE = Stage(
    name="classes",
    help="Build class layers; print the new classes and sizes.",
    reads=_reads,
    writes=(CLASSES.name,),
    settings=lambda config: [list(config.layers), list(config.entities.engines_by_priority)],
    build=build,
    modules=lambda config: tuple(sorted({KINDS.module(layer.kind) for layer in config.layers})),
)
