"""Side of each unit by a hash of seed and unit: the same in every layer and in every build.

A unit has one number in [0, 1) per repeat, its position. It depends on nothing but the seed, the repeat and
the name of the unit, so new coins do not change the side of known ones.

- One fold: units below the test share are tested; those above them, up to both shares, are validation units.
- k folds: fold f tests the units from f / k to (f + 1) / k. A second number for each fold decides which of
  its other units are validation units.

`repairs` changes the side of a few units in classes that would have no test or no training unit.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from coinspark.classes.splits.repairs import ClassKey, Counts, Member, MovedUnit
from coinspark.config import Splits
from coinspark.warehouse.local_frame import local_frame
from coinspark.warehouse.schemas import SPLITS


def assign_sides(rows: DataFrame, moved: Sequence[MovedUnit], settings: Splits, seed: int) -> DataFrame:
    """Rows of `splits`: each row in every fold with its side.

    Args:
        rows: layer, coin_id, medium, mint, class, unit.
        moved: The units and folds whose side differs from that of the hash.
    """
    own = [(move.unit, move.fold, move.split) for move in moved]
    changes = local_frame(rows.sparkSession, own, "unit string, fold int, moved string")
    side = F.coalesce("moved", _side(F.col("fold"), settings, seed))
    return (
        _in_folds(rows, settings)
        .join(F.broadcast(changes), ["unit", "fold"], "left")
        .withColumn("split", side)
        .select(list(SPLITS.columns))
    )


def class_counts(rows: DataFrame, settings: Splits, seed: int) -> Counts:
    """Units of each class by fold and side, as the hash assigns them.

    Args:
        rows: unit, layer, class; distinct.
    """
    counted = (
        _in_folds(rows, settings)
        .withColumn("split", _side(F.col("fold"), settings, seed))
        .groupBy("layer", "class", "fold")
        .agg(*(F.count_if(F.col("split") == side).alias(side) for side in ("test", "train", "validation")))
    )
    counts: dict[ClassKey, dict[tuple[str, int], int]] = {}
    for row in counted.collect():
        own = counts.setdefault((row["layer"], row["class"]), {})
        own |= {(side, row["fold"]): row[side] for side in ("test", "train", "validation")}
    return counts


def members(rows: DataFrame, classes: Sequence[ClassKey], settings: Splits, seed: int) -> list[Member]:
    """The units of these classes, with all their classes and the sides that the hash assigns.

    Args:
        rows: unit, layer, class; distinct.
    """
    wanted = F.broadcast(local_frame(rows.sparkSession, classes, "layer string, class string"))
    units = rows.join(wanted, ["layer", "class"], "left_semi").select("unit").distinct()
    found = (
        rows.join(units, "unit", "left_semi")
        .groupBy("unit")
        .agg(F.sort_array(F.collect_set(F.struct("layer", "class"))).alias("classes"))
        .select(
            "unit",
            "classes",
            F.array(*(_side(F.lit(f), settings, seed) for f in settings.all_folds)).alias("sides"),
            F.array(*(_rest(F.lit(f), settings, seed) for f in settings.all_folds)).alias("rest"),
            F.array(*(_position(F.lit(r), seed) for r in range(settings.repeats))).alias("positions"),
        )
    )
    return [
        Member(row["unit"], tuple(map(tuple, row["classes"])), row["sides"], row["rest"], row["positions"])
        for row in found.collect()
    ]


def _in_folds(rows: DataFrame, settings: Splits) -> DataFrame:
    return rows.withColumn("fold", F.explode(F.array(*map(F.lit, settings.all_folds))))


def _side(fold: Column, settings: Splits, seed: int) -> Column:
    """The side of the column `unit` in a fold."""
    position = _position(_repeat(fold, settings), seed)
    if settings.folds == 1:
        tested = position < settings.test
    else:
        tested = F.floor(position * settings.folds) == fold % settings.folds
    return F.when(tested, "test").otherwise(_rest(fold, settings, seed))


def _rest(fold: Column, settings: Splits, seed: int) -> Column:
    """The side of the column `unit` in a fold that does not test it."""
    if settings.folds == 1:
        position, share = _position(_repeat(fold, settings), seed), settings.test + settings.validation
    else:
        # The validation share is one of all units, so it is larger among those that are not tested.
        position = _uniform(seed, "validation", fold)
        share = settings.validation * settings.folds / (settings.folds - 1)
    return F.when(position < share, "validation").otherwise("train")


def _repeat(fold: Column, settings: Splits) -> Column:
    return F.floor(fold / settings.folds).cast("int")


def _position(repeat: Column, seed: int) -> Column:
    """The position of the column `unit` in a repeat."""
    return _uniform(seed, "position", repeat)


def _uniform(seed: int, purpose: str, number: Column) -> Column:
    """A number in [0, 1) for the column `unit`: the upper 53 bits of a hash."""
    hashed = F.xxhash64(F.lit(seed).cast("bigint"), F.lit(purpose), number.cast("int"), F.col("unit"))
    return F.shiftrightunsigned(hashed, 11) * 2.0**-53
