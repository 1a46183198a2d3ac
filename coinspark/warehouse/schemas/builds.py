"""Tables of the pipeline itself: runs of stages, and builds."""

from __future__ import annotations

from coinspark.warehouse.schemas.table import Table

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
