"""A mint's new classes, planned from its designs, and for every design where it goes and why. Plain Python, no Spark."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from coinspark.classes.designs import patterns as search
from coinspark.classes.designs.choose import Bounds, Ints, choose
from coinspark.classes.designs.information import Design, Telling, measure, names
from coinspark.classes.designs.patterns import Pattern, Unit


@dataclass(frozen=True)
class Plan:
    """What becomes of one mint: its units, the chosen patterns, and each unit's position among them (-1: stays in the mint)."""

    mint: str
    units: list[Unit]
    chosen: list[Pattern]
    place: Ints
    bounds: Bounds
    bits: dict[str, float]

    @property
    def described(self) -> int:
        """Coins of the mint with at least one description."""
        return sum(unit.described for unit in self.units)

    @property
    def sizes(self) -> list[int]:
        """Coins of each chosen pattern."""
        coins = np.array([unit.coins for unit in self.units], dtype=np.int64)
        return [int(coins[self.place == position].sum()) for position in range(len(self.chosen))]

    @property
    def covered(self) -> int:
        """Described coins that stand in a new class."""
        return sum(unit.described for unit, place in zip(self.units, self.place, strict=True) if place >= 0)


def plan(designs: Sequence[Design], telling: Telling, classes: int, least: int, most: float) -> Plan:
    """The plan of one mint from its designs; `most` is a share of its described coins."""
    return plans(designs, telling, [classes], least, most)[0]


def plans(
    designs: Sequence[Design], telling: Telling, numbers: Sequence[int], least: int, most: float
) -> list[Plan]:
    """As `plan`, for each number of classes in `numbers`."""
    members = search.units(designs)
    described = sum(unit.described for unit in members)
    if described < least:
        nowhere = np.full(len(members), -1, dtype=np.int64)
        return [
            Plan(designs[0].mint, members, [], nowhere, Bounds(n, least, most * described), {})
            for n in numbers
        ]
    sight = search.Sight(members, telling, least)
    found, fits = search.candidates(sight, least)
    made = []
    for bounds in (Bounds(n, least, most * described) for n in numbers):
        chosen, place = choose(found, fits, sight.coins, bounds)
        made.append(Plan(designs[0].mint, members, [found[one] for one in chosen], place, bounds, sight.bits))
    return made


def by_mint(designs: Iterable[Design]) -> dict[str, list[Design]]:
    """The designs of each mint, in one order whatever order they come in."""
    mints: dict[str, list[Design]] = defaultdict(list)
    for design in sorted(designs, key=lambda one: (one.mint, one.type, one.key)):
        mints[design.mint].append(design)
    return dict(mints)


def places(
    designs: Iterable[Design], mints: Iterable[str], classes: int, least: int, most: float
) -> list[tuple[Design, str, str]]:
    """Every design of these mints with its class and the evidence for it, in words."""
    groups = by_mint(designs)
    telling = measure(design for group in groups.values() for design in group)
    found = []
    for mint in sorted(set(mints) & set(groups)):
        made = plan(groups[mint], telling, classes, least, most)
        where = {unit.key: (unit, int(place)) for unit, place in zip(made.units, made.place, strict=True)}
        for design in groups[mint]:
            unit, place = where[search.unit_key(design)]
            if place >= 0:
                found.append(
                    (design, f"{mint}/{made.chosen[place].name}", _why(design, unit, made.chosen[place]))
                )
            else:
                found.append((design, mint, _why_not(design, unit, made)))
    return found


def _why(design: Design, unit: Unit, pattern: Pattern) -> str:
    shows = "; ".join(
        f"{side}: {', '.join(named)}"
        for side, named in (("obverse", pattern.obverse), ("reverse", pattern.reverse))
        if named
    )
    if not design.described:
        return f"no description; coins of its type show {shows}"
    if not pattern.fits(names(design.obverse), names(design.reverse)):
        return f"by its type, most of whose coins show {shows}"
    return shows


def _why_not(design: Design, unit: Unit, made: Plan) -> str:
    """Why a coin stays in its mint: undescribed, nothing named, its design too common or too rare, or not chosen."""
    if not unit.described:
        return "no description"
    if not (unit.obverse or unit.reverse):
        return "no entity in its description"
    if not made.bits:
        return f"mint left whole: {made.described} described coins, a class needs {made.bounds.least}"
    first = [
        min(side, key=lambda name: (-made.bits[name], name), default=None)
        for side in (unit.obverse, unit.reverse)
    ]
    alike = sum(
        one.coins
        for one in made.units
        if (first[0] is None or first[0] in one.obverse) and (first[1] is None or first[1] in one.reverse)
    )
    shown = f"{first[0] or 'any'}–{first[1] or 'any'}"
    if alike > made.bounds.most:
        return f"{shown} is on {alike} coins, more than {made.bounds.most:.0f}, and nothing told them apart"
    if alike < made.bounds.least:
        return f"{shown} is on {alike} coins, a class needs {made.bounds.least}, and it fits no chosen class"
    return f"{shown} is on {alike} coins, but too many of them stand elsewhere or other classes tell more"
