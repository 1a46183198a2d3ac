"""Coverage for other limits, and its baseline."""

from __future__ import annotations

import pytest

from coinspark.classes.designs.curve import MAX_CLASSES, MIN_COINS, common_pairs, curve
from coinspark.classes.designs.patterns import CoinGroup
from tests.classes.design_rows import corpus


def test_common_pairs_are_taken_greedily() -> None:
    groups = [
        CoinGroup(("1", ""), 50, 50, frozenset({"a", "c"}), frozenset({"b"})),
        CoinGroup(("2", ""), 30, 30, frozenset({"a"}), frozenset({"b"})),
        CoinGroup(("3", ""), 20, 20, frozenset({"c"}), frozenset({"d"})),
    ]
    assert common_pairs(groups, 5, 20) == [80, 20] and common_pairs(groups, 5, 30) == [80]
    assert common_pairs([], 5, 20) == []


def test_curve_has_a_point_for_each_limit() -> None:
    points = curve(corpus(), ["Pergamon"], 0.4)
    assert [(point.min_coins, point.max_classes) for point in points] == [
        (coins, number) for coins in MIN_COINS for number in MAX_CLASSES
    ]
    # With 40 coins: Athena–owl 60, Athena–Nike 50 and emperor–eagle 60, of 270 described coins.
    point = next(point for point in points if (point.min_coins, point.max_classes) == (40, 8))
    assert (point.classes, point.covered, point.largest) == (
        3,
        pytest.approx(170 / 270),
        pytest.approx(60 / 270),
    )
