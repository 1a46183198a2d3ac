"""From a die's height map to a photo: strike, wear, light, metal or plaster, background, noise.

All random numbers come from the Generator argument. Height maps and covers are float32 (pixels, pixels).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from coinspark.synthetic.carving import Floats
from coinspark.synthetic.flans import Flan
from coinspark.synthetic.scenes import Scene

PLASTER = (0.80, 0.87, 0.90)


def die_to_photo(flan: Flan, scene: Scene, pixels: int) -> NDArray[np.float64]:
    """The 2 × 3 matrix from die coordinates to photo pixels, without the flan's unevenness."""
    strike = flan.strike
    a = np.radians(strike.turn + scene.turn)
    size = flan.radius * scene.zoom * strike.die_radius * pixels
    rotation = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) * size
    offset = rotation @ np.array(strike.shift) + np.array(scene.center) * pixels
    return np.column_stack([rotation, offset])


def project(points: Floats, flan: Flan, scene: Scene, pixels: int) -> Floats:
    """Photo pixels (n, 2) of points (n, 2) of the die, unevenness included."""
    warp = cv2.resize(flan.strike.warp, (pixels, pixels), interpolation=cv2.INTER_CUBIC)
    matrix = die_to_photo(flan, scene, pixels)
    flat = points @ matrix[:, :2].T + matrix[:, 2]
    at = np.clip(flat, 0, pixels - 1).astype(int)
    warped = points - warp[at[:, 1], at[:, 0]]
    return np.asarray(warped @ matrix[:, :2].T + matrix[:, 2], np.float32)


def photograph(die: Floats, flan: Flan, scene: Scene, photo: int, rng: Generator) -> NDArray[np.uint8]:
    """The photo of one side: uint8 (photo, photo, 3), blue first. Small ones are drawn at twice the size."""
    pixels = photo * 2 if photo <= 256 else photo
    cover, edge = _flan_cover(flan, scene, pixels)
    height = _strike(die, flan, scene, pixels)
    roughness = (
        0.6 * _smooth_noise(rng, pixels, 11)
        + 0.6 * _smooth_noise(rng, pixels, 31)
        + 0.5 * _smooth_noise(rng, pixels, 67)
    )
    height = _wear(height, flan, pixels) + roughness * (0.012 + 0.04 * flan.pits)
    if flan.pits > 0.05:
        height -= _pits(flan, pixels, rng)
    if scene.plaster:
        height = cv2.GaussianBlur(height, (0, 0), pixels / 320) * 0.9
    color = _shade(height * (flan.relief * pixels) + edge, flan, scene, pixels)
    if not scene.plaster:
        color *= (1 + 0.07 * roughness)[..., None]
    image = _place_on_background(color, cover, scene, pixels)
    if pixels != photo:
        image = cv2.resize(image, (photo, photo), interpolation=cv2.INTER_AREA)
    image = image * scene.exposure + rng.standard_normal(image.shape, np.float32) * scene.noise
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)


def _flan_cover(flan: Flan, scene: Scene, pixels: int) -> tuple[Floats, Floats]:
    """The cover of the flan, 0 to 1, and the height of its rounded edge, negative near the edge."""
    angles = np.linspace(0, 2 * np.pi, len(flan.outline), endpoint=False) + np.radians(scene.turn)
    radius = flan.outline * flan.radius * scene.zoom * pixels
    x = scene.center[0] * pixels + radius * np.cos(angles)
    y = scene.center[1] * pixels + radius * np.sin(angles)
    mask = np.zeros((pixels, pixels), np.uint8)
    points = np.round(np.stack([x, y], axis=1) * 16).astype(np.int32)
    cv2.fillPoly(mask, [points], 255, cv2.LINE_AA, 4)
    distance = cv2.distanceTransform((mask > 127).astype(np.uint8), cv2.DIST_L2, 3)
    bevel = 0.05 * pixels
    drop = np.square(1 - np.minimum(distance / bevel, 1)) * (-0.028 * pixels)
    return mask.astype(np.float32) / 255, cv2.GaussianBlur(drop.astype(np.float32), (0, 0), 1.5)


