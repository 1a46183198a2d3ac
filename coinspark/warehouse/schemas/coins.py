"""Tables of `ingest`: coins, images, rejects."""

from __future__ import annotations

from typing import Literal

from coinspark.warehouse.schemas.table import Table

PHOTO = "struct<uri:string,size:bigint,modified:bigint>"
DESCRIPTION = "struct<side:string,language:string,text:string,text_id:string>"

Reason = Literal[
    "missing_photo",
    "missing_side",
    "unreadable",
    "empty",
    "truncated",
    "corrupt",
    "not_an_image",
    "too_large",
    "too_slow",
    "unsupported",
    "outside_root",
    "duplicate",
    "no_coin_id",
    "no_mint",
    "bad_name",
]
"""Why a coin or photo was rejected: the closed set of `rejects.reason`."""

COINS = Table(
    "coins",
    "a coin in a medium, as its source records it",
    ("coin_id", "medium"),
    {
        "coin_id": "string",
        "medium": "string",
        "mint": "string",
        "types": "array<string>",
        "source": "string",
        "licence": "string",
        "obverse": PHOTO,
        "reverse": PHOTO,
        "merged": PHOTO,
        "descriptions": f"array<{DESCRIPTION}>",
        "image_id": "string",
        "photo_ids": "array<string>",
    },
)

IMAGES = Table(
    "images",
    "merged, padded and resized photos of a coin, as JPEG",
    ("image_id", "size"),
    {"image_id": "string", "size": "int", "width": "int", "height": "int", "jpeg": "binary"},
)

REJECTS = Table(
    "rejects",
    "rejected coins and photos, with the reason",
    ("coin_id", "medium", "stage", "uri"),
    {
        "coin_id": "string",
        "medium": "string",
        "stage": "string",
        "uri": "string",
        "reason": "string",
        "detail": "string",
        "photo_ids": "array<string>",
    },
)
