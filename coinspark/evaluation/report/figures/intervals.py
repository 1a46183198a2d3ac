"""Chart of differences from the reference run with their 95 % intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup

from coinspark.evaluation.comparison import ComparisonRow, Score
from coinspark.evaluation.report.figures.svg import shorten, svg, ticks

_LEFT, _WIDTH, _ROW = 190, 560, 36
"""Pixels: width of the names, width of the axis, height of a row."""
_LABEL = (
    "Difference of top-1 from the reference layer, rolled up to mints, in percentage points, "
    "with 95 % intervals"
)


def interval_chart(rows: Sequence[ComparisonRow]) -> Markup:
    """One line per row that has a difference, around a zero line; empty without any."""
    shown = [(row, row.difference) for row in rows if row.difference is not None]
    if not shown:
        return Markup("")
    limit = max(1.0, *(100 * max(abs(score.low), abs(score.high)) for _, score in shown)) * 1.08
    height = len(shown) * _ROW + 40

    def x(value: float) -> float:
        return _LEFT + (value / limit + 1) / 2 * _WIDTH

    parts = [
        Markup('<line class="axis" x1="{0:.1f}" x2="{0:.1f}" y1="4" y2="{1}"/>').format(x(0), height - 30)
    ]
    for tick in ticks(-limit, limit, 6):
        label = "0" if tick == 0 else f"{tick:+g}".replace("-", "−")
        parts.append(
            Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
                x(tick), height - 12, label
            )
        )
    parts += [_interval(row, score, 4 + _ROW * (i + 0.5), x) for i, (row, score) in enumerate(shown)]
    return svg("intervals", (_LEFT + _WIDTH + 20, height), _LABEL, parts)


def _interval(row: ComparisonRow, score: Score, y: float, x: Callable[[float], float]) -> Markup:
    name = _name(row)
    value, low, high = 100 * score.value, 100 * score.low, 100 * score.high
    title = f"{name}: {value:+.1f} points, 95 % interval {low:+.1f} to {high:+.1f}"
    return Markup(
        '<g class="{effect}"><title>{title}</title>'
        '<text class="name" x="176" y="{text_y:.1f}" text-anchor="end">{name}</text>'
        '<line class="range" x1="{low:.1f}" x2="{high:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
        '<circle class="dot" cx="{value:.1f}" cy="{y:.1f}" r="5"/></g>'
    ).format(
        effect=row.effect,
        title=title,
        text_y=y + 4.5,
        name=shorten(name, 26),
        low=x(low),
        high=x(high),
        value=x(value),
        y=y,
    )


def _name(row: ComparisonRow) -> str:
    if row.is_layer:
        return row.additional_layer
    return "types" if row.class_type == "Types" else row.architecture
