"""The paper's Table 1 for any collection, as text, CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from pyspark.sql import DataFrame

from coinspark.config import Config
from coinspark.core.formatting import format_rows
from coinspark.evaluation.comparison import Comparison, ComparisonRow, Score, compare
from coinspark.evaluation.metrics import LEVELS, MAJORITY
from coinspark.evaluation.verdicts import claim_note, points, unsupervised_note, verdict

MARK = "*"
"""Marks a layer with steps that were fitted on test coins too."""
LEFT_ALIGNED = 4
"""The first columns of the text table describe the row; numbers follow."""


def render(tables: Callable[[str], DataFrame], config: Config, format: str = "table") -> str:
    """The comparison as aligned `table` (under 120 columns), as `csv`, or as `json` (one object per line)."""
    comparison = compare(tables, config)
    if format == "table":
        return text(comparison)
    columns, rows = flat(comparison)
    return format_rows(columns, rows, format)


def flat(comparison: Comparison) -> tuple[list[str], list[list[object]]]:
    """Columns and rows for machines: every value with its interval, shares between 0 and 1."""
    columns = ["architecture", "model", "class_type", "additional_layer"]
    columns += ["layer", "classes", "split_mints", "test_coins"]
    scores = [(level, metric) for level in LEVELS for metric in comparison.metrics]
    for level, metric in scores:
        columns += [f"{level}_{metric}", f"{level}_{metric}_low", f"{level}_{metric}_high"]
    columns += ["difference", "difference_low", "difference_high"]
    columns += ["resamples", "p_adjusted", "effect", "unsupervised"]
    rows: list[list[object]] = []
    for row in comparison.rows:
        layer, model = row.key
        values: list[object] = [row.architecture, model, row.class_type, row.additional_layer]
        values += [layer, row.classes, json.dumps(row.counts, ensure_ascii=False), row.coins]
        for score in (*(row.scores.get(score) for score in scores), row.difference):
            values += [score.value, score.low, score.high] if score else [None, None, None]
        values += [row.resamples, row.p_value, row.effect, ", ".join(row.unsupervised)]
        rows.append(values)
    return columns, rows


def text(comparison: Comparison) -> str:
    """The table for a terminal, followed by notes and the verdict on each layer."""
    metrics = comparison.metrics
    heads = [["CNN", "Architecture"], ["Class", "Type"], ["Additional", "Class Layer"]]
    heads += [counts_title(comparison.mints)]
    heads += [["", metric_title(metric)] for _ in LEVELS for metric in metrics]
    heads += [["difference rolled up", "Top-1, 95 % interval"], ["test", "coins"]]
    body = [_cells(row, metrics) for row in comparison.rows]
    groups = {LEFT_ALIGNED: "at its own classes", LEFT_ALIGNED + len(metrics): "rolled up to mints"}
    notes = [
        "",
        "at its own classes: confusing two classes of one mint is an error; rolled up to mints: it is not.",
    ]
    if comparison.reference:
        notes += [
            f"difference: percentage points from the reference layer ({comparison.reference[0]}), paired."
        ]
    if comparison.compared_layers:
        notes += [claim_note(comparison)]
    notes += [
        f"{MARK} {_escape(layer)}: {unsupervised_note(steps)}"
        for layer, steps in comparison.marked_layers.items()
    ]
    verdicts = [verdict(row) for row in comparison.rows if row.is_layer]
    return "\n".join([*_align(heads, body, groups, len(metrics)), *notes, *verdicts])


def counts(row: ComparisonRow) -> str:
    """Classes of the split mints, such as `16 / 3`; their sum beyond three mints; `4 types` for types."""
    if row.class_type == "Types":
        return f"{row.classes} types"
    numbers = list(row.counts.values())
    return " / ".join(map(str, numbers)) if len(numbers) <= 3 else str(sum(numbers))


def counts_title(mints: Sequence[str]) -> list[str]:
    """The heading over `counts` in two short lines."""
    if not mints:
        return ["", "Classes"]
    if len(mints) == 1:
        return [mints[0], "classes"]
    return [f"{mints[0]} /", mints[1]] if len(mints) == 2 else ["Classes of the", f"{len(mints)} split mints"]


def metric_title(metric: str) -> str:
    """`top5` → `Top-5`, `macro_recall` → `Macro`."""
    return f"Top-{metric[3:]}" if metric.startswith("top") else "Macro"


def _cells(row: ComparisonRow, metrics: Sequence[str]) -> list[str]:
    classes = "" if row.key[1] == MAJORITY else counts(row)
    scores = [_percent(row.scores.get((level, metric))) for level in LEVELS for metric in metrics]
    return [
        row.architecture,
        row.class_type,
        row.additional_layer + MARK * bool(row.unsupervised),
        classes,
        *scores,
        points(row.difference),
        f"{row.coins:,}",
    ]


def _percent(score: Score | None) -> str:
    return f"{100 * score.value:.1f}%" if score else ""


def _align(
    heads: Sequence[Sequence[str]], body: Sequence[Sequence[str]], groups: Mapping[int, str], span: int
) -> list[str]:
    """Two lines of heads, a rule, the body. Control characters in names are escaped.

    Args:
        groups: Column → title that is centred over this column and the next `span` - 1 ones, in the first
            line.
    """
    lines = [[head[i] for head in heads] for i in (0, 1)] + [list(row) for row in body]
    escaped = [[_escape(cell) for cell in line] for line in lines]
    widths = [max(len(line[i]) for line in escaped) for i in range(len(heads))]
    padded = [
        [
            cell.ljust(width) if column < LEFT_ALIGNED else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in escaped
    ]
    for column, title in sorted(groups.items(), reverse=True):
        padded[0][column : column + span] = [
            title.center(sum(widths[column : column + span]) + 2 * (span - 1))
        ]
    rows = ["  ".join(cells).rstrip() for cells in padded]
    return [*rows[:2], "  ".join("─" * width for width in widths), *rows[2:]]


def _escape(cell: str) -> str:
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in cell)
