"""Plans of small mints: the classes, the evidence, and independence of row order."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from coinspark.classes.designs import plan
from coinspark.classes.designs.information import estimate
from tests.classes.design_rows import corpus, design


def by_type(min_coins: int = 40, max_share: float = 0.4) -> dict[str, tuple[str, str]]:
    """Type → (class, evidence) in Pergamon."""
    rows = plan.assign_designs(corpus(), ["Pergamon"], 8, min_coins, max_share)
    return {item.type: (name, evidence) for item, name, evidence in rows}


def test_classes_have_informative_names_and_the_rest_stays_with_its_reason() -> None:
    rows = by_type()
    assert rows["1"] == ("Pergamon/Athena–owl", "obverse: Athena; reverse: owl")
    assert rows["2"] == ("Pergamon/Athena–Nike", "obverse: Athena; reverse: Nike")
    assert rows["3"][0] == rows["4"][0] == "Pergamon/emperor–eagle"
    assert rows["5"][0] == "Pergamon"  # wreath–hand, the most frequent design, has no informative name
    assert rows["6"] == (
        "Pergamon",
        "Zeus–bull is on 10 coins, a class needs 40, and it fits no selected class",
    )
    assert rows["7"] == ("Pergamon", "no description")


def test_design_on_too_many_coins_stays_with_its_reason() -> None:
    assert by_type(max_share=0.2)["1"] == (
        "Pergamon",
        "Athena–owl is on 60 coins, more than 54, and no further name divides them",
    )


def test_mint_with_too_few_described_coins_is_left_whole() -> None:
    assert set(by_type(min_coins=1_000).values()) == {
        ("Pergamon", "mint left whole: 270 described coins, a class needs 1000"),
        ("Pergamon", "no description"),
    }


def test_mint_of_one_coin_is_left_whole() -> None:
    designs = [*corpus(), design("Lonely", "12", "head", "owl", 1)]
    rows = plan.assign_designs(designs, ["Lonely"], 8, 40, 0.15)
    assert [(name, evidence) for _, name, evidence in rows] == [
        ("Lonely", "mint left whole: 1 described coins, a class needs 40")
    ]


def test_coin_follows_its_type_and_the_evidence_says_so() -> None:
    more = [
        design("Pergamon", "1", "", "", 3),
        design("Pergamon", "1", "head Athena", "hand", 2),
        design("Pergamon", "", "head Athena", "owl", 4),
        design("Pergamon", "", "", "", 6),
    ]
    rows = {
        (item.type, item.key): (name, evidence)
        for item, name, evidence in plan.assign_designs(corpus() + more, ["Pergamon"], 8, 40, 0.4)
    }
    shown = "obverse: Athena; reverse: owl"
    assert rows["1", ""] == ("Pergamon/Athena–owl", f"no description; coins of its type show {shown}")
    assert rows["1", "head Athena|hand"][1] == f"by its type, most of whose coins show {shown}"
    assert rows["", "head Athena|owl"][0] == "Pergamon/Athena–owl"  # without a type, by its own description
    assert rows["", ""] == ("Pergamon", "no description")


def test_row_order_does_not_matter() -> None:
    designs = corpus()
    expected = plan.assign_designs(designs, ["Pergamon", "Ainos"], 8, 20, 0.4)
    for seed in range(5):
        random.Random(seed).shuffle(designs)
        assert plan.assign_designs(designs, ["Ainos", "Pergamon"], 8, 20, 0.4) == expected


def test_attribute_of_others_names_no_class() -> None:
    """`foot` is informative by its rarity, but every coin with it shows a more informative name."""
    more = [
        design("Pergamon", f"z{n}", "head wreath", f"foot {figure}", 20)
        for n, figure in enumerate(("Zeus", "Nike", "bull"))
    ]
    rows = plan.assign_designs(corpus() + more, ["Pergamon"], 8, 40, 0.4)
    names = {name for _, name, _ in rows}
    assert not any("foot" in name for name in names)


@pytest.mark.realdata
def test_large_mints_of_corpus_nummorum_are_covered(real_data: Path) -> None:
    """At least 80 % of Pergamon is in 14 or more classes of at least 40 coins, none above 15 %."""
    from tests.classes.corpus_nummorum import corpus_designs

    designs = corpus_designs(real_data)
    groups, model = plan.by_mint(designs), estimate(designs)
    mints = ("Pergamon", "Philippopolis", "Byzantion", "Ilion", "Abdera")
    plans = {mint: plan.plan_mint(groups[mint], model, [24], 40, 0.15)[0] for mint in mints}
    pergamon = plans["Pergamon"]
    assert pergamon.described == 2340 and pergamon.covered / pergamon.described >= 0.80
    assert len(pergamon.sizes) >= 14
    for of_mint in plans.values():
        assert min(of_mint.sizes) >= 40 and max(of_mint.sizes) <= 0.15 * of_mint.described
        assert all(
            {*pattern.obverse, *pattern.reverse}.isdisjoint({"head", "hand", "wreath", "bust", "foot"})
            for pattern in of_mint.patterns
        )
    names = {pattern.name for pattern in pergamon.patterns}
    assert {"Philetairos–Athena", "Athena–owl", "Athena–Nike"} <= names
    assert plans["Philippopolis"].covered >= 0.9 * plans["Philippopolis"].described
