"""Choosing a mint's classes among its patterns: the set whose names tell most about most coins, within the sizes asked for.

Every unit goes to the most specific chosen pattern that it fits, so classes are disjoint. A set of patterns is worth Σ coins
× √bits over its classes: the root, because a class that tells twice as much is not worth twice the coins; half the bits,
where one side is not named. It is built by the best addition, then by exchanges of one for one, until nothing improves it;
only sets whose every class really has between `least` and `most` coins are considered. Ties go to the more specific pattern,
then to the name: no chance, and no order of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coinspark.classes.designs.patterns import Mask, Pattern, Unit

_CLEARLY = 1e-6

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bounds:
    """At most so many new classes of a mint, each of at least and at most so many coins."""

    classes: int
    least: int
    most: float


def choose(patterns: Sequence[Pattern], fits: Mask, coins: Ints, bounds: Bounds) -> tuple[list[int], Ints]:
    """The chosen patterns (indices, most specific first) and each unit's position among them, -1 for none.

    `fits` is patterns × units, `patterns` are the most specific first, `coins` are the coins of each unit.
    """
    worth = np.sqrt(np.array([one.value for one in patterns]))
    chosen: list[int] = []
    value = 0.0
    while True:
        better = _best_addition(fits, coins, worth, chosen, bounds) if len(chosen) < bounds.classes else None
        if better is None or better[0] <= value + _CLEARLY:
            better = _best_exchange(fits, coins, worth, chosen, bounds)
        if better is None or better[0] <= value + _CLEARLY:
            return chosen, assign(fits, chosen)
        value, chosen = better


def assign(fits: Mask, chosen: Sequence[int]) -> Ints:
    """Each unit's position in `chosen` (sorted, so the first that fits is the most specific), or -1."""
    if not chosen:
        return np.full(fits.shape[1], -1, dtype=np.int64)
    rows = fits[list(chosen)]
    return np.where(rows.any(axis=0), rows.argmax(axis=0), -1)


def _best_addition(
    fits: Mask, coins: Ints, worth: Floats, chosen: list[int], bounds: Bounds
) -> tuple[float, list[int]] | None:
    """The value of the best allowed set with one pattern more, and that set."""
    if not len(worth):
        return None
    now, least, most = assign(fits, chosen), bounds.least, bounds.most
    holder = np.where(
        now >= 0, np.array([*chosen, len(worth)])[now], len(worth)
    )  # patterns × takes from less specific ones
    takes = fits & (np.arange(len(worth))[:, None] < holder[None, :])
    own = takes @ coins.astype(np.float64)
    held = np.zeros((len(coins), len(chosen)))
    held[np.flatnonzero(now >= 0), now[now >= 0]] = coins[now >= 0]
    left = held.sum(axis=0) - takes @ held
    allowed = (own >= least) & (own <= most) & ((left >= least) & (left <= most)).all(axis=1)
    if not allowed.any():
        return None
    values = np.where(allowed, left @ worth[chosen] + own * worth, -1.0)
    best = int(np.flatnonzero(values >= values.max() - _CLEARLY)[0])
    return float(values[best]), sorted([*chosen, best])


def _best_exchange(
    fits: Mask, coins: Ints, worth: Floats, chosen: list[int], bounds: Bounds
) -> tuple[float, list[int]] | None:
    best: tuple[float, list[int]] | None = None
    for leaving in chosen:
        found = _best_addition(fits, coins, worth, [one for one in chosen if one != leaving], bounds)
        if found is not None and (best is None or found[0] > best[0] + _CLEARLY):
            best = found
    return best


def common_pairs(units: Sequence[Unit], classes: int, least: int) -> list[int]:
    """The sizes of the classes that a greedy count of common pairs makes, whatever they mean: the mark to compare with."""
    firsts = sorted({name for unit in units for name in unit.obverse})
    seconds = sorted({name for unit in units for name in unit.reverse})
    shape = (len(firsts), len(units)), (len(seconds), len(units))
    has = np.array([[name in unit.obverse for unit in units] for name in firsts], dtype=np.float64).reshape(
        shape[0]
    )
    had = np.array([[name in unit.reverse for unit in units] for name in seconds], dtype=np.float64).reshape(
        shape[1]
    )
    left = np.array([unit.coins for unit in units], dtype=np.float64)
    sizes: list[int] = []
    while len(sizes) < classes:
        counts = (has * left) @ had.T
        if not counts.size or counts.max() < least:
            break
        a, b = np.unravel_index(int(counts.argmax()), counts.shape)
        sizes.append(int(counts[a, b]))
        left[(has[a] > 0) & (had[b] > 0)] = 0
    return sizes
