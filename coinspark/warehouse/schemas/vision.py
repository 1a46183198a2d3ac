"""Tables of `features` and `clusters`."""

from __future__ import annotations

from coinspark.warehouse.schemas.table import Table

FEATURES = Table(
    "features",
    "pooled last feature maps of a network per image, obverse before reverse",
    ("image_id", "model"),
    {"image_id": "string", "model": "string", "vector": "array<float>"},
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
