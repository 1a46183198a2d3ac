"""Line plots: training curves by epoch, and DeepCluster's progress by round."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from coinspark.evaluation.report.deepcluster_rounds import Round
from coinspark.evaluation.report.figures.svg import is_finite, svg, ticks
from coinspark.evaluation.report.runs import Run

_LEFT, _BOTTOM, _WIDTH, _HEIGHT = 40, 170, 300, 140
"""Pixels: the corner at the origin of the axes, and their lengths."""

Point = tuple[int, float]
Points = list[Point]


def training_curves(runs: Sequence[Run], names: Sequence[str], title: str) -> Markup:
    """Values of each epoch for the runs (folds) of a layer; the first name solid, a ring at the best epoch.

    Empty if no run has any of the values.

    Args:
        names: Keys of `Run.history`.
    """
    curves = [(run, name, _history(run, name)) for run in runs for name in names]
    curves = [(run, name, points) for run, name, points in curves if points]
    if not curves:
        return Markup("")
    epochs = max(x for _, _, points in curves for x, _ in points)
    highest = max(y for _, _, points in curves for _, y in points)
    axes = _Axes(epochs, 1.0 if names == ["validation_top1"] else highest * 1.05 or 1.0)
    parts = axes.grid()
    for run, name, points in curves:
        label = name.replace("_", " ").replace("top1", "top-1")
        parts.append(axes.line(points, name == names[0], f"fold {run.fold}: {label}"))
        if name == names[0]:
            best = [point for point in points if point[0] == run.best_epoch]
            parts += [
                axes.dot(point, 4, f"fold {run.fold}, best epoch {point[0]}: {point[1]:.3f}")
                for point in best
            ]
    return _plot(parts, title, f"{title} by epoch")


def round_plots(rounds: Sequence[Round]) -> list[Markup]:
    """Plots of a DeepCluster training: NMI with the previous round, inertia, share of the largest cluster.

    A plot without values is left out. The dashed line is the mean share of a cluster.
    """
    last = max((item.round for item in rounds), default=1)
    nmi = _known((item.round, item.nmi) for item in rounds)
    inertia = _known((item.round, item.inertia) for item in rounds)
    largest = [(item.round, item.largest_share) for item in rounds]
    mean = [(item.round, item.mean_share) for item in rounds]
    plots: list[tuple[str, list[Points], float | None]] = [
        ("Agreement with the previous round (NMI)", [nmi], 1.0),
        ("Inertia", [inertia], None),
        ("Share of the largest cluster; dashed: mean", [largest, mean], None),
    ]
    return [_round_plot(title, curves, last, top) for title, curves, top in plots if curves[0]]


def _round_plot(title: str, curves: Sequence[Points], last: int, top: float | None) -> Markup:
    """The first curve solid with a dot per round, the second dashed; y from 0 to `top` or the maximum."""
    axes = _Axes(last, top or max(y for points in curves for _, y in points) * 1.05 or 1.0)
    parts = axes.grid()
    parts += [axes.line(points, i == 0, title) for i, points in enumerate(curves)]
    parts += [axes.dot(point, 3, f"round {point[0]}: {point[1]:.3f}") for point in curves[0]]
    return _plot(parts, title, f"{title}, by round")


@dataclass(frozen=True)
class _Axes:
    """Axes of a plot: x from 1 to `last`, y from 0 to `top`."""

    last: int
    top: float

    def pixel(self, point: Point) -> tuple[float, float]:
        """Position of a point in pixels."""
        x, y = point
        return (_LEFT + (x - 1) / max(1, self.last - 1) * _WIDTH, _BOTTOM - max(0.0, y) / self.top * _HEIGHT)

    def grid(self) -> list[Markup]:
        """Horizontal lines with their values, and the labels of the x axis."""
        horizontal = Markup(
            '<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
            '<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{:g}</text>'
        )
        label = Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="middle">{}</text>')
        parts = []
        for tick in ticks(0, self.top, 4):
            y = self.pixel((1, tick))[1]
            parts.append(horizontal.format(_LEFT, _LEFT + _WIDTH, y, y, _LEFT - 6, y + 4, tick))
        for x in sorted({1, (self.last + 1) // 2, self.last}):
            parts.append(label.format(self.pixel((x, 0))[0], _BOTTOM + 18, x))
        return parts

    def line(self, points: Points, is_solid: bool, title: str) -> Markup:
        """A curve through the points."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(self.pixel, points))
        return Markup('<polyline class="curve {}" points="{}"><title>{}</title></polyline>').format(
            "solid" if is_solid else "dashed", path, title
        )

    def dot(self, point: Point, radius: int, title: str) -> Markup:
        """A ring around a point."""
        return Markup(
            '<circle class="best" cx="{:.1f}" cy="{:.1f}" r="{}"><title>{}</title></circle>'
        ).format(*self.pixel(point), radius, title)


def _history(run: Run, name: str) -> Points:
    return _known((i + 1, record.get(name)) for i, record in enumerate(run.history))


def _known(points: Iterable[tuple[int, float | None]]) -> Points:
    return [(x, y) for x, y in points if y is not None and is_finite(y)]


def _plot(parts: Sequence[Markup], title: str, label: str) -> Markup:
    head = Markup('<text class="title" x="{}" y="16">{}</text>').format(_LEFT, title)
    return svg("curves", (_LEFT + _WIDTH + 14, _BOTTOM + 26), label, [*parts, head])
