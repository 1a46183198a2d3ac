"""The stage `splits`: the side of every coin in every layer, audited, and the classes that changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from coinspark.classes.kinds import KINDS
from coinspark.classes.splits import repairs, shared_photos, sides, thin_classes
from coinspark.classes.splits.audit import audit
from coinspark.classes.splits.moved_classes import Move, moved_classes
from coinspark.classes.splits.repairs import ClassKey, MovedUnit
from coinspark.classes.splits.thin_classes import Sizes
from coinspark.classes.splits.units import unit_of_coins
from coinspark.config import Config, Splits
from coinspark.core.errors import AuditError, InputError
from coinspark.pipeline.stage import Change, Context, Stage
from coinspark.warehouse.local_frame import local_frame
from coinspark.warehouse.schemas import MOVED_CLASSES, MOVED_UNITS, SPLITS

_SHOWN = 12  # classes or mints that a progress line names


def build(context: Context) -> Mapping[str, DataFrame | Change]:
    """{"splits", "moved_classes", "moved_units"}.

    Raises:
        InputError: No coin has an image, or a layer has fewer than two classes left.
        AuditError: The splits violate a guarantee.
    """
    settings, type_layers = context.config.splits, _type_layers(context.config)
    coins = context.read("coins").where("image_id IS NOT NULL")
    rows = context.read("classes").join(coins.select("coin_id", "medium"), ["coin_id", "medium"], "left_semi")

    sizes = thin_classes.collect_sizes(rows)
    if not sizes:
        raise InputError("splits: no coin of any class layer has an image; add a source with photos")
    shared = shared_photos.shared_photos(coins).persist()
    if line := shared_photos.describe(shared, coins):
        context.notice(line)
    by_size = thin_classes.correct(sizes, settings.min_coins, type_layers, settings.exclude_mints)
    # These frames are small and read several times, mostly by the audit.
    kept = (
        thin_classes.apply(rows, by_size).join(unit_of_coins(coins, shared, settings.by), "coin_id").persist()
    )
    moved_units = _repair(kept, settings, context.config.seed)
    assigned = sides.assign_sides(kept, moved_units, settings, context.config.seed).persist()
    by_side = thin_classes.correct(
        thin_classes.collect_sizes(assigned, len(settings.all_folds)), settings.min_coins, type_layers
    )
    splits = thin_classes.apply(assigned, by_side).persist()

    moves = moved_classes(sizes, [by_size, by_side])
    for line in [*summary(moves, {**by_side.excluded, **by_size.excluded}), *describe_repairs(moved_units)]:
        context.notice(line)
    for mint in sorted(set(settings.exclude_mints) - {key[1] for key in sizes}):
        context.notice(f"splits.exclude_mints: no coin has the mint {mint!r}")
    _check_two_classes(splits, sizes, settings.min_coins)
    if faults := audit(splits, coins, settings):
        raise AuditError("splits: " + "; ".join(faults))
    return {
        SPLITS.name: splits,
        MOVED_CLASSES.name: local_frame(context.spark, moves, MOVED_CLASSES.ddl),
        MOVED_UNITS.name: local_frame(context.spark, moved_units, MOVED_UNITS.ddl),
    }


def summary(moves: Sequence[Move], excluded: Mapping[str, str]) -> list[str]:
    """Progress lines: the mints that leave every layer, then the other moved classes of each layer."""
    mints = [f"{mint} ({reason})" for mint, reason in sorted(excluded.items())]
    lines = [f"{len(mints)} mints leave every layer: {_some(mints)}"] if mints else []
    others = [move for move in moves if move.mint not in excluded]
    for layer in sorted({move.layer for move in others}):
        own = [move for move in others if move.layer == layer]
        merged = [f"{move.name} ({move.coins})" for move in own if move.new_class is not None]
        dropped = [f"{move.name} ({move.coins})" for move in own if move.new_class is None]
        for names, what in ((merged, "merged into their mint"), (dropped, "dropped")):
            if names:
                lines.append(f"layer {layer}: {len(names)} classes {what}: {_some(names)}")
    return lines


def describe_repairs(moved: Sequence[MovedUnit]) -> list[str]:
    """A progress line that names the classes for which units changed side; none without such a class."""
    units = defaultdict[ClassKey, set[str]](set)
    for move in moved:
        units[move.layer, move.name].add(move.unit)
    if not units:
        return []
    names = [f"{name} of layer {layer} ({len(own)})" for (layer, name), own in sorted(units.items())]
    total = len(set().union(*units.values()))
    return [
        f"{total} units moved to another side for classes without test or training images: {_some(names)}"
    ]


def _repair(rows: DataFrame, settings: Splits, seed: int) -> list[MovedUnit]:
    """The units that change side. Only units of classes that lack one are collected."""
    classes = rows.select("unit", "layer", "class").distinct().persist()
    counts = sides.class_counts(classes, settings, seed)
    if not (lacking := repairs.lacking(counts, settings.folds)):
        return []
    members = sides.members(classes, lacking, settings, seed)
    return repairs.repair(counts, members, settings.folds, settings.repeats)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _check_two_classes(splits: DataFrame, sizes: Sizes, min_coins: int) -> None:
    """Raise InputError if a layer has fewer than two classes; the message names its largest class."""
    rows = splits.groupBy("layer").agg(F.countDistinct("class").alias("n")).collect()
    classes = {row["layer"]: row["n"] for row in rows}
    for layer in sorted({key[0] for key in sizes}):
        if classes.get(layer, 0) < 2:
            coins, name = max((counts[0], key[2]) for key, counts in sizes.items() if key[0] == layer)
            raise InputError(
                f"splits: layer {layer!r} has {classes.get(layer, 0)} classes of at least {min_coins} coins "
                f"that can be trained and tested, but needs two (largest: {name!r} with {coins}); lower "
                "splits.min_coins, set splits.by to coin, or remove the layer from `layers`"
            )


def _settings(config: Config) -> Any:
    return {"splits": config.splits, "seed": config.seed, "by_type": _type_layers(config)}


def _type_layers(config: Config) -> list[str]:
    return [layer.name for layer in config.layers if KINDS[layer.kind].by_type]


STAGE = Stage(
    name="splits",
    help="Assign coins to training, validation and test.",
    reads=lambda config: ("classes", "coins"),
    writes=(SPLITS.name, MOVED_CLASSES.name, MOVED_UNITS.name),
    settings=_settings,
    build=build,
)
