"""The same coin twice, in one source and in two."""

from __future__ import annotations

import hashlib
import random
from typing import Any

from coinspark.ingest.duplicates import combine, deduplicate
from coinspark.ingest.records import Listing, Record, describe, text_id


def coin(coin_id: str = "1", kind: str = "T1", origin: str = "coins.csv#2", **differs: Any) -> Record:
    facts = {
        "mint": "Roma",
        "source": "a",
        "licence": None,
        "photo_names": ("1_o.jpg", "1_r.jpg", None),
    } | differs
    return Record(coin_id, "original", types=(kind,) if kind else (), origin=origin, **facts)


def test_a_text_is_named_by_language_and_letters() -> None:
    assert text_id("en", "Head, right.") == hashlib.sha256(b"en\0Head, right.").hexdigest()[:16]
    texts = describe({"en": " Head ", "de": " \n"}, {"en": "Eule"})
    assert [(text.side, text.language, text.text) for text in texts] == [
        ("obverse", "en", " Head "),
        ("reverse", "en", "Eule"),
    ]


def test_two_types_are_one_coin_of_uncertain_type() -> None:
    obverse = describe({"en": "Head."}, {})
    more = describe({"en": "Head."}, {"en": "Owl."})
    listing = deduplicate(
        [
            coin(kind="T9", origin="b", descriptions=more),
            coin(kind="T1", origin="c", descriptions=obverse),
            coin(kind="T3", origin="a"),
        ],
        [],
    )
    (record,) = listing.records
    assert record.types == ("T1", "T3", "T9") and record.origin == "c"
    assert [text.text for text in record.descriptions] == ["Head.", "Owl."]
    assert listing.rejects == ()


def test_a_mere_repetition_is_kept_once_and_told() -> None:
    listing = deduplicate([coin(), coin(origin="coins.csv#9"), coin("2", origin="coins.csv#3")], [])
    assert [record.coin_id for record in listing.records] == ["1", "2"]
    (reject,) = listing.rejects
    assert (reject.coin_id, reject.uri, reject.reason) == ("1", "coins.csv#9", "duplicate")
    assert "coins.csv#9 repeats coins.csv#2" in reject.detail


def test_contradictions_go_out_and_name_both() -> None:
    for differs, word in (
        ({"mint": "Siscia"}, "Siscia"),
        ({"photo_names": ("2_o.jpg", "2_r.jpg", None)}, "photos"),
        ({"descriptions": describe({"en": "Owl."}, {})}, "texts"),
    ):
        listing = deduplicate([coin(), coin(origin="coins.csv#9", **differs)], [])
        assert listing.records == ()
        (reject,) = listing.rejects
        assert (
            reject.reason == "duplicate"
            and "coins.csv#2 and coins.csv#9" in reject.detail
            and word in reject.detail
        )


def test_row_order_decides_nothing() -> None:
    records = [
        coin(kind=kind, origin=f"{kind}#{n}", descriptions=describe({"en": f"Text {kind}"}, {}))
        for kind in ("T1", "T2", "T3")
        for n in (1, 2)
    ] + [coin("2", mint=mint, origin=mint) for mint in "abc"]
    found = deduplicate(records, [])
    for seed in range(5):
        shuffled = random.Random(seed).sample(records, len(records))
        assert deduplicate(shuffled, []).digest() == found.digest()


def test_of_two_sources_the_first_counts_and_both_are_named() -> None:
    first, second = (
        Listing((coin(source="museum"),), ()),
        Listing((coin(source="dealer"), coin("2", source="dealer")), ()),
    )
    listing = combine([first, second])
    assert [(record.coin_id, record.source) for record in listing.records] == [
        ("1", "museum"),
        ("2", "dealer"),
    ]
    (reject,) = listing.rejects
    assert reject.reason == "duplicate" and "'museum'" in reject.detail and "'dealer'" in reject.detail


def test_photo_and_plaster_are_two() -> None:
    plaster = Record("1", "plaster", "Roma", (), "a", None, "p")
    assert len(deduplicate([coin(), plaster], []).records) == 2
