"""Repairs: the fewest units that must change side so that every class can be trained and tested in each fold.

The hash of a unit may leave a small class without a test or training unit in a fold. One unit of such a class
moves: the one whose position is nearest to the side that lacks one, and among several the one that helps most
classes. No move takes the last test or training unit of a fold from another class. Classes with too few units
for a test unit in each fold are left to `thin_classes`.

A moved unit stays the same when coins are added, unless the class needs no repair any more or a new unit is
nearer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

ClassKey = tuple[str, str]
"""layer, class"""
Counts = Mapping[ClassKey, Mapping[tuple[str, int], int]]
"""Class → (side, fold) → number of its units; every class has all sides and folds."""
NEEDED = ("test", "train")


class Member(NamedTuple):
    """A unit of a class that lacks units.

    Attributes:
        classes: Its classes in all layers.
        sides: Its side in each fold.
        rest: Its side in each fold if it is not tested there.
        positions: Its number in [0, 1) in each repeat, which decides when it is tested: low ones first.
    """

    unit: str
    classes: tuple[ClassKey, ...]
    sides: Sequence[str]
    rest: Sequence[str]
    positions: Sequence[float]


class MovedUnit(NamedTuple):
    """A row of `moved_units`: a unit with another side than its hash gives, and the class that needed it."""

    fold: int
    unit: str
    layer: str
    name: str
    hashed: str
    split: str


def lacking(counts: Counts, folds: int) -> list[ClassKey]:
    """The classes to repair, smallest first: enough units, but no test or training unit in some fold.

    Args:
        folds: Number of folds of a repeat.
    """
    keys = [key for key, own in counts.items() if _can_be_complete(own, folds) and 0 in _needed(own)]
    return sorted(keys, key=lambda key: (_size(counts[key]), key))


def repair(counts: Counts, members: Sequence[Member], folds: int, repeats: int) -> list[MovedUnit]:
    """The moves that give the classes of `lacking` test and training units in each fold, by fold and unit.

    A class stays incomplete if another class would lose its last unit with each move.

    Args:
        counts: Of all classes.
        members: The units of the classes of `lacking`.
        folds: Number of folds of a repeat.
    """
    state = _State(
        {key: dict(own) for key, own in counts.items() if _can_be_complete(own, folds)},
        {member.unit: list(member.sides) for member in members},
    )
    units_of: dict[ClassKey, list[Member]] = defaultdict(list)
    for member in members:
        for key in member.classes:
            units_of[key].append(member)
    for repeat, side, key in product(range(repeats), NEEDED, lacking(counts, folds)):
        block = range(repeat * folds, (repeat + 1) * folds)
        for fold in block:
            if not state.counts[key][side, fold]:
                _move_nearest(state, units_of[key], key, side, fold, block)
    sides_of = {member.unit: member.sides for member in members}
    return [
        MovedUnit(fold, unit, *key, sides_of[unit][fold], state.sides[unit][fold])
        for (fold, unit), key in sorted(state.reasons.items())
        if sides_of[unit][fold] != state.sides[unit][fold]
    ]


@dataclass
class _State:
    """Counts of the classes that can be complete, sides of the members, and the class that needed a change.

    All of them change with each move.
    """

    counts: dict[ClassKey, dict[tuple[str, int], int]]
    sides: dict[str, list[str]]
    reasons: dict[tuple[int, str], ClassKey] = field(default_factory=dict)

    def allows(self, member: Member, change: Mapping[int, str]) -> bool:
        """Whether no class loses its last test or training unit of a fold."""
        leaving = [(self.sides[member.unit][fold], fold) for fold in change]
        own = [self.counts[key] for key in member.classes if key in self.counts]
        return all(counts[key] != 1 for key in leaving if key[0] in NEEDED for counts in own)

    def helped(self, member: Member, side: str, fold: int) -> int:
        """Number of the unit's classes that lack this side in this fold."""
        return sum(self.counts[key][side, fold] == 0 for key in member.classes if key in self.counts)

    def apply(self, member: Member, change: Mapping[int, str], reason: ClassKey) -> None:
        """Move a unit."""
        sides = self.sides[member.unit]
        for fold, side in change.items():
            for key in member.classes:
                if key in self.counts:
                    self.counts[key][sides[fold], fold] -= 1
                    self.counts[key][side, fold] += 1
            sides[fold] = side
            self.reasons[fold, member.unit] = reason


def _move_nearest(
    state: _State, members: Sequence[Member], key: ClassKey, side: str, fold: int, block: range
) -> None:
    """Move a unit of the class to a side in a fold, if possible."""
    repeat = fold // len(block)
    sign = 1 if side == "test" else -1  # low positions are tested
    moves = []
    for member in members:
        change = _change(member, state.sides[member.unit], side, fold, block)
        if change and state.allows(member, change):
            order = (-state.helped(member, side, fold), sign * member.positions[repeat], member.unit)
            moves.append((order, member, change))
    if moves:
        _, member, change = min(moves, key=lambda move: move[0])
        state.apply(member, change, key)


def _change(
    member: Member, sides: Sequence[str], side: str, fold: int, block: range
) -> Mapping[int, str] | None:
    """Fold → new side, so that the unit is on this side in this fold; None if that is not possible.

    Args:
        sides: The current side of the unit in each fold.
        block: The folds of the repeat. If there are several, the unit stays tested in exactly one.
    """
    if len(block) == 1:
        return {fold: side}
    if side == "train":
        return {fold: side} if sides[fold] == "validation" else None
    tested = next(other for other in block if sides[other] == "test")
    return {fold: side, tested: member.rest[tested]}


def _can_be_complete(counts: Mapping[tuple[str, int], int], folds: int) -> bool:
    """Whether the class has enough units for a test and a training unit in each fold of a repeat."""
    return _size(counts) >= max(folds, 2)


def _size(counts: Mapping[tuple[str, int], int]) -> int:
    """Units of the class: those of fold 0."""
    return sum(n for (_, fold), n in counts.items() if fold == 0)


def _needed(counts: Mapping[tuple[str, int], int]) -> list[int]:
    return [n for (side, _), n in counts.items() if side in NEEDED]
