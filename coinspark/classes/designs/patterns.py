"""Which combinations of obverse and reverse name a design: the candidates among which a mint's classes are chosen.

A pattern is at most two names a side, and a type fits it that bears them all. It is named as a keeper would: each side by the
most telling name that all its coins share, a second one only where it sets the pattern apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from coinspark.classes.designs.information import Design, Telling, inside, names

Mask = npt.NDArray[np.bool_]

ATTRIBUTE = 0.5
"""A name that tells less than this share of the average mention, across mints, names no class (head, wreath, hand)."""
LEADS = 0.25
"""The first name of a side must be the most telling one there on at least this share of the pattern's coins: what stands at
somebody's feet or in somebody's hand on all of them names no design."""
TELLS = 1.5
"""What the first names of a pattern must tell together, in average mentions of its mint."""


@dataclass(frozen=True)
class Unit:
    """What goes into one class together: the coins of a type, or those of one design where coins have no (sure) type."""

    key: tuple[str, str]
    coins: int
    described: int
    obverse: frozenset[str]
    reverse: frozenset[str]


@dataclass(frozen=True)
class Pattern:
    """Names of both sides; `worth` are the bits its first names tell, `rank` decides which of two patterns is more specific."""

    obverse: tuple[str, ...]
    reverse: tuple[str, ...]
    worth: float
    rank: float

    @property
    def value(self) -> float:
        """What it is worth to have: half of `worth` where one side is not named at all."""
        return self.worth if self.obverse and self.reverse else self.worth / 2

    @property
    def name(self) -> str:
        """`Philetairos–Athena`, `any–Nike`: at most two names a side, joined by +."""
        return f"{'+'.join(self.obverse) or 'any'}–{'+'.join(self.reverse) or 'any'}"

    def fits(self, obverse: frozenset[str], reverse: frozenset[str]) -> bool:
        """Whether a coin with these names bears the pattern."""
        return obverse.issuperset(self.obverse) and reverse.issuperset(self.reverse)


def units(designs: Sequence[Design]) -> list[Unit]:
    """The units of one mint in the order of their keys. A type shows what most of its described coins show."""
    groups: dict[tuple[str, str], list[Design]] = defaultdict(list)
    for design in designs:
        groups[unit_key(design)].append(design)
    made = []
    for key, group in sorted(groups.items()):
        typical = max(group, key=lambda one: (one.described, one.coins, one.key))
        described = sum(one.coins for one in group if one.described)
        coins = sum(one.coins for one in group) if described else 0
        made.append(Unit(key, coins, described, names(typical.obverse), names(typical.reverse)))
    return made


def unit_key(design: Design) -> tuple[str, str]:
    """The type, or without a (sure) one the design itself."""
    return (design.type, "") if design.type else ("", design.key)


class Sight:
    """One mint's units as arrays, with what each name tells there: the ground on which patterns are looked for."""

    def __init__(self, members: Sequence[Unit], telling: Telling, least: int) -> None:
        self.coins = np.array([one.coins for one in members], dtype=np.int64)
        self.bits, self.mean = inside(
            [(one.obverse, one.reverse) for one in members if one.described], telling
        )
        self.kinds = telling.kinds
        telling_enough = {name for name in self.bits if telling.bits[name] >= ATTRIBUTE * telling.mean}
        self.leads, self.masks, self.sets = [], [], []
        for sides in ([one.obverse for one in members], [one.reverse for one in members]):
            masks = {name: np.array([name in one for one in sides]) for name in sorted(telling_enough)}
            masks = {name: mask for name, mask in masks.items() if self.coins[mask].sum() >= least}
            ordered = sorted(masks, key=self.order)
            pairs = [(a, b) for a, b in combinations(ordered, 2) if not self._akin(a, b)]
            sets = [
                ((), np.ones(len(members), dtype=np.bool_)),
                *(((name,), masks[name]) for name in ordered),
            ]
            sets += [(pair, masks[pair[0]] & masks[pair[1]]) for pair in pairs]
            self.sets.append([(one, mask) for one, mask in sets if self.coins[mask].sum() >= least])
            self.masks.append({name: masks[name] for name in ordered})
            self.leads.append([self._leader(one) for one in sides])

    def order(self, name: str) -> tuple[float, str]:
        """Most telling first, then by name."""
        return -self.bits[name], name

    def _akin(self, one: str, other: str) -> bool:
        return one in self.kinds.get(other, ()) or other in self.kinds.get(one, ())

    def _leader(self, one: frozenset[str]) -> frozenset[str]:
        """The most telling name of a side, and its kinds."""
        if not one:
            return frozenset()
        first = min(one, key=self.order)
        return self.kinds.get(first, frozenset()) | {first}

    def named(self, position: int, given: tuple[str, ...], mask: Mask) -> list[str] | None:
        """The names of one side of a pattern, or None where they would be too many, or only attributes of others."""
        common = [name for name, where in self.masks[position].items() if where[mask].all()]
        chosen = common[:1] + [
            name for name in given if name not in common[:1] and not self._akin(name, common[0])
        ]
        if len(chosen) > 2:
            return None
        if chosen:
            led = np.array([chosen[0] in leader for leader in self.leads[position]])
            if self.coins[mask & led].sum() < LEADS * self.coins[mask].sum():
                return None
        return chosen

    def second(self, position: int, first: str, mask: Mask) -> list[str]:
        """A second name that all coins of a side share, to tell apart two sides that would be named alike."""
        common = (name for name, where in self.masks[position].items() if where[mask].all())
        return next(([name] for name in common if name != first and not self._akin(name, first)), [])


