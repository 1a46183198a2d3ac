"""Section "Comparison": Table 1 with intervals, the chart of differences, and the verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coinspark.evaluation.metrics import LEVELS, MAJORITY
from coinspark.evaluation.report.figures.intervals import interval_chart
from coinspark.evaluation.report.filters import minus
from coinspark.evaluation.report.section import ReportSection
from coinspark.evaluation.report.source import ReportSource
from coinspark.evaluation.table1 import MARK, counts, counts_title
from coinspark.evaluation.verdicts import claim_note, unsupervised_note, verdict


def gather(source: ReportSource) -> Mapping[str, Any]:
    """The comparison with its chart."""
    comparison = source.comparison
    mints = comparison.mints
    title = " ".join(counts_title(mints))
    return {
        "comparison": comparison,
        "levels": LEVELS,
        "rows": [(row, "" if row.key[1] == MAJORITY else counts(row)) for row in comparison.rows],
        "counts_title": f"Classes of {' / '.join(mints)}" if 1 <= len(mints) <= 3 else title,
        "chart": interval_chart(comparison.rows),
        "claim_note": claim_note(comparison) if comparison.compared_layers else "",
        "notes": {layer: unsupervised_note(steps) for layer, steps in comparison.marked_layers.items()},
        "mark": MARK,
        "verdicts": [minus(verdict(row)) for row in comparison.rows if row.is_layer],
    }


SECTION = ReportSection("comparison", "Comparison", gather, "comparison.html")
