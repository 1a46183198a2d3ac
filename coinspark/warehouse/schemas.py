"""All tables: columns, keys, and one line of documentation each. Tables are the interfaces between stages."""

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
"""Why a coin or photo was rejected: the closed set of `rejects.reason`."""


@dataclass(frozen=True)
class Table:
    """A table: name, documentation, key and columns (name → Spark SQL type). Key columns are never null."""

    name: str
    doc: str
    key: tuple[str, ...]
    columns: dict[str, str]

    @property
    def ddl(self) -> str:
        """The columns as a Spark DDL string, for CREATE TABLE, createDataFrame and mapInPandas alike."""
        return ", ".join(f"`{name}` {kind}" for name, kind in self.columns.items())


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
    },
)
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
EXAMPLE = "struct<text_id:string,start:int,end:int,text:string>"
NEAR = "struct<name:string,likeness:double>"
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
    "the side (train, validation, test) of each coin in each layer and fold",
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
MOVED_CLASSES = Table(
    "moved_classes",
    "classes that the splits merge into another class or drop, with the reason; `new_class` is null if dropped",
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
RUNS = Table(
    "runs",
    "trained models: settings, inputs, history and weights; role is network or baseline",
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
    "pooled last feature maps of a network per image, obverse before reverse",
    ("image_id", "model"),
    {"image_id": "string", "model": "string", "vector": "array<float>"},
)
PREDICTIONS = Table(
    "predictions",
    "predictions of a run for its test coins, best first; level mint sums the classes of a mint",
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
    "number of test coins by true and predicted class; level is class or mint",
    ("run_id", "level", "truth", "predicted"),
    {"run_id": "string", "level": "string", "truth": "string", "predicted": "string", "n": "bigint"},
)
METRICS = Table(
    "metrics",
    "metrics of a layer over all folds, with the difference from the reference layer",
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
    "the cluster of each image within its mint, per cluster layer",
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
CLUSTER_MINTS = Table(
    "cluster_mints",
    "the mints that a cluster layer splits: number of clusters, or the reason why the mint was left whole",
    ("layer", "mint"),
    {
        "layer": "string",
        "mint": "string",
        "model": "string",
        "images": "bigint",
        "clusters": "int",
        "silhouette": "double",
        "reason": "string",
    },
)
NETWORKS = Table(
    "networks",
    "networks trained on images alone (DeepCluster)",
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
    "results of DeepCluster training, one row per round",
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
    "runs of stages: inputs, settings, outputs; the newest row of a stage is valid",
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
    "published builds: one tag over all tables",
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
        MOVED_CLASSES,
        RUNS,
        FEATURES,
        PREDICTIONS,
        CONFUSION,
        METRICS,
        CLUSTERS,
        CLUSTER_MINTS,
        NETWORKS,
        ROUNDS,
        STAGES,
        BUILDS,
    )
}
