"""Tables of `entities`."""

from __future__ import annotations

from coinspark.warehouse.schemas.table import Table

EXAMPLE = "struct<text_id:string,start:int,end:int,text:string>"
NEAR = "struct<name:string,likeness:double>"

ENTITIES = Table(
    "entities",
    "entities in the distinct texts; start and end in characters; name is null if no list has it; "
    "unverified: a training text of the engine has the same words without an annotation",
    ("text_id", "engine", "start"),
    {
        "text_id": "string",
        "engine": "string",
        "start": "int",
        "end": "int",
        "form": "string",
        "name": "string",
        "category": "string",
        "link": "string",
        "kinds": "array<string>",
        "unverified": "boolean",
    },
)

PROPOSALS = Table(
    "proposals",
    "unlisted names that an engine found, for curators to accept or refuse",
    ("language", "category", "name"),
    {
        "language": "string",
        "category": "string",
        "name": "string",
        "texts": "bigint",
        "examples": f"array<{EXAMPLE}>",
        "nearest": f"array<{NEAR}>",
    },
)
