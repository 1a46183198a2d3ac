"""Records of the same coin within a source and across sources."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from coinspark.core.errors import InputError
from coinspark.ingest.duplicates import combine, deduplicate
from coinspark.ingest.records import Listing, Record, Reject, describe


def coin(coin_id: str = "1", type_name: str = "T1", origin: str = "coins.csv#2", **changes: Any) -> Record:
    facts = {
        "mint": "Roma",
        "source": "a",
        "licence": None,
        "photo_names": ("1_o.jpg", "1_r.jpg", None),
    } | changes
    return Record(coin_id, "original", types=(type_name,) if type_name else (), origin=origin, **facts)


def test_records_under_two_types_become_one_coin_with_all_types_and_texts() -> None:
    obverse = describe({"en": "Head."}, {})
    both = describe({"en": "Head."}, {"en": "Owl."})
    listing = deduplicate(
        [
            coin(type_name="T9", origin="b", descriptions=both),
            coin(type_name="T1", origin="c", descriptions=obverse),
            coin(type_name="T3", origin="a"),
        ],
        [],
    )
    (record,) = listing.records
    assert record.types == ("T1", "T3", "T9") and record.origin == "c"
    assert [text.text for text in record.descriptions] == ["Head.", "Owl."]
    assert listing.rejects == ()


@pytest.mark.fault(12)
def test_a_repeated_record_is_kept_once_and_rejected_once() -> None:
    listing = deduplicate([coin(), coin(origin="coins.csv#9"), coin("2", origin="coins.csv#3")], [])
    assert [record.coin_id for record in listing.records] == ["1", "2"]
    (reject,) = listing.rejects
    assert (reject.coin_id, reject.uri, reject.reason) == ("1", "coins.csv#9", "duplicate")
    assert "coins.csv#9 repeats coins.csv#2" in reject.detail


@pytest.mark.fault(12)
def test_contradicting_records_are_rejected_with_both_origins() -> None:
    for changes, word in (
        ({"mint": "Siscia"}, "Siscia"),
        ({"mint": "Siscia", "type_name": "T2"}, "Siscia"),
        ({"photo_names": ("2_o.jpg", "2_r.jpg", None)}, "photos"),
        ({"photo_names": ("2_o.jpg", "2_r.jpg", None), "type_name": "T2"}, "photos"),
        ({"licence": "CC0"}, "licences"),
        ({"licence": "CC0", "type_name": "T2"}, "licences"),
        ({"descriptions": describe({"en": "Owl."}, {})}, "texts"),
    ):
        listing = deduplicate([coin(), coin(origin="coins.csv#9", **changes)], [])
        assert listing.records == ()
        (reject,) = listing.rejects
        assert reject.reason == "duplicate" and word in reject.detail
        assert "coins.csv#2 and coins.csv#9" in reject.detail


def test_the_order_of_records_does_not_matter() -> None:
    records = [
        coin(type_name=name, origin=f"{name}#{n}", descriptions=describe({"en": f"Text {name}"}, {}))
        for name in ("T1", "T2", "T3")
        for n in (1, 2)
    ] + [coin("2", mint=mint, origin=mint) for mint in "abc"]
    expected = deduplicate(records, []).digest()
    for seed in range(5):
        shuffled = random.Random(seed).sample(records, len(records))
        assert deduplicate(shuffled, []).digest() == expected


@pytest.mark.parametrize("other", [{}, {"medium": "plaster", "mint": "Siscia"}])
def test_ids_that_two_sources_use_for_different_coins_stop_the_build(other: dict[str, str]) -> None:
    first = Listing((coin(source="museum"), coin("2", source="museum")), ())
    second = Listing(tuple(replace(coin(n, source="dealer"), **other) for n in ("3", "2", "1")), ())
    with pytest.raises(InputError) as caught:
        combine([first, second])
    for part in ("'museum'", "'dealer'", "coin '2'", "2 such coins", "prefix: dealer-"):
        assert part in str(caught.value)


def test_a_prefix_keeps_the_ids_of_two_sources_apart() -> None:
    reject = Reject("4", "original", "b.csv#5", "no_mint", "")
    nameless = Reject("", "original", "b.csv#6", "no_coin_id", "")
    first = Listing((coin(source="museum"),), ())
    second = Listing((coin(source="dealer"),), (reject, nameless)).with_prefix("d-")
    listing = combine([first, second])
    assert [record.coin_id for record in listing.records] == ["1", "d-1"]
    assert [reject.coin_id for reject in listing.rejects] == ["d-4", ""]


def test_a_coin_in_another_medium_may_come_from_another_source() -> None:
    plaster = replace(coin(source="casts"), medium="plaster")
    assert len(combine([Listing((coin(source="museum"),), ()), Listing((plaster,), ())]).records) == 2


def test_original_and_plaster_are_two_coins() -> None:
    plaster = Record("1", "plaster", "Roma", (), "a", None, "p")
    assert len(deduplicate([coin(), plaster], []).records) == 2
