"""From a die's height map to a photograph: flan, strike, wear, light, metal or plaster, background, noise.

Everything random comes from the Generator that is passed in; nothing depends on other coins.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from coinspark.synthetic.carving import Floats

Color = tuple[float, float, float]  # blue, green, red, 0 to 1


@dataclass(frozen=True)
class Piece:
    """One flan as it was made and worn: the same for a coin's photograph and its plaster cast.

    `radius` is a share of the photo's side, `spread` the die's radius in flan radii (over 1: the border runs off);
    `outline` is the edge's radius over 128 even angles, 1 on average; `shift` (die radii) and `turn` (degrees) say how the
    die met the flan; `warp` (4, 4, 2) is its unevenness (die radii, over the photo); `worn` (5, 5) how far each part is
    rubbed, 0 to 1; `pits` the strength of corrosion; `depth` the height of the relief as a share of the photo's side.
    """

    radius: float
    spread: float
    outline: Floats
    shift: tuple[float, float]
    turn: float
    warp: Floats
    worn: Floats
    pits: float
    depth: float
    tint: Color


@dataclass(frozen=True)
class Shot:
    """One photograph: where the coin lies (shares of the side), how large and turned, the light, what lies behind.

    Angles are degrees, clockwise from the right; `background` and `noise` are shares of full white.
    """

    center: tuple[float, float]
    zoom: float
    turn: float
    azimuth: float
    elevation: float
    background: float
    exposure: float
    noise: float
    plaster: bool


def placement(piece: Piece, shot: Shot, photo: int) -> NDArray[np.float64]:
    """The 2 × 3 matrix from die coordinates to photo pixels; unevenness (`warp`) comes on top, see `spots`."""
    a = np.radians(piece.turn + shot.turn)
    size = piece.radius * shot.zoom * piece.spread * photo
    turned = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) * size
    moved = turned @ np.array(piece.shift) + np.array(shot.center) * photo
    return np.column_stack([turned, moved])


def spots(points: Floats, piece: Piece, shot: Shot, photo: int) -> Floats:
    """Where points (n, 2) of the die come to lie in the photo, in pixels."""
    uneven = cv2.resize(piece.warp, (photo, photo), interpolation=cv2.INTER_CUBIC)
    matrix = placement(piece, shot, photo)
    level = points @ matrix[:, :2].T + matrix[:, 2]
    at = np.clip(level, 0, photo - 1).astype(int)
    moved = points - uneven[at[:, 1], at[:, 0]]
    return np.asarray(moved @ matrix[:, :2].T + matrix[:, 2], np.float32)


def photograph(die: Floats, piece: Piece, shot: Shot, photo: int, rng: Generator) -> NDArray[np.uint8]:
    """The photo of one side, uint8 (photo, photo, 3), blue first; drawn at twice its size (up to 512) and reduced."""
    side = photo * 2 if photo <= 256 else photo
    flan, edge = _flan(piece, shot, side)
    height = _struck(die, piece, shot, side)
    rough = (
        0.6 * _smooth_noise(rng, side, 11)
        + 0.6 * _smooth_noise(rng, side, 31)
        + 0.5 * _smooth_noise(rng, side, 67)
    )
    height = _rub(height, piece, shot, side) + rough * (0.012 + 0.04 * piece.pits)
    if piece.pits > 0.05:
        pits = np.maximum(_smooth_noise(rng, side, max(side // 5, 4)) - (2.4 - 0.9 * min(piece.pits, 1)), 0)
        height -= cv2.GaussianBlur(np.minimum(pits, 0.8), (0, 0), 1) * 0.45
    if shot.plaster:
        height = cv2.GaussianBlur(height, (0, 0), side / 320) * 0.9
    color = _lit(height * (piece.depth * side) + edge, piece, shot, side)
    if not shot.plaster:
        color *= (1 + 0.07 * rough)[..., None]
    picture = _laid(color, flan, shot, side)
    small = cv2.resize(picture, (photo, photo), interpolation=cv2.INTER_AREA) if side != photo else picture
    small = small * shot.exposure + rng.standard_normal(small.shape, np.float32) * shot.noise
    return (np.clip(small, 0, 1) * 255 + 0.5).astype(np.uint8)


def _flan(piece: Piece, shot: Shot, side: int) -> tuple[Floats, Floats]:
    """The flan's cover (side, side), 0 to 1, and the height that its rounded edge takes away."""
    angles = np.linspace(0, 2 * np.pi, len(piece.outline), endpoint=False) + np.radians(shot.turn)
    r = piece.outline * piece.radius * shot.zoom * side
    points = np.stack(
        [shot.center[0] * side + r * np.cos(angles), shot.center[1] * side + r * np.sin(angles)], axis=1
    )
    mask = np.zeros((side, side), np.uint8)
    cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    inside = cv2.distanceTransform((mask > 127).astype(np.uint8), cv2.DIST_L2, 3)
    bevel = 0.05 * side
    drop = np.square(1 - np.minimum(inside / bevel, 1)) * (-0.028 * side)
    return mask.astype(np.float32) / 255, cv2.GaussianBlur(drop.astype(np.float32), (0, 0), 1.5)


