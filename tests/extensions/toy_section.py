"""A report section that names the mint with the most coins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coinspark.evaluation.report.section import ReportSection
from coinspark.evaluation.report.source import ReportSource


def gather(source: ReportSource) -> Mapping[str, Any]:
    largest = source.tables("coins").groupBy("mint").count().orderBy("count", ascending=False).first()
    return {"largest": largest}


SECTION = ReportSection("toy", "Largest mint", gather, "toy_section.html")
