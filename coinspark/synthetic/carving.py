"""Relief drawing: a motif is a list of parts (outlines with a height), carved into a height map.

Motif coordinates: x to the right, y down, the die's field is the disc of radius 1 around (0, 0). Nothing here is random.
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
How = Literal["join", "over", "add", "cut"]
Points = Sequence[tuple[float, float]] | NDArray[Any]


@dataclass(frozen=True)
class Part:
    """Closed outlines that are carved together: how high, how wide their rounded edge is, and over what.

    `join` keeps the higher of both, `over` hides what was there, `add` lies on top, `cut` is a groove.
    `label` names the motif that the part belongs to.
    """

    outlines: tuple[Floats, ...]  # each (n, 2)
    lift: float = 0.5
    soft: float = 0.12
    how: How = "join"
    label: str = ""


def poly(points: Points, lift: float = 0.5, soft: float = 0.12, how: How = "join") -> Part:
    """A polygon with straight sides."""
    return Part((np.asarray(points, np.float32),), lift, soft, how)


def blob(points: Points, lift: float = 0.5, soft: float = 0.12, how: How = "join") -> Part:
    """A closed smooth shape through the points; a point given twice is a corner."""
    return Part((curve(points, closed=True),), lift, soft, how)


def oval(
    x: float,
    y: float,
    rx: float,
    ry: float,
    turn: float = 0,
    lift: float = 0.5,
    soft: float | None = None,
    how: How = "join",
) -> Part:
    """An ellipse, turned clockwise by `turn` degrees."""
    return Part((_ellipse(x, y, rx, ry, turn),), lift, min(rx, ry) if soft is None else soft, how)


def line(
    points: Points,
    width: float | Sequence[float] = 0.05,
    lift: float = 0.4,
    how: How = "join",
    soft: float | None = None,
) -> Part:
    """A smooth stroke; `width` is constant or runs evenly through the given values (tapering)."""
    outline, thickest = _stroke(points, width)
    return Part((outline,), lift, thickest / 2 if soft is None else soft, how)


def lines(
    strokes: Iterable[Points], width: float | Sequence[float] = 0.03, lift: float = 0.15, how: How = "add"
) -> Part:
    """Many strokes carved together: hair, feathers, folds."""
    drawn = [_stroke(points, width) for points in strokes]
    return Part(tuple(outline for outline, _ in drawn), lift, max(width for _, width in drawn) / 2, how)


def dots(points: Points, radius: float = 0.03, lift: float = 0.4, how: How = "join") -> Part:
    """Round pellets at the points."""
    return Part(tuple(_ellipse(x, y, radius, radius, 0, 10) for x, y in points), lift, radius, how)


def leaves(
    along: Points, size: float, spread: float = 32, lift: float = 0.25, how: How = "add", count: int = 6
) -> Part:
    """Pairs of pointed leaves along a stem that runs through the points."""
    stem = resample(curve(along), count + 1)
    outlines = []
    for here, there in pairwise(stem):
        angle = np.degrees(np.arctan2(there[1] - here[1], there[0] - here[0]))
        outlines += [_leaf(here, size, float(angle + turn)) for turn in (-spread, spread)]
    return Part(tuple(outlines), lift, size * 0.2, how)


def arc(
    x: float, y: float, rx: float, ry: float, start: float, end: float, count: int = 12
) -> list[tuple[float, float]]:
    """Points on an ellipse from angle `start` to `end`, in degrees, clockwise from the right as seen (y down)."""
    angles = np.radians(np.linspace(start, end, count))
    return [(float(x + rx * np.cos(a)), float(y + ry * np.sin(a))) for a in angles]


def place(
    parts: Sequence[Part],
    size: float = 1,
    shift: tuple[float, float] = (0, 0),
    turn: float = 0,
    mirror: bool = False,
) -> list[Part]:
    """The parts scaled, turned clockwise by `turn` degrees, mirrored left to right, shifted; soft edges scale along."""
    a = np.radians(turn)
    rotate = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]], np.float32) * size
    if mirror:
        rotate[:, 0] *= -1
    moved = np.asarray(shift, np.float32)
    return [
        replace(
            part,
            outlines=tuple((o @ rotate + moved).astype(np.float32) for o in part.outlines),
            soft=part.soft * size,
        )
        for part in parts
    ]


def named(label: str, parts: Sequence[Part]) -> list[Part]:
    """The parts, those without a name of their own labelled."""
    return [part if part.label else replace(part, label=label) for part in parts]


def carve(parts: Sequence[Part], side: int) -> Floats:
    """The height map of the parts: float32 (side, side), 0 is the field, about 1 the highest point of a motif."""
    height = np.zeros((side, side), np.float32)
    for part in parts:
        _carve(height, part, side / 2)
    return np.maximum(height, 0, out=height)


def curve(points: Points, closed: bool = False, steps: int = 6) -> Floats:
    """A Catmull-Rom curve through the points, float32 (n, 2); a point given twice makes a corner."""
    p = np.asarray(points, np.float32)
    before, after = (p[-1:], p[:2]) if closed else (2 * p[:1] - p[1:2], 2 * p[-1:] - p[-2:-1])
    p = np.concatenate([before, p, after])
    a, b, c, d = (p[i : len(p) - 3 + i, None] for i in range(4))
    t = np.linspace(0, 1, steps, endpoint=False, dtype=np.float32)[None, :, None]
    drawn = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    flat = drawn.reshape(-1, 2)
    return flat if closed else np.concatenate([flat, p[-2:-1]])


def resample(points: Floats, count: int) -> Floats:
    """`count` points at even distances along a polyline."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    way = np.concatenate([[0], np.cumsum(steps)])
    wanted = np.linspace(0, way[-1], count)
    return np.stack([np.interp(wanted, way, points[:, i]) for i in (0, 1)], axis=1).astype(np.float32)