def _struck(die: Floats, piece: Piece, shot: Shot, side: int) -> Floats:
    """The die's relief as it lies in the picture (side, side)."""
    inverse = cv2.invertAffineTransform(placement(piece, shot, side)).astype(np.float32)
    x = np.arange(side, dtype=np.float32) + 0.5
    u = inverse[0, 0] * x[None, :] + (inverse[0, 1] * x + inverse[0, 2])[:, None]
    v = inverse[1, 0] * x[None, :] + (inverse[1, 1] * x + inverse[1, 2])[:, None]
    uneven = cv2.resize(piece.warp, (side, side), interpolation=cv2.INTER_CUBIC)
    half = die.shape[0] / 2
    x_on_die, y_on_die = (u + uneven[..., 0] + 1) * half - 0.5, (v + uneven[..., 1] + 1) * half - 0.5
    struck: Floats = cv2.remap(die, x_on_die, y_on_die, cv2.INTER_LINEAR)
    return struck


def _rub(height: Floats, piece: Piece, shot: Shot, side: int) -> Floats:
    """Wear: high points are flattened and edges softened where `worn` is high."""
    worn = np.clip(cv2.resize(piece.worn, (side, side), interpolation=cv2.INTER_LINEAR), 0, 1)
    soft = cv2.GaussianBlur(height, (0, 0), side / 90)
    cap = 0.80 - 0.58 * worn
    flat = cap * np.tanh(soft / cap)
    return np.asarray(height + (flat - height) * np.minimum(worn * 1.25, 1))


def _lit(height: Floats, piece: Piece, shot: Shot, side: int) -> Floats:
    """The shaded surface (side, side, 3): light, gloss, and patina or dust in the recesses."""
    gx = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=1 / 8)
    gy = cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=1 / 8)
    a, e = np.radians(shot.azimuth), np.radians(shot.elevation)
    x, y, z = float(np.cos(a) * np.cos(e)), float(np.sin(a) * np.cos(e)), float(np.sin(e))
    steep = 1 / np.sqrt(gx * gx + gy * gy + 1)
    facing = np.maximum((z - gx * x - gy * y) * steep, 0)
    hollow = (height - cv2.GaussianBlur(height, (0, 0), side / 40)) / (side / 40)
    tint = np.array((0.80, 0.87, 0.90) if shot.plaster else piece.tint, np.float32)
    if shot.plaster:
        shade = 0.42 + 0.62 * facing + np.clip(hollow, -0.5, 0.3) * 0.30
        return np.asarray(shade[..., None] * tint)
    shade = (0.24 + 0.86 * facing) * (1 + np.clip(hollow, -0.6, 0.5) * 0.85)
    bx, by, bz = x, y, z + 1
    n = float(np.sqrt(bx * bx + by * by + bz * bz))
    gloss = np.maximum((bz - gx * bx - gy * by) * steep / n, 0) ** 22 * 0.20
    return np.asarray(shade[..., None] * tint + gloss[..., None])


def _laid(color: Floats, flan: Floats, shot: Shot, side: int) -> Floats:
    """The coin on its background, with its shadow."""
    ramp = np.linspace(-0.04, 0.04, side, dtype=np.float32)
    a = np.radians(shot.azimuth)
    ground = shot.background * (1 + ramp[None, :] * float(np.cos(a)) + ramp[:, None] * float(np.sin(a)))
    away = np.array([[1, 0, -np.cos(a) * side * 0.02], [0, 1, -np.sin(a) * side * 0.02]])
    small = cv2.resize(flan, (side // 4, side // 4), interpolation=cv2.INTER_AREA)
    away[:, 2] /= 4
    shadow = cv2.GaussianBlur(cv2.warpAffine(small, away, small.shape), (0, 0), max(side / 160, 1))
    ground = ground * (1 - 0.45 * cv2.resize(shadow, (side, side), interpolation=cv2.INTER_LINEAR))
    return np.asarray(ground[..., None] + (color - ground[..., None]) * flan[..., None])


def _smooth_noise(rng: Generator, side: int, cells: int) -> Floats:
    """Noise of unit variance at its grid of `cells` × `cells`, enlarged smoothly to (side, side)."""
    grid = rng.standard_normal((cells, cells), np.float32)
    noise: Floats = cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC)
    return noise
