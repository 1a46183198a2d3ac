"""What names tell: worked out by hand on designs small enough for it."""

from __future__ import annotations

from math import log2

import pytest

from coinspark.classes.designs.information import inside, measure, names, side
from tests.classes.design_rows import corpus, design


def test_bits_are_those_of_a_name_among_the_designs_of_all_mints_times_its_categorys() -> None:
    # Two mints. A: two designs, head–owl and head–bull; B: one, head–head. head is on 1 and 1; owl on 1/2 and 0: mean 1/4.
    told = measure(
        [
            design("A", "1", "head", "owl", 5),
            design("A", "2", "head", "bull", 1),
            design("B", "3", "head", "head", 9),
        ]
    )
    # Animals: A's reverses are two sets of 1 bit each, 2 bits over 2 mentions. Objects never vary: the floor of 0.1.
    assert told.weight == {"ANIMAL": pytest.approx(1.0), "OBJECT": pytest.approx(0.1)}
    assert told.bits["owl"] == pytest.approx(1.0 * -log2(1 / 4))
    assert told.bits["head"] == pytest.approx(0.0)
    assert told.bits["bird"] == told.bits["owl"] and told.category["bird"] == "ANIMAL"


def test_in_a_mint_a_name_on_every_coin_tells_only_what_it_does_across_mints() -> None:
    told = measure(corpus())
    bits, mean = inside(
        [(frozenset({"head", "owl"}), frozenset()), (frozenset({"head"}), frozenset({"owl"}))], told
    )
    assert bits["owl"] == pytest.approx(told.bits["owl"] / 2)
    assert mean == pytest.approx((bits["owl"] + bits["head"]) / 2)


def test_the_order_is_the_keepers_without_a_list_of_words() -> None:
    bits = measure(corpus()).bits
    telling, dull = ("Athena", "owl", "eagle", "Zeus", "emperor"), ("head", "wreath", "hand")
    assert min(bits[one] for one in telling) > max(bits[one] for one in dull)


def test_sides_come_from_json_with_any_signs_in_it() -> None:
    assert side(None) == () == side("[]")
    one = side(
        '[{"name":"x\'); DROP TABLE--","category":"OBJECT","kinds":["\\u001f"]},{"name":"owl","category":"ANIMAL"}]'
    )
    assert names(one) == {"x'); DROP TABLE--", "\x1f", "owl"}
