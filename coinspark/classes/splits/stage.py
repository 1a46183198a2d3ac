"""The stage `splits`: classes and coins → splits, audited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.classes.kinds import KINDS
from coinspark.classes.splits import assignment
from coinspark.config import Config
from coinspark.core.errors import AuditError, InputError
from coinspark.pipeline.stage import Change, Context, Stage


def build(context: Context) -> Mapping[str, DataFrame | Change]:
    """{"splits": a SPLITS frame}. Raises InputError where nothing is left to learn, AuditError where a promise is broken."""
    settings, seed = context.config.splits, context.config.seed
    typed = _by_type(context.config)
    coins = context.read("coins").where("image_id IS NOT NULL")
    rows = assignment.photographed(context.read("classes"), coins)

    before = _collect(assignment.sizes(rows))
    if not before:
        raise InputError(
            "splits: no coin of any class layer has a picture; a source with photos is needed to train"
        )
    first = assignment.plan(before, settings.min_coins, typed, settings.exclude_mints)
    tied = (
        {}
        if settings.by == "coin"
        else assignment.components(row["types"] for row in assignment.type_links(coins).collect())
    )
    names = {name: len({key[2] for key in before if key[0] == name}) for name in {key[0] for key in before}}
    coarse_first = sorted(names, key=lambda name: (names[name], name))
    units = assignment.units(coins, settings.by, tied)
    # Both are read several times below, by the audit above all, and small: keep them.
    sided = assignment.assign(assignment.follow(rows, first), units, coarse_first, settings, seed).persist()
    after = _collect(assignment.sizes(sided, settings.folds))
    last = assignment.plan(after, settings.min_coins, typed)
    made = assignment.follow(sided, last).persist()

    for line in told(before, first, after, last):
        context.say(line)
    for absent in sorted(set(settings.exclude_mints) - {key[1] for key in before}):
        context.say(f"splits.exclude_mints: there is no mint {absent!r}")
    _learnable(made, sorted(names), settings.min_coins, before)
    if faults := assignment.audit(made):
        raise AuditError("splits: " + "; ".join(faults))
    return {"splits": made}


def told(
    before: assignment.Sizes, first: assignment.Plan, after: assignment.Sizes, last: assignment.Plan
) -> list[str]:
    """What was moved, a line for the mints that left, then by layer for the classes that went back or out."""
    mints = [f"{mint} ({why})" for mint, why in sorted({**last.mints, **first.mints}.items())]
    lines = [f"{len(mints)} mints leave every layer: {_some(mints)}"] if mints else []
    moves = [(move, before[move[:3]][0]) for move in first.moves] + [
        (move, after[move[:3]][0]) for move in last.moves
    ]
    for layer in sorted({move[0] for move, _ in moves}):
        back = [f"{move[2]} ({n})" for move, n in moves if move[0] == layer and move[3] is not None]
        out = [f"{move[2]} ({n})" for move, n in moves if move[0] == layer and move[3] is None]
        for names, where in ((back, "back in their mint"), (out, "out of the layer")):
            if names:
                lines.append(f"layer {layer}: {len(names)} classes {where}: {_some(names)}")
    return lines


def _some(names: list[str], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _learnable(made: DataFrame, layers: list[str], threshold: int, before: assignment.Sizes) -> None:
    """Every layer must have at least two classes; otherwise InputError names the layer and its biggest class."""
    left = {
        row["layer"]: row["n"]
        for row in made.groupBy("layer").agg(F.countDistinct("class").alias("n")).collect()
    }
    for layer in layers:
        if left.get(layer, 0) < 2:
            size, name = max((n[0], key[2]) for key, n in before.items() if key[0] == layer)
            raise InputError(
                f"splits: layer {layer!r} has {left.get(layer, 0)} classes of at least {threshold} coins that can be "
                f"trained and tested, two are needed (biggest: {name!r} with {size}); lower splits.min_coins, "
                f"split by coin, or take the layer out of `layers`"
            )


def _collect(frame: DataFrame) -> assignment.Sizes:
    return {(row["layer"], row["mint"], row["class"]): tuple(row["counts"]) for row in frame.collect()}


def _settings(config: Config) -> Any:
    return {"splits": config.splits, "seed": config.seed, "by_type": _by_type(config)}


def _by_type(config: Config) -> list[str]:
    return [layer.name for layer in config.layers if KINDS[layer.kind].by_type]


STAGE = Stage(
    name="splits",
    help="Training, validation and test side of each coin in each layer.",
    reads=lambda config: ("classes", "coins"),
    writes=("splits",),
    settings=_settings,
    build=build,
)
