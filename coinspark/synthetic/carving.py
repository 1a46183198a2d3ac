"""Relief drawing: a motif is a list of parts, outlines with a height, that are carved into a height map.

Coordinates of a motif: x to the right, y down; the field of the die is the disc of radius 1 around (0, 0).
Nothing in this module is random.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Blend = Literal["join", "over", "add", "cut"]
Points = Sequence[tuple[float, float]] | NDArray[Any]


@dataclass(frozen=True)
class Part:
    """Closed outlines that are carved together.

    Attributes:
        outlines: Points of each outline, float32 (n, 2). height: Height of the part, 0 to 1. rounding: Width
        of the rounded edge. blend: How the part meets what is carved already. join: the higher of both; over:
        it hides the other; add: it is
            raised by this part; cut: a groove.
        label: Name of the motif that the part belongs to.
    """

    outlines: tuple[Floats, ...]
    height: float = 0.5
    rounding: float = 0.12
    blend: Blend = "join"
    label: str = ""


def poly(points: Points, height: float = 0.5, rounding: float = 0.12, blend: Blend = "join") -> Part:
    """A polygon with straight sides."""
    return Part((np.asarray(points, np.float32),), height, rounding, blend)


def blob(points: Points, height: float = 0.5, rounding: float = 0.12, blend: Blend = "join") -> Part:
    """A smooth closed shape through the points; a repeated point makes a corner."""
    return Part((curve(points, closed=True),), height, rounding, blend)


def oval(
    x: float,
    y: float,
    rx: float,
    ry: float,
    turn: float = 0,
    height: float = 0.5,
    rounding: float | None = None,
    blend: Blend = "join",
) -> Part:
    """An ellipse, rotated clockwise by `turn` degrees."""
    return Part((_ellipse(x, y, rx, ry, turn),), height, min(rx, ry) if rounding is None else rounding, blend)


def line(
    points: Points,
    width: float | Sequence[float] = 0.05,
    height: float = 0.4,
    blend: Blend = "join",
    rounding: float | None = None,
) -> Part:
    """A smooth stroke. Several widths are interpolated along it."""
    outline, max_width = _stroke(points, width)
    return Part((outline,), height, max_width / 2 if rounding is None else rounding, blend)


def lines(
    strokes: Iterable[Points],
    width: float | Sequence[float] = 0.03,
    height: float = 0.15,
    blend: Blend = "add",
) -> Part:
    """Strokes carved together, such as hair, feathers or folds."""
    outlines, widths = zip(*(_stroke(points, width) for points in strokes), strict=True)
    return Part(outlines, height, max(widths) / 2, blend)


def dots(points: Points, radius: float = 0.03, height: float = 0.4, blend: Blend = "join") -> Part:
    """Round pellets at the points."""
    return Part(tuple(_ellipse(x, y, radius, radius, 0, 10) for x, y in points), height, radius, blend)


def leaves(
    along: Points, size: float, spread: float = 32, height: float = 0.25, blend: Blend = "add", count: int = 6
) -> Part:
    """Pairs of pointed leaves along a stem through the points."""
    stem = resample(curve(along), count + 1)
    outlines = []
    for start, end in pairwise(stem):
        angle = np.degrees(np.arctan2(end[1] - start[1], end[0] - start[0]))
        outlines += [_leaf(start, size, float(angle + turn)) for turn in (-spread, spread)]
    return Part(tuple(outlines), height, size * 0.2, blend)


def arc(
    x: float, y: float, rx: float, ry: float, start: float, end: float, count: int = 12
) -> list[tuple[float, float]]:
    """Points on an ellipse from angle `start` to `end`, in degrees clockwise from the right."""
    angles = np.radians(np.linspace(start, end, count))
    return [(float(x + rx * np.cos(a)), float(y + ry * np.sin(a))) for a in angles]


def transform(
    parts: Sequence[Part],
    size: float = 1,
    shift: tuple[float, float] = (0, 0),
    turn: float = 0,
    mirror: bool = False,
) -> list[Part]:
    """The parts mirrored left to right, scaled, rotated clockwise by `turn` degrees, and shifted."""
    a = np.radians(turn)
    matrix = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]], np.float32) * size
    if mirror:
        matrix[:, 0] *= -1
    offset = np.asarray(shift, np.float32)
    transformed = []
    for part in parts:
        outlines = tuple((outline @ matrix + offset).astype(np.float32) for outline in part.outlines)
        transformed.append(replace(part, outlines=outlines, rounding=part.rounding * size))
    return transformed


def with_label(label: str, parts: Sequence[Part]) -> list[Part]:
    """The parts; those without a label get this one."""
    return [part if part.label else replace(part, label=label) for part in parts]


def carve(parts: Sequence[Part], pixels: int) -> Floats:
    """The height map of the parts: float32 (pixels, pixels), 0 at the field, about 1 at the top."""
    heights = np.zeros((pixels, pixels), np.float32)
    for part in parts:
        _carve(heights, part, pixels / 2)
    return np.maximum(heights, 0, out=heights)


def curve(points: Points, closed: bool = False, steps: int = 6) -> Floats:
    """A Catmull-Rom curve through the points, float32 (n, 2); a repeated point makes a corner."""
    p = np.asarray(points, np.float32)
    before, after = (p[-1:], p[:2]) if closed else (2 * p[:1] - p[1:2], 2 * p[-1:] - p[-2:-1])
    p = np.concatenate([before, p, after])
    a, b, c, d = (p[i : len(p) - 3 + i, None] for i in range(4))
    t = np.linspace(0, 1, steps, endpoint=False, dtype=np.float32)[None, :, None]
    points_between = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    flat = points_between.reshape(-1, 2)
    return flat if closed else np.concatenate([flat, p[-2:-1]])


def resample(points: Floats, count: int) -> Floats:
    """`count` points at even distances along a polyline."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    distances = np.concatenate([[0], np.cumsum(steps)])
    even = np.linspace(0, distances[-1], count)
    return np.stack([np.interp(even, distances, points[:, i]) for i in (0, 1)], axis=1).astype(np.float32)


