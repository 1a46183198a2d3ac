"""Section "Rejects": records that could not be used, by stage and reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import functions as F

from coinspark.evaluation.report.section import ReportSection
from coinspark.evaluation.report.source import ReportSource


def gather(source: ReportSource) -> Mapping[str, Any]:
    """Rejects by stage and reason, the most frequent first, with an example each."""
    rows = (
        source.tables("rejects")
        .groupBy("stage", "reason")
        .agg(F.count("*").alias("n"), F.min("uri").alias("example"))
        .orderBy(F.col("n").desc(), "stage", "reason")
    )
    return {"rejects": rows.collect()}


SECTION = ReportSection("rejects", "Rejects", gather, "rejects.html")
