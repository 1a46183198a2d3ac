"""Tables of `train` and `deepcluster`."""

from __future__ import annotations

from coinspark.warehouse.schemas.table import Table

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