def across(points: Points, half: float, count: int) -> list[list[tuple[float, float]]]:
    """`count` short strokes across a curve, each `half` long on either side of it."""
    middle = resample(curve(points), count)
    along = np.gradient(middle, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.hypot(*along.T)[:, None] * half
    ends = zip(middle - normal, middle + normal, strict=True)
    return [[(float(a[0]), float(a[1])), (float(b[0]), float(b[1]))] for a, b in ends]


def _ellipse(x: float, y: float, rx: float, ry: float, turn: float, count: int = 28) -> Floats:
    a, t = np.linspace(0, 2 * np.pi, count, endpoint=False), np.radians(turn)
    u, v = rx * np.cos(a), ry * np.sin(a)
    points = np.stack([x + u * np.cos(t) - v * np.sin(t), y + u * np.sin(t) + v * np.cos(t)], axis=1)
    return np.asarray(points, np.float32)


def _leaf(at: Floats, size: float, turn: float) -> Floats:
    a = np.radians(turn)
    u = np.array([0, 0.3, 0.6, 1, 0.6, 0.3]) * size
    v = np.array([0, 0.2, 0.2, 0, -0.2, -0.2]) * size
    points = np.stack([at[0] + u * np.cos(a) - v * np.sin(a), at[1] + u * np.sin(a) + v * np.cos(a)], axis=1)
    return np.asarray(points, np.float32)


def _stroke(points: Points, width: float | Sequence[float]) -> tuple[Floats, float]:
    """The outline of a stroke, and its largest width."""
    middle = curve(points)
    along = np.gradient(middle, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(np.hypot(*along.T), 1e-6)[:, None]
    widths = np.atleast_1d(np.asarray(width, np.float32))
    half = np.interp(np.linspace(0, 1, len(middle)), np.linspace(0, 1, len(widths)), widths)[:, None] / 2
    outline = np.concatenate([middle + normal * half, (middle - normal * half)[::-1]]).astype(np.float32)
    return outline, float(widths.max())


def _carve(heights: Floats, part: Part, scale: float) -> None:
    """Carve one part into the height map, in place. `scale`: pixels for one unit of the motif."""
    pixels = heights.shape[0]
    outlines = [(outline + 1) * scale for outline in part.outlines]
    points = np.concatenate(outlines)
    low = np.clip(np.floor(points.min(axis=0)).astype(int) - 3, 0, pixels)
    high = np.clip(np.ceil(points.max(axis=0)).astype(int) + 4, 0, pixels)
    columns, rows = high - low
    if columns < 2 or rows < 2:
        return
    mask = np.zeros((rows, columns), np.uint8)
    for outline in outlines:  # one at a time: strokes that cross must not cancel out
        cv2.fillPoly(mask, [np.round((outline - low) * 16).astype(np.int32)], 255, cv2.LINE_8, 4)
    distance = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    max_distance = float(distance.max())
    edge = _dome(distance, min(part.rounding, 0.07) * scale, max_distance)
    relief = edge * part.height
    if part.rounding > 0.07:  # a steep edge keeps the outline sharp, the wide dome gives the form
        relief *= 0.5 + 0.5 * _dome(distance, part.rounding * scale, max_distance)
    region = heights[low[1] : high[1], low[0] : high[0]]
    if part.blend == "join":
        np.maximum(region, relief, out=region)
    elif part.blend == "over":
        region *= 1 - edge
        region += relief
    elif part.blend == "add":
        region += relief
    else:
        region -= relief


def _dome(distance: Floats, rounding: float, max_distance: float) -> Floats:
    """A quarter circle over `rounding` pixels from the edge, smoothed so that the middle has no crease."""
    rounding = max(min(rounding, max_distance), 1e-3)
    dome = np.sqrt(1 - (1 - np.minimum(distance / rounding, 1)) ** 2)
    smooth: Floats = cv2.GaussianBlur(dome.astype(np.float32), (0, 0), max(0.6, 0.22 * rounding))
    return smooth
