"""Patterns: how they are named."""

from __future__ import annotations

from coinspark.classes.designs.information import estimate
from coinspark.classes.designs.patterns import Pattern, PatternSearch, coin_groups
from tests.classes.design_rows import design


def test_sides_with_the_same_name_get_a_second_one() -> None:
    designs = [
        design("Ilion", "1", "Athena helmet", "Athena shield", 60),
        design("Ilion", "2", "Nero", "owl", 50),
        design("Other", "3", "head", "hand", 5),
        design("Other", "4", "head wreath", "hand wreath", 5),
    ]
    groups = coin_groups([item for item in designs if item.mint == "Ilion"])
    candidates, fits = PatternSearch(groups, estimate(designs), 40).candidates()
    names = [pattern.name for pattern in candidates]
    assert "Athena+helmet–Athena+shield" in names
    assert fits[names.index("Athena+helmet–Athena+shield")].tolist() == [True, False]


def test_pattern_with_one_side_counts_half() -> None:
    assert (
        Pattern(("Zeus",), (), 6.0, 6.0).value == 3.0 and Pattern(("Zeus",), (), 6.0, 6.0).name == "Zeus–any"
    )
    assert Pattern(("Zeus",), ("owl",), 6.0, 6.0).value == 6.0
