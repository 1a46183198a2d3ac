"""Coverage of a mint for other limits than the configured ones: share of described coins in new classes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coinspark.classes.designs.information import Design, estimate
from coinspark.classes.designs.patterns import CoinGroup
from coinspark.classes.designs.plan import MintPlan, by_mint, plan_mint

MAX_CLASSES = (8, 14, 16, 20, 24, 32)
MIN_COINS = (20, 40, 60)


@dataclass(frozen=True)
class Point:
    """Coverage of a mint with these limits.

    Attributes:
        classes: Number of new classes.
        covered: Share of the described coins in a new class.
        largest: Share of the described coins in the largest new class.
        pairs: `covered` of the baseline `common_pairs`.
    """

    mint: str
    max_classes: int
    min_coins: int
    classes: int
    covered: float
    largest: float
    pairs: float


def curve(designs: Iterable[Design], mints: Sequence[str], max_share: float) -> list[Point]:
    """A point for each of these mints, each of `MIN_COINS` and each of `MAX_CLASSES`."""
    groups = by_mint(designs)
    model = estimate(design for own in groups.values() for design in own)
    points = []
    for mint in mints:
        for min_coins in MIN_COINS:
            plans = plan_mint(groups[mint], model, MAX_CLASSES, min_coins, max_share)
            pairs = common_pairs(plans[0].groups, max(MAX_CLASSES), min_coins)
            points += [_point(plan, pairs) for plan in plans]
    return points


def _point(plan: MintPlan, pairs: Sequence[int]) -> Point:
    described, limits = max(plan.described, 1), plan.limits
    return Point(
        plan.mint,
        limits.max_classes,
        limits.min_coins,
        len(plan.patterns),
        plan.covered / described,
        max(plan.sizes, default=0) / described,
        sum(pairs[: limits.max_classes]) / described,
    )


def common_pairs(groups: Sequence[CoinGroup], max_classes: int, min_coins: int) -> list[int]:
    """Class sizes of a baseline that repeatedly takes the most frequent pair of names, whatever it means."""
    on_obverse = _shows([group.obverse for group in groups])
    on_reverse = _shows([group.reverse for group in groups])
    remaining = np.array([group.coins for group in groups], dtype=np.float64)
    sizes: list[int] = []
    while len(sizes) < max_classes:
        counts = (on_obverse * remaining) @ on_reverse.T
        if not counts.size or counts.max() < min_coins:
            break
        i, j = np.unravel_index(int(counts.argmax()), counts.shape)
        sizes.append(int(counts[i, j]))
        remaining[(on_obverse[i] > 0) & (on_reverse[j] > 0)] = 0
    return sizes


def _shows(sides: Sequence[frozenset[str]]) -> npt.NDArray[np.float64]:
    """names × groups, names sorted: 1 where the group shows the name, else 0."""
    every = sorted(set[str]().union(*sides))
    rows = [[name in side for side in sides] for name in every]
    return np.array(rows, dtype=np.float64).reshape(len(every), len(sides))
