"""Tables of `classes` and `splits`."""

from __future__ import annotations

from coinspark.warehouse.schemas.table import Table

CLASSES = Table(
    "classes",
    "the class of each coin in each layer, and the evidence for it",
    ("layer", "coin_id", "medium"),
    {
        "layer": "string",
        "coin_id": "string",
        "medium": "string",
        "mint": "string",
        "class": "string",
        "evidence": "string",
    },
)

SPLITS = Table(
    "splits",
    "the side (train, validation, test) of each coin in each layer and fold, and its split unit",
    ("layer", "fold", "coin_id", "medium"),
    {
        "layer": "string",
        "fold": "int",
        "coin_id": "string",
        "medium": "string",
        "mint": "string",
        "class": "string",
        "split": "string",
        "unit": "string",
    },
)

MOVED_UNITS = Table(
    "moved_units",
    "split units on another side than their hash gives, with the class that lacked test or training images",
    ("fold", "unit"),
    {
        "fold": "int",
        "unit": "string",
        "layer": "string",
        "class": "string",
        "hashed": "string",
        "split": "string",
    },
)

MOVED_CLASSES = Table(
    "moved_classes",
    "classes that the splits merge into another class or drop (`new_class` is null), with the reason",
    ("layer", "mint", "class"),
    {
        "layer": "string",
        "mint": "string",
        "class": "string",
        "coins": "bigint",
        "new_class": "string",
        "reason": "string",
    },
)
