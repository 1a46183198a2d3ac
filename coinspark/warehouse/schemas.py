"""Every table: its columns, its key, one line of meaning. The tables are the interfaces between the stages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

VERSION = 2
"""Schema version of the warehouse, stored as a table property. Raise it when a table or column is renamed."""

PHOTO = "struct<uri:string,size:bigint,modified:bigint>"
DESCRIPTION = "struct<side:string,language:string,text:string,text_id:string>"

Reason = Literal[
    "missing_photo",
    "missing_side",
    "unreadable",
    "empty",
    "truncated",
    "not_an_image",
    "too_large",
    "unsupported",
    "outside_root",
    "duplicate",
    "no_coin_id",
    "no_mint",
    "bad_name",
]
"""Why a coin did not go on: the closed set of `rejects.reason`."""


@dataclass(frozen=True)
class Table:
    """A table's name, meaning, key and columns (name → Spark SQL type); key columns are never null."""

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: dict[str, str]

    @property
    def ddl(self) -> str:
        """The columns as a Spark DDL string, for CREATE TABLE, createDataFrame and mapInPandas alike."""
        return ", ".join(f"`{name}` {kind}" for name, kind in self.columns.items())


COINS = Table(
    "coins",
    "one coin in one medium, as its source records it",
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
    },
)
IMAGES = Table(
    "images",
    "the merged, padded, resized photographs of a coin, JPEG",
    ("image_id", "size"),
    {"image_id": "string", "size": "int", "width": "int", "height": "int", "jpeg": "binary"},
)
REJECTS = Table(
    "rejects",
    "what came in and did not go on, and why",
    ("coin_id", "medium", "stage", "uri"),
    {
        "coin_id": "string",
        "medium": "string",
        "stage": "string",
        "uri": "string",
        "reason": "string",
        "detail": "string",
    },
)
ENTITIES = Table(
    "entities",
    "names found in the distinct texts; start and end count characters; name null: on no list; "
    "unverified: the same words were shown to the engine as no name",
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
EXAMPLE = "struct<text_id:string,start:int,end:int,text:string>"
NEAR = "struct<name:string,likeness:double>"
PROPOSALS = Table(
    "proposals",
    "names that an engine found and no list holds, for the keepers to accept or refuse",
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
CLASSES = Table(
    "classes",
    "which class of a layer a coin stands in, and what put it there",
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
    "on which side of which fold a coin stands",
    ("layer", "fold", "coin_id", "medium"),
    {
        "layer": "string",
        "fold": "int",
        "coin_id": "string",
        "medium": "string",
        "mint": "string",
        "class": "string",
        "split": "string",
    },
)
RUNS = Table(
    "runs",
    "one trained model: its settings, inputs, history and weights; role is network or baseline",
    ("run_id",),
    {
        "run_id": "string",
        "layer": "string",
        "fold": "int",
        "model": "string",
        "role": "string",
        "classes": "array<string>",
        "config": "string",
        "inputs": "string",
        "code": "string",
        "history": "string",
        "metrics": "string",
        "weights": "string",
        "sha256": "string",
    },
)
FEATURES = Table(
    "features",
    "what a network's convolutions see in a picture: its last maps, averaged, obverse before reverse",
    ("image_id", "model"),
    {"image_id": "string", "model": "string", "vector": "array<float>"},
)
PREDICTIONS = Table(
    "predictions",
    "what a run says of its test coins, best first; level mint sums a mint's classes",
    ("run_id", "level", "coin_id", "medium", "rank"),
    {
        "run_id": "string",
        "level": "string",
        "coin_id": "string",
        "medium": "string",
        "rank": "int",
        "class": "string",
        "mint": "string",
        "probability": "double",
    },
)
CONFUSION = Table(
    "confusion",
    "test coins by truth and first prediction; level is class or mint",
    ("run_id", "level", "truth", "predicted"),
    {"run_id": "string", "level": "string", "truth": "string", "predicted": "string", "n": "bigint"},
)
METRICS = Table(
    "metrics",
    "what a layer's runs came to over all folds, with its difference from the baseline",
    ("layer", "model", "level", "metric"),
    {
        "layer": "string",
        "model": "string",
        "level": "string",
        "metric": "string",
        "n": "bigint",
        "value": "double",
        "low": "double",
        "high": "double",
        "difference": "double",
        "difference_low": "double",
        "difference_high": "double",
    },
)
CLUSTERS = Table(
    "clusters",
    "which cluster of its mint a picture stands in, in each layer of clusters",
    ("layer", "image_id"),
    {
        "layer": "string",
        "image_id": "string",
        "mint": "string",
        "model": "string",
        "cluster": "int",
        "distance": "double",
    },
)
NETWORKS = Table(
    "networks",
    "networks that learnt from the pictures alone (DeepCluster)",
    ("network",),
    {
        "network": "string",
        "config": "string",
        "inputs": "string",
        "code": "string",
        "weights": "string",
        "sha256": "string",
    },
)
ROUNDS = Table(
    "rounds",
    "what a DeepCluster training came to, round by round",
    ("network", "round"),
    {
        "network": "string",
        "round": "int",
        "clusters": "int",
        "sizes": "array<bigint>",
        "nmi": "double",
        "inertia": "double",
        "loss": "double",
    },
)
STAGES = Table(
    "stages",
    "which stage ran on which inputs with which settings; the last row of a stage counts",
    ("stage", "finished"),
    {
        "stage": "string",
        "finished": "timestamp",
        "seconds": "double",
        "fingerprint": "string",
        "inputs": "string",
        "outputs": "string",
    },
)
BUILDS = Table(
    "builds",
    "the published builds: one tag over all tables",
    ("build",),
    {"build": "string", "finished": "timestamp", "snapshots": "string"},
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        COINS,
        IMAGES,
        REJECTS,
        ENTITIES,
        PROPOSALS,
        CLASSES,
        SPLITS,
        RUNS,
        FEATURES,
        PREDICTIONS,
        CONFUSION,
        METRICS,
        CLUSTERS,
        NETWORKS,
        ROUNDS,
        STAGES,
        BUILDS,
    )
}
