"""Informativeness of names, compared with values computed by hand on small designs."""

from __future__ import annotations

from math import log2

import pytest

from coinspark.classes.designs.information import estimate, in_mint, names, parse_side
from tests.classes.design_rows import corpus, design


def test_bits_depend_on_frequency_over_all_mints_and_on_the_category() -> None:
    # Mint A has two designs, head–owl and head–bull; mint B has one, head–head. head is on all designs of
    # both mints; owl is on 1/2 of the designs of A and on none of B, 1/4 on average.
    model = estimate(
        [
            design("A", "1", "head", "owl", 5),
            design("A", "2", "head", "bull", 1),
            design("B", "3", "head", "head", 9),
        ]
    )
    # The reverses of A show two sets of animals, 1 bit each: 2 bits over 2 mentions. Objects never vary.
    assert model.weight == {"ANIMAL": pytest.approx(1.0), "OBJECT": pytest.approx(0.1)}
    assert model.bits["owl"] == pytest.approx(1.0 * -log2(1 / 4))
    assert model.bits["head"] == pytest.approx(0.0)
    assert model.bits["bird"] == model.bits["owl"] and model.category["bird"] == "ANIMAL"


def test_weight_of_a_category_is_its_entropy_per_mention() -> None:
    # Reverses owl, bull, head and head of one mint: {owl}, {bull} and twice no animal, 1.5 bits per design.
    reverses = enumerate(("owl", "bull", "head", "head wreath"))
    model = estimate([design("A", str(n), "bust", reverse, 1) for n, reverse in reverses])
    assert model.weight["ANIMAL"] == pytest.approx(4 * 1.5 / 2)


def test_name_on_every_type_of_a_mint_keeps_half_of_its_bits() -> None:
    model = estimate(corpus())
    bits, mean = in_mint(
        [(frozenset({"head", "owl"}), frozenset()), (frozenset({"head"}), frozenset({"owl"}))], model
    )
    assert bits["owl"] == pytest.approx(model.bits["owl"] / 2)
    assert mean == pytest.approx((bits["owl"] + bits["head"]) / 2)


def test_figures_and_animals_are_more_informative_than_attributes() -> None:
    bits = estimate(corpus()).bits
    informative, attributes = ("Athena", "owl", "eagle", "Zeus", "emperor"), ("head", "wreath", "hand")
    assert min(bits[name] for name in informative) > max(bits[name] for name in attributes)


def test_side_is_parsed_from_json_with_any_characters() -> None:
    assert parse_side(None) == () == parse_side("[]")
    side = parse_side(
        '[{"name":"x\'); DROP TABLE--","category":"OBJECT","kinds":["\\u001f"]},'
        '{"name":"owl","category":"ANIMAL"}]'
    )
    assert names(side) == {"x'); DROP TABLE--", "\x1f", "owl"}
