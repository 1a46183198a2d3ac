"""Selection of patterns: the most specific fit, the limits, and near-optimal values."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from coinspark.classes.designs.choose import Limits, first_fit, select
from coinspark.classes.designs.patterns import Pattern


def test_most_specific_pattern_takes_its_groups_before_sizes_are_counted() -> None:
    wide, narrow = Pattern(("a",), (), 5.0, 5.0), Pattern(("a",), ("b",), 9.0, 9.0)
    fits = np.array([[True, False, False], [True, True, False]])  # narrow, wide
    coins = np.array([50, 30, 70])
    selected, assignment = select([narrow, wide], fits, coins, Limits(5, 40, 200))
    assert (selected, assignment.tolist()) == (
        [0],
        [0, -1, -1],
    )  # with both, the wide one would have 30 coins
    selected, assignment = select([narrow, wide], fits, coins, Limits(5, 20, 200))
    assert (selected, assignment.tolist()) == ([0, 1], [0, 1, -1])


def test_bits_count_by_their_root() -> None:
    """60 · √16 = 240 is less than 90 · √9 = 270, although 60 · 16 = 960 is more than 90 · 9 = 810."""
    informative, frequent = Pattern(("a",), ("b",), 16.0, 16.0), Pattern(("c",), ("d",), 9.0, 9.0)
    fits = np.array([[True, False], [False, True]])
    selected, _ = select([informative, frequent], fits, np.array([60, 90]), Limits(1, 40, 200))
    assert selected == [1]


def test_no_patterns_select_nothing() -> None:
    selected, assignment = select([], np.zeros((0, 2), dtype=np.bool_), np.array([50, 30]), Limits(5, 1, 99))
    assert (selected, assignment.tolist()) == ([], [-1, -1])


@pytest.mark.parametrize("seed", range(8))
def test_selection_is_within_limits_and_close_to_the_best_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    fits, coins = rng.random((9, 25)) < 0.3, rng.integers(1, 20, 25)
    patterns = [
        Pattern((f"n{n}",), ("x",), worth, worth)
        for n, worth in enumerate(sorted(rng.random(9) * 20, reverse=True))
    ]
    limits = Limits(4, 15, 90)

    def value(selected: tuple[int, ...]) -> float:
        """Value of a selection, by its definition; -1 outside the limits."""
        assignment = first_fit(fits, selected)
        sizes = [coins[assignment == n].sum() for n in range(len(selected))]
        if not all(limits.min_coins <= size <= limits.max_coins for size in sizes):
            return -1.0
        return sum(size * patterns[n].value ** 0.5 for n, size in zip(selected, sizes, strict=True))

    selected, assignment = select(patterns, fits, coins, limits)
    best = max(value(several) for n in range(5) for several in combinations(range(9), n))
    assert value(tuple(selected)) >= 0.9 * best > 0
    assert (assignment == first_fit(fits, selected)).all()
