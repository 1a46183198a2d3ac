"""Tables of the pipeline itself: runs of stages, and builds."""

from __future__ import annotations

from coinspark.warehouse.schemas.table import Table

STAGES = Table(
    "stages",
    "runs of stages: inputs and outputs; the newest row of a stage is valid; definition: hash of settings "
    "and code; fingerprint: hash of these, of the inputs and of the state outside",
    ("stage", "finished"),
    {
        "stage": "string",
        "finished": "timestamp",
        "seconds": "double",
        "fingerprint": "string",
        "inputs": "string",
        "outputs": "string",
        "definition": "string",
    },
)

BUILDS = Table(
    "builds",
    "published builds: one tag over all tables",
    ("build",),
    {"build": "string", "finished": "timestamp", "snapshots": "string"},
)
