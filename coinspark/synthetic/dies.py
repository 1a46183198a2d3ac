"""The two dies of a type: motif, border, legend and mint mark carved into one height map, and where the motifs lie on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from coinspark.synthetic.carving import Floats, Part, arc, carve, dots, leaves, line, named, oval, place
from coinspark.synthetic.lettering import glyph, legend
from coinspark.synthetic.mintage import Border, CoinType, Style, draw
from coinspark.synthetic.motifs.catalogue import PERSONS, REVERSES
from coinspark.synthetic.motifs.heads import portrait
from coinspark.synthetic.motifs.objects import star

Side = Literal["obverse", "reverse"]
IMPERIAL = {"Hadrian": "ΑΔΡΙΑΝΟΣ", "Faustina II": "ΦΑΥΣΤΙΝΑ", "Gordian III": "ΓΟΡΔΙΑΝΟΣ"}


@dataclass(frozen=True)
class Die:
    """`height` float32 (side, side); `motifs` are the labels with the outlines' points (n, 2) in die coordinates."""

    height: Floats
    motifs: tuple[tuple[str, Floats], ...]


@lru_cache(maxsize=16)
def die(kind: CoinType, side: Side, number: int, seed: int, pixels: int) -> Die:
    """The `number`-th die of a type's side; two dies of a type differ a little, as an engraver's hand does."""
    rng = draw(seed, kind.name, side, number)
    size, turn = float(rng.normal(1, 0.04)), float(rng.normal(0, 3))
    shift = (float(rng.normal(0, 0.025)), float(rng.normal(0, 0.025)))
    slip, marked = float(rng.normal(0, 6)), rng.random() < 0.85
    if side == "obverse":
        scale = 0.94 if PERSONS[kind.obverse].bust else 1.05
        motif = place(
            named(kind.obverse, portrait(kind.obverse)), scale * size, shift, turn, kind.obverse_left
        )
        around = legend(IMPERIAL.get(kind.obverse, ""), "around", kind.style.letters, kind.style.start + slip)
    else:
        scale, drop = {"around": (0.86, 0.0), "flanks": (0.88, 0.0), "exergue": (0.92, -0.10)}[
            kind.style.setting
        ]
        shift = (shift[0], shift[1] + drop)
        motif = place(
            named(kind.reverse, REVERSES[kind.reverse].draw()), scale * size, shift, turn, kind.reverse_left
        )
        around = legend(kind.ethnic, kind.style.setting, kind.style.letters, kind.style.start + slip)
        around += _mark(kind.style) if marked else []
    height = carve([*border(kind.border), *around, *motif], pixels)
    found: dict[str, list[Floats]] = {}
    for part in motif:
        found.setdefault(part.label, []).extend(part.outlines)
    return Die(height, tuple((label, np.concatenate(outlines)) for label, outlines in found.items()))


def border(kind: Border) -> list[Part]:
    """What runs round the edge of the die."""
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


def _mark(style: Style) -> list[Part]:
    """The mint's control mark in the field of the reverse; too small to be described."""
    x, y = style.mark_at
    if style.mark == "pellets":
        return [dots([(x, y - 0.06), (x - 0.06, y + 0.05), (x + 0.06, y + 0.05)], 0.04, 0.4)]
    if style.mark == "star":
        return place(star(6), 0.15, (x, y))
    if style.mark == "ring":
        return [oval(x, y, 0.085, 0.085, 0, 0.4, 0.04), oval(x, y, 0.045, 0.045, 0, 0.4, 0.02, "cut")]
    return glyph(style.mark, 0.17, (x, y))
