"""Descriptions and their ids."""

from __future__ import annotations

import hashlib

import pytest

from coinspark.ingest.records import describe, text_id


def test_a_text_id_is_the_hash_of_language_and_text() -> None:
    assert text_id("en", "Head, right.") == hashlib.sha256(b"en\0Head, right.").hexdigest()[:16]


@pytest.mark.fault(16)
def test_blank_texts_are_left_out_and_others_are_not_changed() -> None:
    texts = describe({"en": " Head ", "de": " \n"}, {"en": "Eule"})
    assert [(text.side, text.language, text.text) for text in texts] == [
        ("obverse", "en", " Head "),
        ("reverse", "en", "Eule"),
    ]
