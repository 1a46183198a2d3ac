"""The new classes of a mint, planned from its designs, and the class of every design with its evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from coinspark.classes.designs.choose import Ints, Limits, select
from coinspark.classes.designs.information import Design, InformationModel, estimate, names
from coinspark.classes.designs.patterns import CoinGroup, Pattern, PatternSearch, coin_groups, group_key


@dataclass(frozen=True)
class MintPlan:
    """The classes of one mint.

    Attributes:
        patterns: The pattern of each new class, most specific first.
        assignment: Each group's position in `patterns`, or -1 if it stays in the mint's own class.
        bits: Name → bits in this mint; empty if the mint has too few described coins for any class.
    """

    mint: str
    groups: list[CoinGroup]
    patterns: list[Pattern]
    assignment: Ints
    limits: Limits
    bits: dict[str, float]

    @property
    def described(self) -> int:
        """Described coins of the mint."""
        return sum(group.described for group in self.groups)

    @property
    def sizes(self) -> list[int]:
        """Coins of each new class."""
        coins = np.array([group.coins for group in self.groups], dtype=np.int64)
        return [int(coins[self.assignment == position].sum()) for position in range(len(self.patterns))]

    @property
    def covered(self) -> int:
        """Described coins in a new class."""
        positions = zip(self.groups, self.assignment, strict=True)
        return sum(group.described for group, position in positions if position >= 0)


def plan_mint(
    designs: Sequence[Design],
    model: InformationModel,
    max_classes: Sequence[int],
    min_coins: int,
    max_share: float,
) -> list[MintPlan]:
    """Plans of one mint, one for each number in `max_classes`. The search for patterns is done once.

    Args:
        designs: All designs of the mint.
        max_share: Share of the mint's described coins in one class, at most.
    """
    groups, mint = coin_groups(designs), designs[0].mint
    described = sum(group.described for group in groups)
    limits = [Limits(number, min_coins, max_share * described) for number in max_classes]
    if described < min_coins:
        unassigned = np.full(len(groups), -1, dtype=np.int64)
        return [MintPlan(mint, groups, [], unassigned, limit, {}) for limit in limits]
    search = PatternSearch(groups, model, min_coins)
    candidates, fits = search.candidates()
    plans = []
    for limit in limits:
        selected, assignment = select(candidates, fits, search.coins, limit)
        patterns = [candidates[index] for index in selected]
        plans.append(MintPlan(mint, groups, patterns, assignment, limit, search.bits))
    return plans


def by_mint(designs: Iterable[Design]) -> dict[str, list[Design]]:
    """The designs of each mint, sorted by mint, type and key."""
    mints: dict[str, list[Design]] = defaultdict(list)
    for design in sorted(designs, key=lambda design: (design.mint, design.type, design.key)):
        mints[design.mint].append(design)
    return dict(mints)


def assign_designs(
    designs: Iterable[Design], mints: Iterable[str], max_classes: int, min_coins: int, max_share: float
) -> list[tuple[Design, str, str]]:
    """Every design of these mints with its class and the evidence for it.

    Args:
        designs: The designs of all mints, from which the informativeness of names is estimated.
        mints: Names of the mints to split.
    """
    groups = by_mint(designs)
    model = estimate(design for own in groups.values() for design in own)
    rows = []
    for mint in sorted(set(mints) & set(groups)):
        plan = plan_mint(groups[mint], model, [max_classes], min_coins, max_share)[0]
        positions = zip(plan.groups, plan.assignment, strict=True)
        group_of = {group.key: (group, int(position)) for group, position in positions}
        for design in groups[mint]:
            group, position = group_of[group_key(design)]
            if position >= 0:
                pattern = plan.patterns[position]
                rows.append((design, f"{mint}/{pattern.name}", _evidence(design, pattern)))
            else:
                rows.append((design, mint, _why_not_split(group, plan)))
    return rows


def _evidence(design: Design, pattern: Pattern) -> str:
    """Why a design is in the class of a pattern."""
    shown = "; ".join(
        f"{side}: {', '.join(side_names)}"
        for side, side_names in (("obverse", pattern.obverse), ("reverse", pattern.reverse))
        if side_names
    )
    if not design.described:
        return f"no description; coins of its type show {shown}"
    if not pattern.fits(names(design.obverse), names(design.reverse)):
        return f"by its type, most of whose coins show {shown}"
    return shown


def _why_not_split(group: CoinGroup, plan: MintPlan) -> str:
    """Why a group stays in the mint's own class."""
    if not group.described:
        return "no description"
    if not (group.obverse or group.reverse):
        return "no entity in its description"
    if not plan.bits:
        return f"mint left whole: {plan.described} described coins, a class needs {plan.limits.min_coins}"
    obverse, reverse = (
        min(side, key=lambda name: (-plan.bits[name], name), default=None)
        for side in (group.obverse, group.reverse)
    )
    similar = sum(
        other.coins
        for other in plan.groups
        if (obverse is None or obverse in other.obverse) and (reverse is None or reverse in other.reverse)
    )
    shown = f"{obverse or 'any'}–{reverse or 'any'} is on {similar} coins"
    if similar > plan.limits.max_coins:
        return f"{shown}, more than {plan.limits.max_coins:.0f}, and no further name divides them"
    if similar < plan.limits.min_coins:
        return f"{shown}, a class needs {plan.limits.min_coins}, and it fits no selected class"
    return f"{shown}, but too many of them are in other classes, or other classes have more information"