def across(points: Points, half: float, count: int) -> list[list[tuple[float, float]]]:
    """`count` short strokes across a curve, reaching `half` to either side of it."""
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
    """The outline of a stroke, and its greatest width."""
    middle = curve(points)
    along = np.gradient(middle, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(np.hypot(*along.T), 1e-6)[:, None]
    given = np.atleast_1d(np.asarray(width, np.float32))
    half = np.interp(np.linspace(0, 1, len(middle)), np.linspace(0, 1, len(given)), given)[:, None] / 2
    outline = np.concatenate([middle + normal * half, (middle - normal * half)[::-1]]).astype(np.float32)
    return outline, float(given.max())


def _carve(height: Floats, part: Part, scale: float) -> None:
    """One part into the height map, in the rectangle it covers; in place."""
    side = height.shape[0]
    pixels = [(outline + 1) * scale for outline in part.outlines]
    everything = np.concatenate(pixels)
    low = np.clip(np.floor(everything.min(axis=0)).astype(int) - 3, 0, side)
    high = np.clip(np.ceil(everything.max(axis=0)).astype(int) + 4, 0, side)
    width, tall = high - low
    if width < 2 or tall < 2:
        return
    mask = np.zeros((tall, width), np.uint8)
    for outline in pixels:  # one at a time: strokes that cross must not cancel out
        cv2.fillPoly(mask, [np.round((outline - low) * 16).astype(np.int32)], 255, cv2.LINE_8, 4)
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    deepest = float(inside.max())
    edge = _dome(inside, min(part.soft, 0.07) * scale, deepest)
    dome = edge * part.lift
    if part.soft > 0.07:  # a steep edge keeps the outline crisp, the wide swelling above it makes the form
        dome *= 0.5 + 0.5 * _dome(inside, part.soft * scale, deepest)
    here = height[low[1] : high[1], low[0] : high[0]]
    if part.how == "join":
        np.maximum(here, dome, out=here)
    elif part.how == "over":
        here *= 1 - edge
        here += dome
    elif part.how == "add":
        here += dome
    else:
        here -= dome


def _dome(inside: Floats, soft: float, deepest: float) -> Floats:
    """A quarter circle over `soft` pixels from the edge, smoothed so that no crease stands along the middle."""
    soft = max(min(soft, deepest), 1e-3)
    dome = np.sqrt(1 - (1 - np.minimum(inside / soft, 1)) ** 2)
    smooth: Floats = cv2.GaussianBlur(dome.astype(np.float32), (0, 0), max(0.6, 0.22 * soft))
    return smooth
