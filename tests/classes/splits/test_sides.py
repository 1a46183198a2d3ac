"""Sides of units: shares, folds and repeats, stability, and independence of row order."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from pyspark.sql import SparkSession
from scipy.stats import binom

from coinspark.classes.splits.repairs import MovedUnit
from coinspark.classes.splits.sides import assign_sides, class_counts, members
from coinspark.config import Splits
from coinspark.warehouse.local_frame import local_frame

ROWS = "layer string, coin_id string, medium string, mint string, class string, unit string"
Sides = dict[tuple[int, str], str]  # (fold, unit) → side


def sides(
    spark: SparkSession, units: range, settings: Splits, seed: int = 1, moved: tuple[MovedUnit, ...] = ()
) -> Sides:
    """Sides of coins that are their own units."""
    rows = [("mint", f"c{i}", "original", "Rome", "Rome", f"c{i}") for i in units]
    assigned = assign_sides(local_frame(spark, rows, ROWS), moved, settings, seed).collect()
    assert len(assigned) == len(units) * settings.folds * settings.repeats
    return {(row["fold"], row["unit"]): row["split"] for row in assigned}


def expect_share(count: int, n: int, share: float) -> None:
    """Fail if a count lies outside the 99.99 % interval of n independent draws."""
    low, high = binom.interval(0.9999, n, share)
    assert low <= count <= high, f"{count} of {n}, expected {share:.3f}"


def test_shares_of_one_fold_are_those_of_the_settings(spark: SparkSession) -> None:
    counts = Counter(sides(spark, range(3000), Splits(test=0.2, validation=0.1)).values())
    expect_share(counts["test"], 3000, 0.2)
    expect_share(counts["validation"], 3000, 0.1)
    assert counts["train"] == 3000 - counts["test"] - counts["validation"]


@pytest.mark.parametrize("validation", [0.1, 0.0])
def test_folds_test_every_unit_once_in_each_repeat(spark: SparkSession, validation: float) -> None:
    settings = Splits(folds=3, repeats=2, validation=validation)
    side_of = sides(spark, range(1000), settings)
    tested = defaultdict(list)
    for (fold, unit), side in sorted(side_of.items()):
        if side == "test":
            tested[unit].append(fold)
    assert len(tested) == 1000
    assert {tuple(fold // 3 for fold in folds) for folds in tested.values()} == {(0, 1)}
    for fold in range(6):
        counts = Counter(side for (own, _), side in side_of.items() if own == fold)
        expect_share(counts["test"], 1000, 1 / 3)
        expect_share(counts["validation"], 1000, validation)


def test_repeats_and_seeds_are_independent(spark: SparkSession) -> None:
    repeats = sides(spark, range(2000), Splits(test=0.2, repeats=2))
    other = sides(spark, range(2000), Splits(test=0.2), seed=2)
    tested = [{unit for (own, unit), side in repeats.items() if own == n and side == "test"} for n in (0, 1)]
    tested.append({unit for (_, unit), side in other.items() if side == "test"})
    for first, second in ((0, 1), (0, 2), (1, 2)):
        expect_share(len(tested[first] & tested[second]), 2000, 0.2 * 0.2)


def test_validation_units_of_one_fold_are_independent_of_another(spark: SparkSession) -> None:
    side_of = sides(spark, range(2000), Splits(folds=4, validation=0.3))
    both = [
        unit for unit in {unit for _, unit in side_of} if side_of[0, unit] == side_of[1, unit] == "validation"
    ]
    # Half of the units are tested in neither fold, and 0.4 of those in each are validation units.
    expect_share(len(both), 2000, 0.5 * 0.4 * 0.4)


@pytest.mark.parametrize("settings", [Splits(), Splits(folds=5, repeats=2)])
def test_new_coins_move_no_known_unit(spark: SparkSession, settings: Splits) -> None:
    known = sides(spark, range(500), settings)
    more = sides(spark, range(505), settings)
    assert {key: side for key, side in more.items() if key in known} == known


def test_side_depends_on_the_unit_alone(spark: SparkSession) -> None:
    rows = [
        (layer, f"c{i}", medium, mint, f"{mint}/{layer}", f"u{i // 2}")
        for i in range(40)
        for layer in ("mint", "design")
        for medium, mint in (("original", "Rome"), ("plaster", "Ilion"))
    ]
    frame = local_frame(spark, rows, ROWS)
    first, second = (
        assign_sides(part, (), Splits(), 1).collect()
        for part in (frame, frame.orderBy("medium", "class").repartition(5, "coin_id"))
    )
    assert sorted(map(tuple, first)) == sorted(map(tuple, second))
    unit_sides = defaultdict(set)
    for row in first:
        unit_sides[row["unit"]].add(row["split"])
    assert len(unit_sides) == 20 and all(len(side) == 1 for side in unit_sides.values())


def test_moved_units_have_their_new_side(spark: SparkSession) -> None:
    settings, before = Splits(repeats=2), sides(spark, range(30), Splits(repeats=2))
    unit = next(unit for (fold, unit), side in before.items() if fold == 1 and side == "train")
    after = sides(spark, range(30), settings, moved=(MovedUnit(1, unit, "mint", "Rome", "train", "test"),))
    assert after == {**before, (1, unit): "test"}


def test_counts_and_members_agree_with_the_assigned_sides(spark: SparkSession) -> None:
    settings = Splits(folds=2, repeats=2, validation=0.3)
    side_of = sides(spark, range(40), settings)
    classes = {f"c{i}": [("design", "owl" if i % 3 else "Rome"), ("mint", "Rome")] for i in range(40)}
    rows = [(unit, *key) for unit, keys in classes.items() for key in keys]
    frame = local_frame(spark, rows, "unit string, layer string, class string")
    counted = class_counts(frame, settings, 1)
    for key, own in counted.items():
        units = [unit for unit in classes if key in classes[unit]]
        for side, fold in [(side, fold) for side in ("test", "train", "validation") for fold in range(4)]:
            assert own[side, fold] == sum(side_of[fold, unit] == side for unit in units)
    found = members(frame, [("design", "Rome")], settings, 1)
    assert {member.unit for member in found} == {f"c{i}" for i in range(0, 40, 3)}
    for member in found:
        assert list(member.classes) == [("design", "Rome"), ("mint", "Rome")]
        assert list(member.sides) == [side_of[fold, member.unit] for fold in range(4)]
        # The position decides the fold that tests the unit: the lower half in the first of a repeat.
        first = [int(position >= 0.5) + 2 * repeat for repeat, position in enumerate(member.positions)]
        assert [fold for fold in range(4) if member.sides[fold] == "test"] == first
        assert "test" not in member.rest and all(
            member.rest[fold] == member.sides[fold] for fold in range(4) if fold not in first
        )
