"""Repairs: which units change side so that every class has test and training units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from coinspark.classes.splits.repairs import Counts, Member, MovedUnit, lacking, repair

ROME, WOLF, MARS = ("mint", "Rome"), ("design", "Rome/wolf"), ("design", "Rome/Mars")


def unit(name: str, position: float, sides: str, *classes: tuple[str, str], rest: str = "") -> Member:
    """A unit with one letter per fold for its side, and for its side in folds that do not test it."""
    words = {"t": "train", "v": "validation", "x": "test"}
    return Member(
        name,
        classes,
        [words[letter] for letter in sides],
        [words[letter] for letter in rest or "t" * len(sides)],
        [position] * len(sides),
    )


def counts(units: Sequence[Member]) -> Counts:
    total: dict[tuple[str, str], Counter[tuple[str, int]]] = {}
    for member in units:
        for key in member.classes:
            own = total.setdefault(key, Counter())
            for fold in range(len(member.sides)):
                for side in ("test", "train", "validation"):
                    own[side, fold] += member.sides[fold] == side
    return total


def repaired(units: Sequence[Member], folds: int = 1) -> list[MovedUnit]:
    return repair(counts(units), units, folds, len(units[0].sides) // folds)


def test_class_without_test_unit_gets_the_one_nearest_to_the_test_side() -> None:
    units = [
        unit("a", 0.1, "x", ROME, MARS),
        unit("b", 0.9, "t", ROME, MARS),
        unit("c", 0.4, "t", ROME, WOLF),
        unit("d", 0.3, "t", ROME, WOLF),
        unit("e", 0.8, "t", ROME, WOLF),
    ]
    assert lacking(counts(units), 1) == [WOLF]
    assert repaired(units) == [MovedUnit(0, "d", *WOLF, "train", "test")]


def test_class_without_training_unit_gets_the_one_nearest_to_the_training_side() -> None:
    units = [
        unit("a", 0.05, "x", ROME, WOLF),
        unit("b", 0.1, "x", ROME, WOLF),
        unit("c", 0.25, "v", ROME, WOLF),
        unit("d", 0.5, "t", ROME, MARS),
        unit("e", 0.15, "x", ROME, MARS),
    ]
    assert repaired(units) == [MovedUnit(0, "c", *WOLF, "validation", "train")]
    without_validation = [member for member in units if member.unit != "c"]
    assert repaired(without_validation) == [MovedUnit(0, "b", *WOLF, "test", "train")]


def test_one_unit_serves_all_its_classes() -> None:
    type_, shared = ("type", "Rome/wolf 1"), ("type", "Rome/wolf 2")
    units = [
        unit("a", 0.3, "t", ROME, WOLF, shared),
        unit("b", 0.9, "t", ROME, WOLF, type_),
        unit("c", 0.8, "t", ROME, WOLF, type_),
        unit("d", 0.7, "t", ROME, WOLF, shared),
    ]
    # Rome and its wolf lack a test unit as well, but the units for the two types serve them.
    assert repaired(units) == [
        MovedUnit(0, "a", *shared, "train", "test"),
        MovedUnit(0, "c", *type_, "train", "test"),
    ]
    # The unit that helps more classes moves, although another one is nearer.
    helping = [unit("e", 0.25, "t", WOLF), unit("f", 0.5, "t", WOLF, MARS), unit("g", 0.4, "t", MARS)]
    assert repaired(helping) == [MovedUnit(0, "f", *MARS, "train", "test")]


def test_no_move_takes_the_last_unit_of_another_class() -> None:
    units = [unit("a", 0.1, "x", MARS), unit("b", 0.3, "t", WOLF, MARS), unit("c", 0.4, "t", WOLF)]
    assert repaired(units) == [MovedUnit(0, "c", *WOLF, "train", "test")]


def test_class_that_cannot_be_complete_is_left_and_does_not_prevent_others() -> None:
    single = ("type", "Rome/wolf 1")
    units = [unit("a", 0.3, "t", ROME, single), unit("b", 0.9, "t", ROME)]
    assert lacking(counts(units), 1) == [ROME]
    assert repaired(units) == [MovedUnit(0, "a", *ROME, "train", "test")]
    assert lacking(counts([unit("a", 0.1, "xt", WOLF), unit("b", 0.2, "xt", WOLF)]), 3) == []


def test_unit_that_moves_between_folds_is_still_tested_once() -> None:
    units = [
        unit("a", 0.1, "xtt", WOLF),
        unit("b", 0.2, "xtt", WOLF),
        unit("c", 0.3, "xtt", WOLF, rest="vtt"),
        unit("d", 0.5, "txt", WOLF),
    ]
    # Fold 2 tests no wolf. Of the three that fold 0 tests, the one with the lowest position moves.
    assert repaired(units, folds=3) == [
        MovedUnit(0, "a", *WOLF, "test", "train"),
        MovedUnit(2, "a", *WOLF, "train", "test"),
    ]
    # Fold 1 tests the only unit that fold 0 trains: the other one trains instead of validating.
    two = [unit("a", 0.1, "xt", WOLF), unit("b", 0.7, "vx", WOLF, rest="vt")]
    assert repaired(two, folds=2) == [MovedUnit(0, "b", *WOLF, "validation", "train")]


def test_repeats_are_repaired_apart() -> None:
    units = [unit("a", 0.3, "xt", WOLF), unit("b", 0.5, "tt", WOLF), unit("c", 0.9, "tt", WOLF)]
    assert repaired(units) == [MovedUnit(1, "a", *WOLF, "train", "test")]


def test_new_units_change_a_repair_only_if_they_are_nearer() -> None:
    known = [unit("b", 0.5, "t", WOLF), unit("c", 0.9, "t", WOLF)]
    moved = [MovedUnit(0, "b", *WOLF, "train", "test")]
    assert repaired(known) == repaired([*known, unit("d", 0.6, "t", WOLF)]) == moved
    assert repaired([*known, unit("a", 0.4, "t", WOLF)])[0].unit == "a"
    assert repaired([*known, unit("a", 0.1, "x", WOLF)]) == []
