"""The flan of a synthetic coin: a metal disc, struck by two dies and worn by use."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from coinspark.synthetic.carving import Floats
from coinspark.synthetic.mintage import Style

Color = tuple[float, float, float]  # blue, green, red, 0 to 1
PATINA: Color = (0.37, 0.48, 0.54)
OUTLINE_ANGLES = 128


@dataclass(frozen=True)
class Strike:
    """How a die met the flan.

    Attributes:
        die_radius: In flan radii; above 1 the border of the die is outside the flan.
        shift: Offset of the die's centre, in die radii.
        turn: Rotation, in degrees clockwise.
        warp: Unevenness, float32 (4, 4, 2): offsets in die radii on a grid over the photo.
    """

    die_radius: float
    shift: tuple[float, float]
    turn: float
    warp: Floats


@dataclass(frozen=True)
class Flan:
    """One side of a flan. The photo of a coin and the photo of its plaster cast show the same flan.

    Attributes:
        radius: Mean radius as a share of the photo's width.
        outline: Radius of the edge at even angles, float32 (128,), 1 on average.
        wear: How far each region is rubbed, float32 (5, 5) over the photo, 0 to 1.
        pits: Strength of corrosion.
        relief: Height of the relief as a share of the photo's width.
        tint: Colour of the metal.
    """

    radius: float
    outline: Floats
    strike: Strike
    wear: Floats
    pits: float
    relief: float
    tint: Color


def random_flan(style: Style, wear: float, rng: Generator) -> Flan:
    """The obverse of a flan in the style of a mint. `wear`: mean wear of the collection, 0 to 1.

    The photos depend on the order of the random draws; do not change it.
    """
    outline = _random_outline(style.edge_noise, rng)
    tint = np.mean([style.metal, PATINA], axis=0) * rng.normal(1, 0.12) + rng.normal(0, 0.016, 3)
    mean_wear = wear * rng.gamma(2, 0.55)
    radius = style.flan_radius * float(np.clip(rng.normal(1, 0.03), 0.92, 1.06))
    strike = _random_strike(rng, max_turn=0)
    wear_by_region = np.clip(mean_wear * rng.uniform(0.5, 1.6, (5, 5)), 0, 1).astype(np.float32)
    pits = float(wear * rng.exponential(0.7))
    relief = style.relief * float(np.clip(rng.normal(1, 0.12), 0.7, 1.3))
    blue, green, red = map(float, tint)
    return Flan(radius, outline, strike, wear_by_region, pits, relief, (blue, green, red))


def reverse_of(obverse: Flan, rng: Generator) -> Flan:
    """The other side: edge and wear mirrored left to right, struck by another die, with a lower relief."""
    return replace(
        obverse,
        outline=np.ascontiguousarray(np.roll(obverse.outline[::-1], OUTLINE_ANGLES // 2 + 1)),
        strike=_random_strike(rng, max_turn=8),
        wear=np.ascontiguousarray(obverse.wear[:, ::-1]),
        relief=obverse.relief * 0.92,
    )


def _random_outline(noise: float, rng: Generator) -> Floats:
    """A circle with irregularities of low frequency; every fourth flan has a chip in its edge."""
    angles = np.linspace(0, 2 * np.pi, OUTLINE_ANGLES, endpoint=False)
    outline = np.ones(OUTLINE_ANGLES)
    for k in range(2, 8):
        outline += rng.normal(0, noise) * np.cos(k * angles + rng.uniform(0, 2 * np.pi)) / np.sqrt(k)
    if rng.random() < 0.25:
        distance = np.abs((angles - rng.uniform(0, 2 * np.pi) + np.pi) % (2 * np.pi) - np.pi)
        outline -= np.maximum(1 - distance / rng.uniform(0.15, 0.45), 0) * rng.uniform(0.06, 0.22)
    return outline.astype(np.float32)


def _random_strike(rng: Generator, max_turn: float) -> Strike:
    die_radius = float(rng.uniform(0.97, 1.13))
    shift = float(rng.normal(0, 0.045)), float(rng.normal(0, 0.045))
    turn = float(np.clip(rng.normal(0, max_turn / 2), -max_turn, max_turn)) if max_turn else 0.0
    warp = rng.normal(0, 0.012, (4, 4, 2)).astype(np.float32)
    return Strike(die_radius, shift, turn, warp)
