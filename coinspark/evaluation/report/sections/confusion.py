"""Section "Confusion": confusion matrices of the networks, attraction of the classes, frequent errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from coinspark.evaluation.comparison import ComparisonRow
from coinspark.evaluation.confusion import ConfusionMatrix, pooled_matrices
from coinspark.evaluation.metrics import LEVELS
from coinspark.evaluation.report.figures.heatmap import confusion_heatmap
from coinspark.evaluation.report.section import ReportSection
from coinspark.evaluation.report.source import ReportSource


@dataclass(frozen=True)
class Confusion:
    """A confusion matrix as shown."""

    title: str
    note: str
    figure: Markup
    matrix: ConfusionMatrix

    @property
    def images(self) -> int:
        """Number of test images."""
        return int(self.matrix.counts.sum())


def gather(source: ReportSource) -> Mapping[str, Any]:
    """The matrix of the reference run, and those of each layer at both levels."""
    runs = source.tables("runs").select("run_id", "layer", "model").collect()
    keys = {row["run_id"]: (row["layer"], row["model"]) for row in runs}
    cells = source.tables("confusion").collect()
    mint_of = {size.name: size.mint for sizes in source.class_sizes.values() for size in sizes}
    matrices = {level: pooled_matrices(cells, keys, level) for level in LEVELS}
    confusions = []
    for row in source.comparison.rows:
        if not row.is_network or row.class_type == "Types":
            continue
        for level in LEVELS if row.is_layer else ("mint",):
            matrix = matrices[level].get(row.key)
            if matrix is not None:
                is_reference = row.key == source.comparison.reference
                confusions.append(_confusion(row, level, matrix, mint_of, is_reference))
    return {"confusions": confusions}


def _confusion(
    row: ComparisonRow, level: str, matrix: ConfusionMatrix, mint_of: Mapping[str, str], is_reference: bool
) -> Confusion:
    title, note = "Reference layer" if is_reference else f"Layer “{row.key[0]}”", ""
    if row.is_layer:
        levels = {"class": "its own classes", "mint": "rolled up to mints"}
        title = f"Layer “{row.additional_layer}”, {levels[level]}"
        if level == "class":
            note = (
                "Frames contain the classes of one mint. An error inside a frame disappears when rolled up."
            )
    label = (
        f"Confusion matrix, {title}: {len(matrix.names)} classes; the most frequent errors are listed below"
    )
    figure = confusion_heatmap(matrix, mint_of if level == "class" else {}, label)
    return Confusion(title, note, figure, matrix)


SECTION = ReportSection("confusion", "Confusion", gather, "confusion.html")
