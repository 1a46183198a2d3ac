"""Figures of the report as inline SVG: intervals, training curves, confusion matrices. Colours come from the page's CSS.

Every text goes through `Markup.format`, which escapes it: names are data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from markupsafe import Markup

from coinspark.evaluation.report.gather import Run
from coinspark.evaluation.report.training_rounds import Round
from coinspark.evaluation.scores import Matrix
from coinspark.evaluation.table1 import Line, Score

_CELLS = ((8, 46), (12, 38), (20, 28), (34, 19), (64, 13), (104, 9), (10**9, 7))
"""Up to so many classes, a cell of so many pixels."""
_LEFT, _BOTTOM, _WIDTH, _HEIGHT = 40, 170, 300, 140
"""Where the curves of a plot stand in it, pixels."""

Series = list[tuple[int, float]]
At = Callable[[tuple[int, float]], tuple[float, float]]


def forest(lines: Sequence[Line]) -> Markup:
    """Differences from the plain mint model with their 95 % intervals, a line each, around a zero line."""
    shown = [(line, line.difference) for line in lines if line.difference is not None]
    if not shown:
        return Markup("")
    reach = max(1.0, *(100 * max(abs(score.low), abs(score.high)) for _, score in shown)) * 1.08
    left, width, row = 190, 560, 36
    height = len(shown) * row + 40

    def x(value: float) -> float:
        return left + (value / reach + 1) / 2 * width

    parts = [
        Markup('<line class="axis" x1="{0:.1f}" x2="{0:.1f}" y1="4" y2="{1}"/>').format(x(0), height - 30)
    ]
    for tick in _ticks(-reach, reach, 6):
        parts.append(
            Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
                x(tick), height - 12, "0" if tick == 0 else f"{tick:+g}".replace("-", "−")
            )
        )
    for i, (line, score) in enumerate(shown):
        parts.append(_interval(line, score, (4 + row * (i + 0.5)), x))
    label = "Difference of top-1, rolled up to mints, from the plain mint model, in percentage points, with 95 % intervals"
    return _svg("forest", (left + width + 20, height), label, parts)


def _interval(line: Line, score: Score, y: float, x: Callable[[float], float]) -> Markup:
    kind = "better" if score.low > 0 else "worse" if score.high < 0 else "even"
    name = line.additional if line.is_layer else "types" if line.class_type == "Types" else line.architecture
    return Markup(
        '<g class="{}"><title>{}: {:+.1f} points, 95 % interval {:+.1f} to {:+.1f}</title>'
        '<text class="name" x="176" y="{:.1f}" text-anchor="end">{}</text>'
        '<line class="range" x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}"/>'
        '<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="5"/></g>'
    ).format(
        kind,
        name,
        100 * score.value,
        100 * score.low,
        100 * score.high,
        y + 4.5,
        _short(name, 26),
        x(100 * score.low),
        x(100 * score.high),
        y,
        y,
        x(100 * score.value),
        y,
    )


def curves(runs: Sequence[Run], names: Sequence[str], title: str) -> Markup:
    """One plot of the named numbers of each epoch, for the runs (folds) of one layer; the first name drawn solid.

    Empty where no run has any of them.
    """
    series = [
        (
            run,
            name,
            [(i + 1, record[name]) for i, record in enumerate(run.history) if _finite(record.get(name))],
        )
        for run in runs
        for name in names
    ]
    drawn = [(run, name, points) for run, name, points in series if points]
    if not drawn:
        return Markup("")
    epochs = max(point[0] for _, _, points in drawn for point in points)
    top = max(point[1] for _, _, points in drawn for point in points)
    at, parts = _axes(epochs, 1.0 if names == ["validation_top1"] else top * 1.05 or 1.0)
    for run, name, points in drawn:
        parts.append(_line(map(at, points), name == names[0], f"fold {run.fold}: {_words(name)}"))
        best = [point for point in points if point[0] == run.best_epoch]
        if best and name == names[0]:
            x, y = at(best[0])
            parts.append(
                Markup(
                    '<circle class="best" cx="{:.1f}" cy="{:.1f}" r="4"><title>fold {}, kept epoch {}: {:.3f}'
                    "</title></circle>"
                ).format(x, y, run.fold, *best[0])
            )
    return _plot(parts, title, f"{title} by epoch")


def rounds(learnt: Sequence[Round]) -> list[Markup]:
    """Plots of a DeepCluster training by round: agreement with the round before, inertia, the largest cluster's share.

    A plot of which no number is known is left out. The dashed line is the share of each of as many clusters of one size.
    """
    last = max((one.round for one in learnt), default=1)
    agreed = _known((one.round, one.nmi) for one in learnt)
    inertia = _known((one.round, one.inertia) for one in learnt)
    largest, even = [(one.round, one.largest) for one in learnt], [(one.round, one.even) for one in learnt]
    plots: list[tuple[str, list[Series], float | None]] = [
        ("Agreement with the round before (NMI)", [agreed], 1.0),
        ("Inertia", [inertia], None),
        ("Largest cluster’s share; dashed: an even one", [largest, even], None),
    ]
    return [_by_round(title, series, last, top) for title, series, top in plots if series[0]]


def _known(points: Iterable[tuple[int, float | None]]) -> Series:
    return [(x, y) for x, y in points if y is not None and _finite(y)]


def _by_round(title: str, series: Sequence[Series], last: int, top: float | None) -> Markup:
    """The first of the series solid, with a dot a round, the second dashed; from 0 up to `top`, or to what there is."""
    at, parts = _axes(last, top or max(y for drawn in series for _, y in drawn) * 1.05 or 1.0)
    parts += [_line(map(at, drawn), i == 0, title) for i, drawn in enumerate(series)]
    for point in series[0]:
        x, y = at(point)
        dot = Markup(
            '<circle class="best" cx="{:.1f}" cy="{:.1f}" r="3"><title>round {}: {:.3f}</title></circle>'
        )
        parts.append(dot.format(x, y, *point))
    return _plot(parts, title, f"{title}, by round")


def _axes(last: int, top: float) -> tuple[At, list[Markup]]:
    """Where a point of a plot stands (x from 1 to `last`, y from 0 to `top`), and the plot's grid and numbers."""

    def at(point: tuple[int, float]) -> tuple[float, float]:
        return _LEFT + (point[0] - 1) / max(1, last - 1) * _WIDTH, _BOTTOM - max(
            0.0, point[1]
        ) / top * _HEIGHT

    parts = []
    for tick in _ticks(0, top, 4):
        y = at((1, tick))[1]
        parts.append(
            Markup(
                '<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/><text class="tick" x="{}" y="{:.1f}" '
                'text-anchor="end">{:g}</text>'
            ).format(_LEFT, _LEFT + _WIDTH, y, y, _LEFT - 6, y + 4, tick)
        )
    for x in sorted({1, (last + 1) // 2, last}):
        parts.append(
            Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
                at((x, 0))[0], _BOTTOM + 18, x
            )
        )
    return at, parts


def _line(places: Iterable[tuple[float, float]], is_solid: bool, title: str) -> Markup:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return Markup('<polyline class="curve {}" points="{}"><title>{}</title></polyline>').format(
        "solid" if is_solid else "dashed", path, title
    )


def _plot(parts: Sequence[Markup], title: str, label: str) -> Markup:
    head = Markup('<text class="title" x="{}" y="16">{}</text>').format(_LEFT, title)
    return _svg("curves", (_LEFT + _WIDTH + 14, _BOTTOM + 26), label, [*parts, head])


def _words(name: str) -> str:
    return name.replace("_", " ").replace("top1", "top-1")


def heat(matrix: Matrix, mint_of: Mapping[str, str], label: str) -> Markup:
    """A confusion matrix, rows the truth, columns the prediction; shading is the share of the row.

    Classes of one mint stand together, framed where there are several, the biggest mint first. Columns have no gaps from
    row to row, so that a class that draws the others shows as a line; the bars over the columns give its attraction.
    """
    names, counts = _by_mint(matrix, mint_of)
    n = len(names)
    cell = next(size for most, size in _CELLS if n <= most)
    font = min(12.0, max(6.5, cell * 0.85))
    # A dense matrix has labels of 7 px: its rows are read by them, its cells by their tooltips.
    space = min(240.0, 14 + 0.56 * font * max(map(len, names), default=1))
    left, top, strip = space, space + 34, 28.0
    side = n * cell
    parts = [
        Markup('<rect class="field" x="{:.1f}" y="{:.1f}" width="{}" height="{}"/>').format(
            left, top, side, side
        )
    ]
    parts += _labels(names, (left, top, cell, font), strip)
    parts += _attraction(matrix, names, (left, top, cell), strip - 6)
    parts += _cells(names, counts, (left, top, cell))
    parts += _frames(names, mint_of, (left, top, cell))
    return _svg("heat", (left + side + 6, top + side + 6), label, parts)


def _by_mint(
    matrix: Matrix, mint_of: Mapping[str, str]
) -> tuple[list[str], np.ndarray[tuple[int, int], np.dtype[np.int64]]]:
    sizes = dict(zip(matrix.names, matrix.counts.sum(axis=1).tolist(), strict=True))
    total: dict[str, int] = {}
    for name, size in sizes.items():
        total[mint_of.get(name, name)] = total.get(mint_of.get(name, name), 0) + size
    order = sorted(
        range(len(matrix.names)),
        key=lambda i: (
            -total[mint_of.get(matrix.names[i], matrix.names[i])],
            mint_of.get(matrix.names[i], matrix.names[i]),
            matrix.names[i] in mint_of.values(),
            -sizes[matrix.names[i]],
            matrix.names[i],
        ),
    )
    return [matrix.names[i] for i in order], matrix.counts[np.ix_(order, order)]


def _labels(names: Sequence[str], place: tuple[float, float, int, float], strip: float) -> list[Markup]:
    left, top, cell, font = place
    most = max(8, int((left - 10) / (0.56 * font)))
    parts = []
    for i, name in enumerate(names):
        middle = (i + 0.5) * cell
        row = Markup(
            '<text x="{:.1f}" y="{:.1f}" font-size="{:.1f}" text-anchor="end"><title>{}</title>{}</text>'
        )
        column = Markup(
            '<text transform="translate({:.1f} {:.1f}) rotate(-90)" font-size="{:.1f}"><title>{}</title>{}</text>'
        )
        parts.append(row.format(left - 5, top + middle + font * 0.34, font, name, _short(name, most)))
        parts.append(
            column.format(left + middle + font * 0.34, top - strip - 6, font, name, _short(name, most))
        )
    return parts


def _attraction(
    matrix: Matrix, names: Sequence[str], place: tuple[float, float, int], height: float
) -> list[Markup]:
    left, top, cell = place
    drawn = {score.name: score.attraction for score in matrix.scores() if _finite(score.attraction)}
    most = max([*drawn.values(), 0.02])
    return [
        Markup(
            '<rect class="pull" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{} draws {:.1f} % of the other '
            "classes' images</title></rect>"
        ).format(
            left + i * cell + 1,
            top - 3 - drawn[name] / most * height,
            cell - 2,
            drawn[name] / most * height,
            name,
            100 * drawn[name],
        )
        for i, name in enumerate(names)
        if drawn.get(name)
    ]


def _cells(
    names: Sequence[str],
    counts: np.ndarray[tuple[int, int], np.dtype[np.int64]],
    place: tuple[float, float, int],
) -> list[Markup]:
    left, top, cell = place
    truth = counts.sum(axis=1)
    parts = []
    for i, j in np.argwhere(counts > 0):
        share = counts[i, j] / truth[i]
        # The root lifts faint shares: a vertical line is made of many small ones.
        parts.append(
            Markup(
                '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{}" fill-opacity="{:.2f}"><title>'
                "{} taken for {}: {} of {} images ({:.0f} %)</title></rect>"
            ).format(
                "hit" if i == j else "miss",
                left + j * cell + 0.5,
                top + i * cell,
                cell - 1,
                cell,
                0.10 + 0.90 * share**0.5,
                names[i],
                names[j],
                counts[i, j],
                truth[i],
                100 * share,
            )
        )
        if cell >= 28:
            parts.append(
                Markup('<text class="n{}" x="{:.1f}" y="{:.1f}" text-anchor="middle">{:.0f}</text>').format(
                    " on" if share > 0.35 else "",
                    left + (j + 0.5) * cell,
                    top + (i + 0.5) * cell + 4,
                    100 * share,
                )
            )
    return parts


def _frames(
    names: Sequence[str], mint_of: Mapping[str, str], place: tuple[float, float, int]
) -> list[Markup]:
    """A frame around the classes of each mint that has several: errors inside it vanish when rolled up."""
    left, top, cell = place
    groups: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        groups.setdefault(mint_of.get(name, name), []).append(i)
    return [
        Markup(
            '<rect class="frame" x="{:.1f}" y="{:.1f}" width="{}" height="{}"><title>{}</title></rect>'
        ).format(
            left + members[0] * cell, top + members[0] * cell, len(members) * cell, len(members) * cell, mint
        )
        for mint, members in groups.items()
        if len(members) > 1
    ]


def _svg(name: str, size: tuple[float, float], label: str, parts: Sequence[Markup]) -> Markup:
    open_tag = Markup(
        '<svg class="{}" viewBox="0 0 {:.0f} {:.0f}" width="{:.0f}" height="{:.0f}" role="img" aria-label="{}">'
    )
    return open_tag.format(name, *size, *size, label) + Markup("").join(parts) + Markup("</svg>")


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers from `low` to `high`, at most about `most` of them."""
    raw = (high - low) / most
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw)
    return [
        round(float(step * i), 10) + 0.0
        for i in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)
    ]


def _finite(value: float | None) -> bool:
    return value is not None and bool(np.isfinite(value))


def _short(name: str, most: int) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"