def _strike(die: Floats, flan: Flan, scene: Scene, pixels: int) -> Floats:
    """The height map of the die in the photo."""
    inverse = cv2.invertAffineTransform(die_to_photo(flan, scene, pixels)).astype(np.float32)
    at = np.arange(pixels, dtype=np.float32) + 0.5
    u = inverse[0, 0] * at[None, :] + (inverse[0, 1] * at + inverse[0, 2])[:, None]
    v = inverse[1, 0] * at[None, :] + (inverse[1, 1] * at + inverse[1, 2])[:, None]
    warp = cv2.resize(flan.strike.warp, (pixels, pixels), interpolation=cv2.INTER_CUBIC)
    half = die.shape[0] / 2
    x_on_die, y_on_die = (u + warp[..., 0] + 1) * half - 0.5, (v + warp[..., 1] + 1) * half - 0.5
    struck: Floats = cv2.remap(die, x_on_die, y_on_die, cv2.INTER_LINEAR)
    return struck


def _wear(height: Floats, flan: Flan, pixels: int) -> Floats:
    """Flatten high points and soften edges where the flan is worn."""
    wear = np.clip(cv2.resize(flan.wear, (pixels, pixels), interpolation=cv2.INTER_LINEAR), 0, 1)
    soft = cv2.GaussianBlur(height, (0, 0), pixels / 90)
    limit = 0.80 - 0.58 * wear
    flat = limit * np.tanh(soft / limit)
    return np.asarray(height + (flat - height) * np.minimum(wear * 1.25, 1))


def _pits(flan: Flan, pixels: int, rng: Generator) -> Floats:
    """Depth of corrosion pits."""
    depth = np.maximum(_smooth_noise(rng, pixels, max(pixels // 5, 4)) - (2.4 - 0.9 * min(flan.pits, 1)), 0)
    return np.asarray(cv2.GaussianBlur(np.minimum(depth, 0.8), (0, 0), 1) * 0.45)


def _shade(height: Floats, flan: Flan, scene: Scene, pixels: int) -> Floats:
    """Colours (pixels, pixels, 3) of the lit surface: diffuse light, gloss, patina or dust in recesses."""
    gx = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=1 / 8)
    gy = cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=1 / 8)
    a, e = np.radians(scene.azimuth), np.radians(scene.elevation)
    x, y, z = float(np.cos(a) * np.cos(e)), float(np.sin(a) * np.cos(e)), float(np.sin(e))
    inverse_slope = 1 / np.sqrt(gx * gx + gy * gy + 1)
    facing = np.maximum((z - gx * x - gy * y) * inverse_slope, 0)
    recess = (height - cv2.GaussianBlur(height, (0, 0), pixels / 40)) / (pixels / 40)
    tint = np.array(PLASTER if scene.plaster else flan.tint, np.float32)
    if scene.plaster:
        shade = 0.42 + 0.62 * facing + np.clip(recess, -0.5, 0.3) * 0.30
        return np.asarray(shade[..., None] * tint)
    shade = (0.24 + 0.86 * facing) * (1 + np.clip(recess, -0.6, 0.5) * 0.85)
    bx, by, bz = x, y, z + 1  # half vector of Blinn-Phong, seen from above
    n = float(np.sqrt(bx * bx + by * by + bz * bz))
    gloss = np.maximum((bz - gx * bx - gy * by) * inverse_slope / n, 0) ** 22 * 0.20
    return np.asarray(shade[..., None] * tint + gloss[..., None])


def _place_on_background(color: Floats, cover: Floats, scene: Scene, pixels: int) -> Floats:
    """The coin on its background, with its shadow."""
    ramp = np.linspace(-0.04, 0.04, pixels, dtype=np.float32)
    a = np.radians(scene.azimuth)
    ground = scene.background * (1 + ramp[None, :] * float(np.cos(a)) + ramp[:, None] * float(np.sin(a)))
    away = np.array([[1, 0, -np.cos(a) * pixels * 0.02], [0, 1, -np.sin(a) * pixels * 0.02]])
    small = cv2.resize(cover, (pixels // 4, pixels // 4), interpolation=cv2.INTER_AREA)
    away[:, 2] /= 4
    shadow = cv2.GaussianBlur(cv2.warpAffine(small, away, small.shape), (0, 0), max(pixels / 160, 1))
    ground = ground * (1 - 0.45 * cv2.resize(shadow, (pixels, pixels), interpolation=cv2.INTER_LINEAR))
    return np.asarray(ground[..., None] + (color - ground[..., None]) * cover[..., None])


def _smooth_noise(rng: Generator, pixels: int, cells: int) -> Floats:
    """Noise of unit variance on a grid of `cells` × `cells`, enlarged smoothly to (pixels, pixels)."""
    grid = rng.standard_normal((cells, cells), np.float32)
    noise: Floats = cv2.resize(grid, (pixels, pixels), interpolation=cv2.INTER_CUBIC)
    return noise
