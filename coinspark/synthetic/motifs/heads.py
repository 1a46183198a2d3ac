"""Heads in profile to the right: face, hair, beard, headgear, bust and attribute of each person."""

from __future__ import annotations

from collections.abc import Callable

from coinspark.synthetic.carving import Part, across, arc, blob, dots, line, lines, oval, poly, transform
from coinspark.synthetic.motifs.headgear import (
    attic,
    corinthian,
    diadem,
    grain_wreath,
    ivy,
    kalathos,
    laurel,
    lion_skin,
    petasos,
    phrygian,
    radiate,
    stephane,
    towers,
    veil,
)

PROFILE = [
    (-0.05, -0.63),
    (0.17, -0.57),
    (0.295, -0.42),
    (0.335, -0.26),
    (0.345, -0.17),
    (0.41, -0.07),
    (0.475, 0.015),
    (0.475, 0.015),
    (0.455, 0.055),
    (0.375, 0.075),
    (0.375, 0.075),
    (0.415, 0.125),
    (0.37, 0.15),
    (0.37, 0.15),
    (0.405, 0.195),
    (0.36, 0.24),
    (0.385, 0.30),
    (0.34, 0.375),
    (0.22, 0.385),
    (0.10, 0.34),
    (0.06, 0.40),
    (0.09, 0.52),
    (0.17, 0.66),
    (0.17, 0.66),
    (0.02, 0.75),
    (-0.18, 0.75),
    (-0.36, 0.66),
    (-0.36, 0.66),
    (-0.31, 0.45),
    (-0.35, 0.24),
    (-0.47, 0.04),
    (-0.52, -0.18),
    (-0.44, -0.44),
    (-0.26, -0.58),
]


def face() -> list[Part]:
    """Head and neck with brow, eye, nostril, mouth, cheek and ear, without hair."""
    return [
        blob(PROFILE, 0.62, 0.30),
        oval(0.19, 0.09, 0.15, 0.15, 0, 0.07),
        line([(0.12, -0.20), (0.22, -0.235), (0.335, -0.20)], [0.03, 0.06, 0.05], 0.13, "add"),
        line([(0.13, -0.10), (0.20, -0.16), (0.30, -0.13)], 0.03, 0.16, "cut"),
        line([(0.14, -0.095), (0.21, -0.14), (0.28, -0.105)], [0.02, 0.04, 0.02], 0.14, "add"),
        line([(0.14, -0.085), (0.21, -0.055), (0.28, -0.09)], [0.02, 0.03, 0.02], 0.10, "add"),
        oval(0.225, -0.095, 0.025, 0.028, 0, 0.14, None, "add"),
        line([(0.36, 0.04), (0.39, 0.015), (0.43, 0.035)], 0.03, 0.10, "cut"),
        line([(0.26, 0.16), (0.32, 0.145), (0.38, 0.15)], 0.028, 0.14, "cut"),
        line([(0.05, 0.33), (-0.04, 0.24), (-0.10, 0.12)], [0.02, 0.05, 0.02], 0.10, "cut"),
        oval(-0.075, -0.02, 0.055, 0.095, -12, 0.16, None, "add"),
        oval(-0.065, -0.02, 0.025, 0.055, -12, 0.14, None, "cut"),
    ]


CAP = [(0.30, -0.40), (0.19, -0.30), (0.08, -0.22), (0.02, -0.10), (-0.01, 0.02), (-0.12, 0.12),
       (-0.26, 0.20), (-0.42, 0.12), (-0.55, -0.12), (-0.49, -0.44), (-0.29, -0.63), (-0.02, -0.69),
       (0.20, -0.61)]


def short_hair() -> list[Part]:
    """A cap of short curls in rows."""
    curls: list[tuple[float, float]] = []
    for ring, count in ((0.46, 13), (0.36, 10), (0.26, 7), (0.15, 4)):
        curls += arc(
            -0.13, -0.22, ring, ring * 0.98, 95 + 160 * (0.46 - ring), 322 - 60 * (0.46 - ring), count
        )
    return [blob(CAP, 0.70, 0.22), dots(curls, 0.058, 0.15, "add"), dots(curls, 0.018, 0.13, "cut")]


def combed_hair() -> list[Part]:
    """Hair in waves from the crown to a roll that frames the face."""
    waves = [[(-0.30 + 0.02 * i, -0.44 + 0.05 * i), (-0.12 + 0.03 * i, -0.56 + 0.09 * i),
              (0.06 + 0.02 * i, -0.55 + 0.10 * i), (0.24 - 0.03 * i, -0.44 + 0.08 * i)] for i in range(5)]
    back = [[(-0.20, -0.44 + 0.07 * i), (-0.38, -0.34 + 0.07 * i), (-0.50, -0.20 + 0.06 * i)]
            for i in range(5)]
    roll = [(0.27, -0.42), (0.14, -0.30), (0.04, -0.18), (-0.05, -0.06), (-0.20, 0.06), (-0.38, 0.10)]
    return [
        blob(CAP, 0.68, 0.22),
        lines(waves, 0.045, 0.12),
        lines(back, 0.045, 0.12),
        line(roll, 0.10, 0.20, "add"),
        lines(across(roll, 0.045, 12), 0.018, 0.12, "cut")
    ]


def bun() -> list[Part]:
    """Combed hair tied in a knot at the back."""
    knot = [
        oval(-0.56, 0.04, 0.13, 0.12, 20, 0.62),
        lines([arc(-0.56, 0.04, r, r, 150, 420, 10) for r in (0.04, 0.085)], 0.025, 0.12, "cut")
    ]
    return [*knot, *combed_hair()]


