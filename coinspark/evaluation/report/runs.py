"""Trained models as the report shows them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame, Row


@dataclass(frozen=True)
class Run:
    """A row of the table `runs`.

    Attributes:
        best_epoch: Epoch whose weights were kept, from 1; None for models without epochs.
        history: Name → value for each epoch.
        facts: What identifies the run, name → text.
    """

    layer: str
    model: str
    fold: int
    best_epoch: int | None
    history: Sequence[Mapping[str, float]]
    facts: Mapping[str, str]


def read_runs(runs: DataFrame) -> list[Run]:
    """All runs by layer, model and fold."""
    return [_run(row) for row in runs.orderBy("layer", "model", "fold").collect()]


def _run(row: Row) -> Run:
    facts = {
        "run": row["run_id"],
        "weights": row["weights"],
        "SHA-256": row["sha256"],
        "code": row["code"],
        "inputs": row["inputs"],
        "settings": row["config"],
    }
    return Run(
        row["layer"],
        row["model"],
        row["fold"],
        json.loads(row["metrics"] or "{}").get("best_epoch") or None,
        json.loads(row["history"] or "[]"),
        {name: value or "" for name, value in facts.items()},
    )