def candidates(sight: Sight, least: int) -> tuple[list[Pattern], npt.NDArray[np.bool_]]:
    """Every pattern that `least` coins fit and that tells enough, the most specific first; and which unit fits which.

    Patterns that the same units fit are one, under the shortest name. The matrix is patterns × units.
    """
    obverses, reverses = sight.sets
    fits_obverse = np.array([mask for _, mask in obverses])
    fits_reverse = np.array([mask for _, mask in reverses])
    counts = (fits_obverse * sight.coins).astype(np.float64) @ fits_reverse.T.astype(np.float64)
    found: dict[bytes, tuple[tuple[bool, int, float, str], Pattern, Mask]] = {}
    for i, j in zip(*np.nonzero(counts >= least), strict=True):
        given, mask = (obverses[i][0], reverses[j][0]), fits_obverse[i] & fits_reverse[j]
        pattern = _pattern(sight, given, mask)
        if pattern is None:
            continue
        both = bool(pattern.obverse and pattern.reverse)
        order = (not both, len(pattern.obverse) + len(pattern.reverse), -pattern.worth, pattern.name)
        known = found.get(key := mask.tobytes())
        if known is None or order < known[0]:
            found[key] = (order, pattern, mask)
    kept = sorted(found.values(), key=lambda one: (-one[1].rank, one[0]))
    return [one[1] for one in kept], np.array([one[2] for one in kept]).reshape(len(kept), len(sight.coins))


def _pattern(sight: Sight, given: tuple[tuple[str, ...], tuple[str, ...]], mask: Mask) -> Pattern | None:
    obverse, reverse = sight.named(0, given[0], mask), sight.named(1, given[1], mask)
    if obverse is None or reverse is None or not (obverse or reverse):
        return None
    worth = sum(sight.bits[name] for name in sorted({*obverse[:1], *reverse[:1]}))
    if obverse[:1] == reverse[:1]:
        obverse += [] if obverse[1:] else sight.second(0, obverse[0], mask)
        reverse += [] if reverse[1:] else sight.second(1, reverse[0], mask)
        worth += max((sight.bits[name] for name in obverse[1:] + reverse[1:]), default=0.0)
    if worth < TELLS * sight.mean:
        return None
    # A second name makes a pattern more specific, not more valuable: it is taken where it is needed.
    rank = worth + sum(sight.bits[name] for name in sorted({*obverse[1:], *reverse[1:]})) / 8
    return Pattern(tuple(obverse), tuple(reverse), worth, rank)