def long_hair() -> list[Part]:
    """Combed hair with locks that fall on neck and shoulder."""
    locks = [[(-0.34 + 0.085 * i, 0.02 + 0.01 * i), (-0.44 + 0.10 * i, 0.26), (-0.36 + 0.09 * i, 0.46),
              (-0.44 + 0.10 * i, 0.66 - 0.05 * i)] for i in range(3)]
    return [
        *combed_hair(), *(line(lock, [0.11, 0.10, 0.08, 0.03], 0.62) for lock in locks),
        lines(locks, 0.02, 0.10, "cut")
    ]


def beard(long: bool = True) -> list[Part]:
    """A full beard of curls; short ones follow the jaw."""
    drop = 0.16 if long else 0.05
    shape = [(-0.03, 0.02), (0.06, 0.10), (0.16, 0.17), (0.25, 0.205), (0.31, 0.20), (0.405, 0.20),
             (0.41, 0.28), (0.40, 0.36 + drop * 0.6), (0.31, 0.42 + drop), (0.19, 0.41 + drop * 0.8),
             (0.06, 0.34 + drop * 0.3), (-0.04, 0.20)]
    strands = [[(0.01 + 0.075 * i, 0.12 + 0.03 * i), (0.045 + 0.072 * i, 0.24 + 0.02 * i),
                (0.03 + 0.075 * i, 0.31 + 0.35 * drop + 0.015 * i),
                (0.07 + 0.07 * i, 0.335 + drop * 0.75 + 0.012 * i)] for i in range(5)]
    moustache = line([(0.20, 0.19), (0.27, 0.115), (0.40, 0.10)], [0.02, 0.06, 0.03], 0.12, "add")
    return [
        blob(shape, 0.72, 0.14, "over"),
        lines(strands, 0.05, 0.16),
        lines(strands, 0.016, 0.14, "cut"), moustache
    ]


def bust() -> list[Part]:
    """Shoulders in a cloak (the head is placed higher by `portrait`)."""
    chest = [(-0.30, 0.50), (0.06, 0.46), (0.24, 0.62), (0.44, 0.80), (0.40, 0.94), (0.10, 1.04),
             (-0.30, 1.04), (-0.60, 0.92), (-0.62, 0.76), (-0.44, 0.60)]
    folds = [[(0.10, 0.52), (0.0 - 0.09 * i, 0.72), (-0.05 - 0.15 * i, 0.98 - 0.02 * i)] for i in range(4)]
    return [
        blob(chest, 0.60, 0.18),
        lines(folds, 0.04, 0.18, "cut"),
        line([(-0.34, 0.54), (-0.10, 0.64), (0.14, 0.56)], 0.06, 0.2, "add"),
        oval(0.14, 0.60, 0.06, 0.06, 0, 0.2, None, "add")
    ]


def behind(tool: str) -> list[Part]:
    """What shows behind the shoulders: a trident, a quiver or a crescent."""
    if tool == "trident":
        return [
            line([(-0.62, 0.74), (-0.60, -0.30)], 0.045, 0.4), *(
                line([(-0.60, -0.28), (-0.60 + s, -0.36), (-0.60 + s, -0.56)], 0.035, 0.4)
                for s in (-0.10, 0.10)
            ),
            line([(-0.60, -0.28), (-0.60, -0.62)], 0.035, 0.4)
        ]
    if tool == "quiver":
        return [
            line([(-0.34, 0.62), (-0.62, 0.12)], 0.13, 0.46),
            lines([[(-0.58, 0.14), (-0.66 - 0.05 * i, -0.02 + 0.05 * i)] for i in range(3)], 0.03, 0.4,
                  "join")
        ]
    inner, outer = arc(-0.08, 0.24, 0.60, 0.48, 10, 170, 16), arc(-0.08, 0.30, 0.74, 0.60, 170, 10, 16)
    return [poly(inner + outer, 0.46, 0.06)]


HEADS: dict[str, tuple[Callable[[], list[Part]], ...]] = {
    "Athena": (face, long_hair, corinthian),
    "Ares": (face, short_hair, lambda: beard(False), attic),
    "Zeus": (face, long_hair, beard, laurel),
    "Apollo": (face, long_hair, laurel),
    "Asclepius": (face, short_hair, beard, diadem),
    "Poseidon": (lambda: behind("trident"), face, long_hair, beard, diadem),
    "Dionysus": (face, bun, ivy),
    "Demeter": (face, combed_hair, veil, grain_wreath),
    "Heracles": (face, lion_skin),
    "Hermes": (face, short_hair, petasos),
    "Artemis": (lambda: behind("quiver"), face, bun, stephane),
    "Helios": (face, long_hair, radiate),
    "Men": (lambda: behind("crescent"), face, long_hair, phrygian),
    "Tyche": (face, combed_hair, veil, towers),
    "Sarapis": (face, long_hair, beard, kalathos),
    "Hadrian": (bust, face, short_hair, lambda: beard(False), laurel),
    "Faustina II": (bust, face, bun),
    "Gordian III": (bust, face, short_hair, radiate),
}
"""Person → layers of the portrait, bottom first."""


def portrait(person: str) -> list[Part]:
    """The head or bust of a person, facing right, filling about the disc of radius 0.75."""
    layers = HEADS[person]
    parts = [part for layer in layers for part in layer()]
    if layers[0] is bust:
        return transform(parts, 0.80, (0.03, -0.14))
    return transform(parts, 0.92, (0.04, 0.0))
