"""The dies of a coin type: motif, border, legend and mint mark carved into one height map."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.random import Generator

from coinspark.synthetic.carving import (
    Floats,
    Part,
    arc,
    carve,
    dots,
    leaves,
    line,
    oval,
    transform,
    with_label,
)
from coinspark.synthetic.lettering import glyph, legend
from coinspark.synthetic.mintage import Border, CoinType, Style, random_generator
from coinspark.synthetic.motifs.catalogue import PERSONS, REVERSES
from coinspark.synthetic.motifs.heads import portrait
from coinspark.synthetic.motifs.objects import star

Side = Literal["obverse", "reverse"]
IMPERIAL = {"Hadrian": "ΑΔΡΙΑΝΟΣ", "Faustina II": "ΦΑΥΣΤΙΝΑ", "Gordian III": "ΓΟΡΔΙΑΝΟΣ"}
"""Obverse legends. Other persons have none."""


@dataclass(frozen=True)
class Die:
    """A die: its height map, float32 (pixels, pixels), and label → outline points (n, 2) of each motif."""

    height: Floats
    motifs: tuple[tuple[str, Floats], ...]


@dataclass(frozen=True)
class _Engraving:
    """Random deviations of one die from its type."""

    size: float
    turn: float
    shift: tuple[float, float]
    legend_turn: float
    has_mark: bool


@lru_cache(maxsize=16)
def make_die(coin_type: CoinType, side: Side, number: int, seed: int, pixels: int) -> Die:
    """The `number`-th die of a side. The dies of a type differ slightly, as those of an engraver do."""
    engraving = _random_engraving(random_generator(seed, coin_type.name, side, number))
    motif, others = _obverse(coin_type, engraving) if side == "obverse" else _reverse(coin_type, engraving)
    height = carve([*border(coin_type.border), *others, *motif], pixels)
    outlines: dict[str, list[Floats]] = {}
    for part in motif:
        outlines.setdefault(part.label, []).extend(part.outlines)
    return Die(height, tuple((label, np.concatenate(points)) for label, points in outlines.items()))


def _random_engraving(rng: Generator) -> _Engraving:
    """The photos depend on the order of the random draws; do not change it."""
    size, turn = float(rng.normal(1, 0.04)), float(rng.normal(0, 3))
    shift = (float(rng.normal(0, 0.025)), float(rng.normal(0, 0.025)))
    return _Engraving(size, turn, shift, float(rng.normal(0, 6)), bool(rng.random() < 0.85))


def _obverse(coin_type: CoinType, engraving: _Engraving) -> tuple[list[Part], list[Part]]:
    """The parts of the portrait, and of the legend."""
    style, person = coin_type.style, coin_type.obverse
    size = (0.94 if PERSONS[person].bust else 1.05) * engraving.size
    parts = with_label(person, portrait(person))
    motif = transform(parts, size, engraving.shift, engraving.turn, coin_type.obverse_left)
    start = style.legend_start + engraving.legend_turn
    return motif, legend(IMPERIAL.get(person, ""), "around", style.letter_height, start)


def _reverse(coin_type: CoinType, engraving: _Engraving) -> tuple[list[Part], list[Part]]:
    """The parts of the motif, and of the legend and the mint mark."""
    style, name = coin_type.style, coin_type.reverse
    scale, drop = {"around": (0.86, 0.0), "flanks": (0.88, 0.0), "exergue": (0.92, -0.10)}[style.layout]
    shift = (engraving.shift[0], engraving.shift[1] + drop)
    parts = with_label(name, REVERSES[name].draw())
    motif = transform(parts, scale * engraving.size, shift, engraving.turn, coin_type.reverse_left)
    start = style.legend_start + engraving.legend_turn
    text = legend(coin_type.ethnic, style.layout, style.letter_height, start)
    return motif, text + (_mint_mark(style) if engraving.has_mark else [])


def border(kind: Border) -> list[Part]:
    """The border along the edge of the die."""
    ring = line(arc(0, 0, 0.92, 0.92, 0, 360, 40), 0.035, 0.34)
    if kind == "dots":
        return [dots(arc(0, 0, 0.92, 0.92, 0, 354, 60), 0.032, 0.42)]
    if kind == "line":
        return [ring]
    if kind == "wreath":
        return [leaves(arc(0, 0, 0.92, 0.92, -90, 268, 40), 0.11, 26, 0.40, "join", 34)]
    if kind == "double":
        return [ring, line(arc(0, 0, 0.85, 0.85, 0, 360, 40), 0.025, 0.28)]
    return []


def _mint_mark(style: Style) -> list[Part]:
    """The mint's control mark in the field of the reverse. Descriptions do not mention it."""
    x, y = style.mark_position
    if style.mark == "pellets":
        return [dots([(x, y - 0.06), (x - 0.06, y + 0.05), (x + 0.06, y + 0.05)], 0.04, 0.4)]
    if style.mark == "star":
        return transform(star(6), 0.15, (x, y))
    if style.mark == "ring":
        return [oval(x, y, 0.085, 0.085, 0, 0.4, 0.04), oval(x, y, 0.045, 0.045, 0, 0.4, 0.02, "cut")]
    return glyph(style.mark, 0.17, (x, y))
