"""Confusion matrices as heat maps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from coinspark.evaluation.confusion import ConfusionMatrix
from coinspark.evaluation.report.figures.svg import is_finite, shorten, svg

_CELL_SIZES = ((8, 46), (12, 38), (20, 28), (34, 19), (64, 13), (104, 9), (10**9, 7))
"""Maximum number of classes → pixels of a cell."""
_BARS = 28.0
"""Height of the attraction bars above the columns, pixels."""

Counts = np.ndarray[tuple[int, int], np.dtype[np.int64]]


def confusion_heatmap(matrix: ConfusionMatrix, mint_of: Mapping[str, str], label: str) -> Markup:
    """A confusion matrix: rows are the truth, columns the prediction, the shade is the share of the row.

    The classes of a mint are neighbours, framed if there are several; the largest mint comes first. Cells of
    a column touch, so that a class with a high attraction is a vertical line. The bars above the columns show
    the attraction.

    Args:
        mint_of: Class → mint; a class that is missing is a mint itself.
    """
    names, counts = _order_by_mint(matrix, mint_of)
    grid = _Grid.fit(names)
    side = len(names) * grid.cell
    parts = [
        Markup('<rect class="field" x="{:.1f}" y="{:.1f}" width="{}" height="{}"/>').format(
            grid.left, grid.top, side, side
        ),
        *_labels(names, grid),
        *_attraction_bars(matrix, names, grid),
        *_cells(names, counts, grid),
        *_mint_frames(names, mint_of, grid),
    ]
    return svg("heat", (grid.left + side + 6, grid.top + side + 6), label, parts)


@dataclass(frozen=True)
class _Grid:
    """Pixels: the upper left corner of the matrix, the side of a cell, the font size of the labels."""

    left: float
    top: float
    cell: int
    font: float

    @classmethod
    def fit(cls, names: Sequence[str]) -> _Grid:
        """A grid that fits the page. Labels of a dense matrix are small: its cells have tooltips."""
        cell = next(size for most, size in _CELL_SIZES if len(names) <= most)
        font = min(12.0, max(6.5, cell * 0.85))
        margin = min(240.0, 14 + 0.56 * font * max(map(len, names), default=1))
        return cls(margin, margin + 34, cell, font)


def _order_by_mint(matrix: ConfusionMatrix, mint_of: Mapping[str, str]) -> tuple[list[str], Counts]:
    """Names and counts: largest mint first; in a mint its largest class first, the mint's own class last."""
    names = matrix.names
    sizes = dict(zip(names, matrix.counts.sum(axis=1).tolist(), strict=True))
    mints = {name: mint_of.get(name, name) for name in names}
    totals: Counter[str] = Counter()
    for name in names:
        totals[mints[name]] += sizes[name]
    own_classes = set(mint_of.values())

    def position(i: int) -> tuple[object, ...]:
        name = names[i]
        return -totals[mints[name]], mints[name], name in own_classes, -sizes[name], name

    order = sorted(range(len(names)), key=position)
    return [names[i] for i in order], matrix.counts[np.ix_(order, order)]


def _labels(names: Sequence[str], grid: _Grid) -> list[Markup]:
    length = max(8, int((grid.left - 10) / (0.56 * grid.font)))
    row = Markup(
        '<text x="{:.1f}" y="{:.1f}" font-size="{:.1f}" text-anchor="end"><title>{}</title>{}</text>'
    )
    column = Markup(
        '<text transform="translate({:.1f} {:.1f}) rotate(-90)" font-size="{:.1f}"><title>{}</title>{}</text>'
    )
    parts = []
    for i, name in enumerate(names):
        middle = (i + 0.5) * grid.cell + grid.font * 0.34
        label = shorten(name, length)
        parts.append(row.format(grid.left - 5, grid.top + middle, grid.font, name, label))
        parts.append(column.format(grid.left + middle, grid.top - _BARS - 6, grid.font, name, label))
    return parts


def _attraction_bars(matrix: ConfusionMatrix, names: Sequence[str], grid: _Grid) -> list[Markup]:
    attraction = {score.name: score.attraction for score in matrix.scores() if is_finite(score.attraction)}
    scale = (_BARS - 6) / max([*attraction.values(), 0.02])
    bar = Markup(
        '<rect class="pull" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
        "<title>{}: attraction {:.1f} % of the other classes' images</title></rect>"
    )
    return [
        bar.format(
            grid.left + i * grid.cell + 1,
            grid.top - 3 - attraction[name] * scale,
            grid.cell - 2,
            attraction[name] * scale,
            name,
            100 * attraction[name],
        )
        for i, name in enumerate(names)
        if attraction.get(name)
    ]


def _cells(names: Sequence[str], counts: Counts, grid: _Grid) -> list[Markup]:
    truth = counts.sum(axis=1)
    cell = Markup(
        '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{}" fill-opacity="{:.2f}"><title>'
        "{} predicted as {}: {} of {} images ({:.0f} %)</title></rect>"
    )
    number = Markup('<text class="n{}" x="{:.1f}" y="{:.1f}" text-anchor="middle">{:.0f}</text>')
    parts = []
    for i, j in np.argwhere(counts > 0):
        share = counts[i, j] / truth[i]
        x, y = grid.left + j * grid.cell, grid.top + i * grid.cell
        opacity = 0.10 + 0.90 * share**0.5  # the root makes small shares visible
        title = (names[i], names[j], counts[i, j], truth[i], 100 * share)
        css_class = "hit" if i == j else "miss"
        parts.append(cell.format(css_class, x + 0.5, y, grid.cell - 1, grid.cell, opacity, *title))
        if grid.cell >= 28:
            middle = (x + 0.5 * grid.cell, y + 0.5 * grid.cell + 4)
            parts.append(number.format(" on" if share > 0.35 else "", *middle, 100 * share))
    return parts


def _mint_frames(names: Sequence[str], mint_of: Mapping[str, str], grid: _Grid) -> list[Markup]:
    """A frame around the classes of each mint with several: errors inside it disappear when rolled up."""
    indices: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        indices.setdefault(mint_of.get(name, name), []).append(i)
    frame = Markup(
        '<rect class="frame" x="{:.1f}" y="{:.1f}" width="{}" height="{}"><title>{}</title></rect>'
    )
    return [
        frame.format(
            grid.left + own[0] * grid.cell,
            grid.top + own[0] * grid.cell,
            len(own) * grid.cell,
            len(own) * grid.cell,
            mint,
        )
        for mint, own in indices.items()
        if len(own) > 1
    ]
