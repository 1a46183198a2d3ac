"""Plans of small mints: which classes, why, and that nothing but the data decides."""

from __future__ import annotations

import random
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from coinspark.classes.designs import choose, patterns, plan
from coinspark.classes.designs.information import measure
from coinspark.classes.designs.patterns import Pattern, Unit
from tests.classes.design_rows import corpus, design


def placed(least: int = 40, most: float = 0.4, classes: int = 8) -> dict[str, tuple[str, str]]:
    found = plan.places(corpus(), ["Pergamon"], classes, least, most)
    return {one.type: (name, why) for one, name, why in found}


def test_classes_bear_the_telling_names_and_the_rest_stays_with_its_reason() -> None:
    where = placed()
    assert where["1"] == ("Pergamon/Athena–owl", "obverse: Athena; reverse: owl")
    assert where["2"] == ("Pergamon/Athena–Nike", "obverse: Athena; reverse: Nike")
    assert where["3"][0] == where["4"][0] == "Pergamon/emperor–eagle"
    assert where["5"][0] == "Pergamon"  # wreath–hand, the most frequent of all, names nothing
    assert where["6"] == (
        "Pergamon",
        "Zeus–bull is on 10 coins, a class needs 40, and it fits no chosen class",
    )
    assert where["7"] == ("Pergamon", "no description")


def test_a_design_too_common_to_be_a_class_is_said_to_be() -> None:
    assert placed(most=0.2)["1"] == (
        "Pergamon",
        "Athena–owl is on 60 coins, more than 54, and nothing told them apart",
    )


def test_no_class_large_enough_leaves_the_mint_whole_and_says_so() -> None:
    assert set(placed(least=1_000).values()) == {
        ("Pergamon", "mint left whole: 270 described coins, a class needs 1000"),
        ("Pergamon", "no description"),
    }


def test_a_mint_of_one_coin() -> None:
    found = plan.places([*corpus(), design("Lonely", "12", "head", "owl", 1)], ["Lonely"], 8, 40, 0.15)
    assert [(name, why) for _, name, why in found] == [
        ("Lonely", "mint left whole: 1 described coins, a class needs 40")
    ]


def test_a_coin_goes_with_its_type_and_the_evidence_says_so() -> None:
    more = [
        design("Pergamon", "1", "", "", 3),
        design("Pergamon", "1", "head Athena", "hand", 2),
        design("Pergamon", "", "head Athena", "owl", 4),
        design("Pergamon", "", "", "", 6),
    ]
    found = plan.places(corpus() + more, ["Pergamon"], 8, 40, 0.4)
    said = {(one.type, one.key): (name, why) for one, name, why in found}
    assert said["1", ""] == (
        "Pergamon/Athena–owl",
        "no description; coins of its type show obverse: Athena; reverse: owl",
    )
    assert (
        said["1", "head Athena|hand"][1]
        == "by its type, most of whose coins show obverse: Athena; reverse: owl"
    )
    assert said["", "head Athena|owl"][0] == "Pergamon/Athena–owl"  # without a type, by what it shows itself
    assert said["", ""] == ("Pergamon", "no description")


def test_the_order_of_rows_changes_nothing() -> None:
    rows = corpus()
    wanted = plan.places(rows, ["Pergamon", "Ainos"], 8, 20, 0.4)
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        assert plan.places(rows, ["Ainos", "Pergamon"], 8, 20, 0.4) == wanted


def test_the_more_specific_pattern_wins_and_every_size_is_counted_after_that() -> None:
    wide, narrow = Pattern(("a",), (), 5.0, 5.0), Pattern(("a",), ("b",), 9.0, 9.0)
    fits = np.array([[True, False, False], [True, True, False]])  # narrow, wide
    coins = np.array([50, 30, 70])
    chosen, place = choose.choose([narrow, wide], fits, coins, choose.Bounds(5, 40, 200))
    assert (chosen, place.tolist()) == (
        [0],
        [0, -1, -1],
    )  # with both, only 30 coins were left to the wide one
    chosen, place = choose.choose([narrow, wide], fits, coins, choose.Bounds(5, 20, 200))
    assert (chosen, place.tolist()) == ([0, 1], [0, 1, -1])


