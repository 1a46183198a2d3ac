"""Section "Training": loss and validation accuracy of every trained network by epoch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from coinspark.evaluation.metric_rows import Key
from coinspark.evaluation.report.figures.curves import training_curves
from coinspark.evaluation.report.runs import Run
from coinspark.evaluation.report.section import ReportSection
from coinspark.evaluation.report.source import ReportSource

LOSSES = ("loss", "validation_loss")


def gather(source: ReportSource) -> Mapping[str, Any] | None:
    """(layer, loss curves, accuracy curves) of every network; None if no run has a history."""
    grouped: dict[Key, list[Run]] = defaultdict(list)
    for run in source.runs:
        grouped[run.layer, run.model].append(run)
    curves = [
        (
            layer,
            training_curves(runs, list(LOSSES), "Loss: training solid, validation dashed"),
            training_curves(runs, ["validation_top1"], "Top-1 on validation coins"),
        )
        for (layer, _), runs in grouped.items()
    ]
    curves = [item for item in curves if item[1] or item[2]]
    return {"curves": curves, "folds": source.totals["folds"]} if curves else None


SECTION = ReportSection("training", "Training", gather, "training.html")
