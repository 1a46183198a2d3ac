"""All tables, one module per package that writes them. Tables are the interfaces between stages."""

from __future__ import annotations

from coinspark.warehouse.schemas.builds import BUILDS, STAGES
from coinspark.warehouse.schemas.classes import CLASSES, MOVED_CLASSES, MOVED_UNITS, SPLITS
from coinspark.warehouse.schemas.coins import COINS, DESCRIPTION, IMAGES, PHOTO, REJECTS, Reason
from coinspark.warehouse.schemas.entities import ENTITIES, EXAMPLE, NEAR, PROPOSALS
from coinspark.warehouse.schemas.evaluation import CONFUSION, METRICS, PREDICTIONS
from coinspark.warehouse.schemas.table import Table
from coinspark.warehouse.schemas.training import NETWORKS, ROUNDS, RUNS
from coinspark.warehouse.schemas.vision import CLUSTER_MINTS, CLUSTERS, FEATURES

__all__ = [
    "BUILDS",
    "CLASSES",
    "CLUSTERS",
    "CLUSTER_MINTS",
    "COINS",
    "CONFUSION",
    "DESCRIPTION",
    "ENTITIES",
    "EXAMPLE",
    "FEATURES",
    "IMAGES",
    "METRICS",
    "MOVED_CLASSES",
    "MOVED_UNITS",
    "NEAR",
    "NETWORKS",
    "PHOTO",
    "PREDICTIONS",
    "PROPOSALS",
    "REJECTS",
    "ROUNDS",
    "RUNS",
    "SPLITS",
    "STAGES",
    "TABLES",
    "VERSION",
    "Reason",
    "Table",
]

VERSION = 2
"""Schema version of the warehouse, stored as a table property. Raise it when a table or column is renamed."""

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
        MOVED_UNITS,
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
