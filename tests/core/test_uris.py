"""Logins and queries in URIs are masked."""

from __future__ import annotations

import pytest

from coinspark.core.uris import masked_uri


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jdbc:postgresql://anna:pw@db:5432/coins?password=pw", "jdbc:postgresql://•••@db:5432/coins?•••"),
        ("jdbc:sqlserver://db;user=anna;password=pw", "jdbc:sqlserver://db;•••"),
        ("jdbc:postgresql://anna:p/w,x@y@db/coins", "jdbc:postgresql://•••@db/coins"),
        ("jdbc:oracle:thin:anna/pw@db", "jdbc:•••"),
        ("https://token@host/a", "https://•••@host/a"),
        ("https://host/a?X-Amz-Signature=pw", "https://host/a?•••"),
        ("https://host/a#pw", "https://host/a#•••"),
        ("https://host/a?x=1\npassword=pw", "https://host/a?•••"),
        ("abfss://photos@account.dfs.core.windows.net/coins", None),
        (
            "abfss://photos:pw@account.dfs.core.windows.net/coins",
            "abfss://•••@account.dfs.core.windows.net/coins",
        ),
        ("jdbc:sqlite:/data/catalog.db", None),
        ("jdbc:sqlite:/data/catalog.db?password=pw", "jdbc:sqlite:/data/catalog.db"),
        ("s3a://bucket/coins", None),
        ("/data/photos; old?", None),
        ("a text @ home", None),
    ],
)
def test_masked_uri(text: str, expected: str | None) -> None:
    assert masked_uri(text) == (text if expected is None else expected)
