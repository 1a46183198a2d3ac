"""The scene of a synthetic photo: position of the coin, light, background and camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator


@dataclass(frozen=True)
class Scene:
    """The scene of one photo. Angles are degrees, clockwise from the right.

    Attributes:
        center: Centre of the coin, as shares of the photo's width.
        zoom: Scale of the coin.
        turn: Rotation of the coin.
        azimuth, elevation: Direction of the light.
        background, noise: Shares of full white.
        exposure: Factor on all pixels.
        plaster: Whether the photo shows a plaster cast.
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


def random_scene(plaster: bool, rng: Generator) -> Scene:
    """A scene as in a museum: the coin turned by up to 12 degrees, lit from above and mostly from the left.

    The photos depend on the order of the random draws; do not change it.
    """
    background = _random_background(rng)
    center = 0.5 + float(rng.uniform(-0.025, 0.025)), 0.5 + float(rng.uniform(-0.025, 0.025))
    zoom = float(rng.uniform(0.91, 1.02))
    turn = float(rng.uniform(-12, 12))
    azimuth = float(np.clip(rng.normal(-125, 30), -200, -30))
    elevation = float(rng.uniform(32, 52))
    if plaster:  # casts are photographed on a darker ground
        background = float(rng.uniform(0.05, 0.5))
    exposure = float(rng.uniform(0.88, 1.12))
    noise = float(rng.uniform(0.008, 0.028))
    return Scene(center, zoom, turn, azimuth, elevation, background, exposure, noise, plaster)


def _random_background(rng: Generator) -> float:
    """Light in 60 % of the photos, grey in 25 %, black in 15 %."""
    kind = rng.random()
    if kind < 0.6:
        return float(rng.uniform(0.80, 0.97))
    return float(rng.uniform(0.35, 0.65) if kind < 0.85 else rng.uniform(0.03, 0.15))