@pytest.mark.parametrize("seed", range(8))
def test_the_chosen_set_keeps_its_bounds_and_is_hardly_worse_than_the_best_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    fits, coins = rng.random((9, 25)) < 0.3, rng.integers(1, 20, 25)
    made = [
        Pattern((f"n{n}",), ("x",), worth, worth)
        for n, worth in enumerate(sorted(rng.random(9) * 20, reverse=True))
    ]
    bounds = choose.Bounds(4, 15, 90)

    def value(chosen: tuple[int, ...]) -> float:
        place = choose.assign(fits, chosen)
        sizes = [coins[place == n].sum() for n in range(len(chosen))]
        allowed = all(bounds.least <= size <= bounds.most for size in sizes)
        return (
            sum(size * made[one].value ** 0.5 for one, size in zip(chosen, sizes, strict=True))
            if allowed
            else -1.0
        )

    chosen, place = choose.choose(made, fits, coins, bounds)
    best = max(value(several) for n in range(5) for several in combinations(range(9), n))
    assert value(tuple(chosen)) >= 0.9 * best > 0
    assert (place == choose.assign(fits, chosen)).all()


def test_common_pairs_are_counted_greedily() -> None:
    units = [
        Unit(("1", ""), 50, 50, frozenset({"a", "c"}), frozenset({"b"})),
        Unit(("2", ""), 30, 30, frozenset({"a"}), frozenset({"b"})),
        Unit(("3", ""), 20, 20, frozenset({"c"}), frozenset({"d"})),
    ]
    assert choose.common_pairs(units, 5, 20) == [80, 20] and choose.common_pairs(units, 5, 30) == [80]
    assert choose.common_pairs([], 5, 20) == []


def test_an_attribute_of_others_names_no_class() -> None:
    """`foot` is telling enough by its rarity, but on every coin somebody more telling stands above it."""
    more = [
        design("Pergamon", f"z{n}", "head wreath", f"foot {who}", 20)
        for n, who in enumerate(("Zeus", "Nike", "bull"))
    ]
    rows = corpus() + more
    names = {name for _, name, _ in plan.places(rows, ["Pergamon"], 8, 40, 0.4)}
    assert not any("foot" in name for name in names)


def test_two_sides_of_one_name_are_told_apart_by_a_second() -> None:
    rows = [
        design("Ilion", "1", "Athena helmet", "Athena shield", 60),
        design("Ilion", "2", "Nero", "owl", 50),
        design("Other", "3", "head", "hand", 5),
        design("Other", "4", "head wreath", "hand wreath", 5),
    ]
    members = patterns.units([one for one in rows if one.mint == "Ilion"])
    found, _ = patterns.candidates(patterns.Sight(members, measure(rows), 40), 40)
    assert "Athena+helmet–Athena+shield" in [one.name for one in found]


@pytest.mark.realdata
def test_the_big_mints_of_the_corpus(real_data: Path) -> None:
    """The aim of the issue: ≥ 80 % of Pergamon's described coins in ≥ 14 classes of ≥ 40, none above 15 %; others untuned."""
    from tests.classes.corpus_nummorum import corpus_designs

    designs = corpus_designs(real_data)
    groups, told = plan.by_mint(designs), measure(designs)
    mints = ("Pergamon", "Philippopolis", "Byzantion", "Ilion", "Abdera")
    made = {mint: plan.plan(groups[mint], told, 24, 40, 0.15) for mint in mints}
    pergamon = made["Pergamon"]
    assert pergamon.described == 2340 and pergamon.covered / pergamon.described >= 0.80
    assert len(pergamon.sizes) >= 14
    for one in made.values():
        assert min(one.sizes) >= 40 and max(one.sizes) <= 0.15 * one.described
        assert all(
            {*x.obverse, *x.reverse}.isdisjoint({"head", "hand", "wreath", "bust", "foot"})
            for x in one.chosen
        )
    assert {"Philetairos–Athena", "Athena–owl", "Athena–Nike"} <= {one.name for one in pergamon.chosen}
    assert made["Philippopolis"].covered >= 0.9 * made["Philippopolis"].described
