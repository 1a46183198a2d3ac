"""Selection of a mint's classes among its patterns.

Every coin group goes to the most specific selected pattern that it fits, so classes are disjoint. The value
of a selection is Σ coins · √bits over its classes. The root keeps a class with twice the bits from counting
for twice the coins.

The selection starts empty. Each step adds the pattern that gives the greatest value; if no addition improves
the value, one selected pattern is exchanged for another; it ends when neither does. Only selections in which
every class is within the limits count. Ties go to the more specific pattern, so neither chance nor row order
matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from coinspark.classes.designs.patterns import Mask, Pattern

_MIN_GAIN = 1e-6  # smaller differences of values are rounding

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Selection = tuple[float, list[int]]
"""Value, and sorted indices of the selected patterns."""


@dataclass(frozen=True)
class Limits:
    """Limits of a mint's new classes: their number, and the coins of each."""

    max_classes: int
    min_coins: int
    max_coins: float


def select(patterns: Sequence[Pattern], fits: Mask, coins: Ints, limits: Limits) -> tuple[list[int], Ints]:
    """Indices of the selected patterns, most specific first, and each group's position among them, or -1.

    Args:
        patterns: Most specific first.
        fits: patterns × groups.
        coins: The coins of each group.
    """
    search = _Selector(fits, coins, np.sqrt(np.array([pattern.value for pattern in patterns])), limits)
    value, selected = 0.0, list[int]()
    while True:
        best = search.best_addition(selected) if len(selected) < limits.max_classes else None
        if best is None or best[0] <= value + _MIN_GAIN:
            best = search.best_exchange(selected)
        if best is None or best[0] <= value + _MIN_GAIN:
            return selected, first_fit(fits, selected)
        value, selected = best


def first_fit(fits: Mask, selected: Sequence[int]) -> Ints:
    """Each group's position in `selected`, or -1. As `selected` is sorted, it is the most specific fit."""
    if not selected:
        return np.full(fits.shape[1], -1, dtype=np.int64)
    rows = fits[list(selected)]
    return np.where(rows.any(axis=0), rows.argmax(axis=0), -1)


@dataclass(frozen=True)
class _Selector:
    """Steps of the selection; `roots` are the √bits of the patterns."""

    fits: Mask
    coins: Ints
    roots: Floats
    limits: Limits

    def best_addition(self, selected: list[int]) -> Selection | None:
        """The best selection with one more pattern; None if no addition keeps every class within the limits.

        Example: the patterns are, most specific first, Athena–owl, Athena–Nike and Athena–any. Athena–any is
        selected and has 120 coins, 50 of which fit Athena–owl. Adding Athena–owl takes these 50 and leaves
        70. The value becomes 50 · √bits(Athena–owl) + 70 · √bits(Athena–any), provided that 50 and 70 are
        both within the limits.
        """
        if not len(self.roots):
            return None
        taken = self._taken(selected)
        gained = taken @ self.coins.astype(np.float64)
        coins_in = self._coins_by_class(selected)
        remaining = coins_in.sum(axis=0) - taken @ coins_in  # patterns × selected
        allowed = self._within_limits(gained) & self._within_limits(remaining).all(axis=1)
        if not allowed.any():
            return None
        values = np.where(allowed, remaining @ self.roots[selected] + gained * self.roots, -1.0)
        best = int(np.flatnonzero(values >= values.max() - _MIN_GAIN)[0])
        return float(values[best]), sorted([*selected, best])

    def best_exchange(self, selected: list[int]) -> Selection | None:
        """The best selection with one pattern replaced by another; None if none is within the limits."""
        best: Selection | None = None
        for leaving in selected:
            rest = [index for index in selected if index != leaving]
            exchange = self.best_addition(rest)
            if exchange is not None and (best is None or exchange[0] > best[0] + _MIN_GAIN):
                best = exchange
        return best

    def _taken(self, selected: list[int]) -> Mask:
        """patterns × groups: what a pattern would take, from no class or from a less specific one."""
        no_pattern = len(self.roots)  # less specific than every pattern
        current = np.array([*selected, no_pattern])[first_fit(self.fits, selected)]
        taken: Mask = self.fits & (np.arange(no_pattern)[:, None] < current[None, :])
        return taken

    def _coins_by_class(self, selected: list[int]) -> Floats:
        """groups × selected: the coins of each group in the column of its class."""
        position = first_fit(self.fits, selected)
        coins_in = np.zeros((len(self.coins), len(selected)))
        assigned = np.flatnonzero(position >= 0)
        coins_in[assigned, position[assigned]] = self.coins[assigned]
        return coins_in

    def _within_limits(self, coins: npt.NDArray[Any]) -> Mask:
        within: Mask = (coins >= self.limits.min_coins) & (coins <= self.limits.max_coins)
        return within
