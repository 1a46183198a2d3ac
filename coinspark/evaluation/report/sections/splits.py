"""Section "Splits": what the audit of the splits guarantees, and the classes that were merged or dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import functions as F

from coinspark.evaluation.report.section import ReportSection
from coinspark.evaluation.report.source import ReportSource

SHOWN = 24
"""Moved classes shown at once; the others are folded away."""


def gather(source: ReportSource) -> Mapping[str, Any]:
    """Rows of `moved_classes`, a mint's largest class first. The stage `splits` fails if its audit does."""
    moved = source.tables("moved_classes").orderBy("layer", "mint", F.col("coins").desc(), "class")
    splits = source.config.splits
    return {"moved": moved.collect(), "folds": splits.folds, "repeats": splits.repeats, "shown": SHOWN}


SECTION = ReportSection("splits", "Splits", gather, "splits.html")
