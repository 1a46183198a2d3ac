"""Section "DeepCluster": progress of the networks whose features were clustered, by round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coinspark.evaluation.report.deepcluster_rounds import read_rounds
from coinspark.evaluation.report.figures.curves import round_plots
from coinspark.evaluation.report.section import ReportSection
from coinspark.evaluation.report.source import ReportSource


def gather(source: ReportSource) -> Mapping[str, Any] | None:
    """(network, plots) of every network; None if the features are of other models."""
    networks = read_rounds(source.tables, source.config)
    return (
        {"networks": [(network, round_plots(network.rounds)) for network in networks]} if networks else None
    )


SECTION = ReportSection("deepcluster", "DeepCluster", gather, "deepcluster.html")
