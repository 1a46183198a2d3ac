"""What became of each class that the splits do not contain as the layer made it, with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from coinspark.classes.splits.thin_classes import Corrections, Key, Sizes


class Move(NamedTuple):
    """A row of `moved_classes`: the coins of a class are in `new_class` now, or in none if it is None."""

    layer: str
    mint: str
    name: str
    coins: int
    new_class: str | None
    reason: str


def moved_classes(sizes: Sizes, rounds: Sequence[Corrections]) -> list[Move]:
    """The classes that changed in these rounds of corrections, sorted by layer, mint and class."""
    moves = []
    for key, counts in sorted(sizes.items()):
        new_class, reason = _follow(key, rounds)
        if new_class != key[2]:
            moves.append(Move(*key, counts[0], new_class, reason))
    return moves


def _follow(key: Key, rounds: Iterable[Corrections]) -> tuple[str | None, str]:
    """The class of a coin of class `key` after the rounds, and the reason of the last change."""
    layer, mint, name = key
    reason = ""
    for corrections in rounds:
        current = (layer, mint, name)
        if current[1] in corrections.excluded:
            return None, corrections.excluded[mint]
        if current in corrections.dropped:
            return None, corrections.dropped[current]
        if current in corrections.merged:
            name, reason = mint, corrections.merged[current]
    return name, reason
