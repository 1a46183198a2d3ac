"""Digest of a split: by hand, and changed by every column that it covers."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from coinspark.core.errors import InputError
from coinspark.training.split_digest import check_split, split_digests
from coinspark.warehouse.local_frame import local_frame

ROWS = [
    ("mint", 0, "CN 1", "original", "Rome", "Rome", "train"),
    ("mint", 0, "CN 1", "plaster", "Rome", "Rome", "test"),
    ("mint", 1, "CN 2", "original", "Ostia", "Ostia/ship", "test"),
]
COLUMNS = {"layer": 0, "fold": 1, "coin_id": 2, "medium": 3, "class": 5, "split": 6}


def frame(spark: SparkSession, rows: list[tuple[Any, ...]]) -> DataFrame:
    ddl = "layer string, fold int, coin_id string, medium string, mint string, class string, split string"
    return local_frame(spark, rows, ddl)


def by_hand(rows: list[tuple[Any, ...]]) -> str:
    sums = [0, 0]
    for row in rows:
        text = json.dumps({name: row[index] for name, index in COLUMNS.items()}, separators=(",", ":"))
        digest = sha256(text.encode()).hexdigest()
        sums = [sums[0] + int(digest[:16], 16), sums[1] + int(digest[16:32], 16)]
    return sha256(f"{len(rows)} {sums[0]} {sums[1]}".encode()).hexdigest()


def test_digest_by_hand_in_any_order(spark: SparkSession) -> None:
    expected = {("mint", 0): by_hand(ROWS[:2]), ("mint", 1): by_hand(ROWS[2:])}
    assert split_digests(frame(spark, ROWS)) == expected
    assert split_digests(frame(spark, ROWS[::-1]).repartition(3)) == expected


def test_every_covered_column_changes_the_digest_and_the_mint_does_not(spark: SparkSession) -> None:
    before = split_digests(frame(spark, ROWS))["mint", 0]
    changed = {}
    for name, index in {**COLUMNS, "mint": 4}.items():
        if name not in ("layer", "fold"):
            row = (*ROWS[0][:index], "x", *ROWS[0][index + 1 :])
            changed[name] = split_digests(frame(spark, [row, ROWS[1]]))["mint", 0] != before
    assert changed == {"coin_id": True, "medium": True, "class": True, "split": True, "mint": False}
    swapped = [(*row[:6], {"train": "test", "test": "train"}[row[6]]) for row in ROWS]
    assert split_digests(frame(spark, swapped))["mint", 0] != before


@pytest.mark.parametrize("inputs", [{"split": "other"}, {}, {"split": None}])
def test_run_of_another_split_or_without_digest_is_refused(inputs: dict[str, Any]) -> None:
    run = {"run_id": "mint-0-abc", "layer": "mint", "fold": 0, "inputs": json.dumps({"split": "ab"})}
    check_split(run, {("mint", 0): "ab"})
    with pytest.raises(InputError, match="run mint-0-abc: trained on another split of layer 'mint', fold 0"):
        check_split({**run, "inputs": json.dumps(inputs)}, {("mint", 0): "ab"})
    with pytest.raises(InputError, match="run mint-0-abc"):
        check_split(run, {("mint", 1): "ab"})
