"""Headgear of the heads: wreaths, diadems, crowns, helmets, hats and veils."""

from __future__ import annotations

import numpy as np

from coinspark.synthetic.carving import (
    Part,
    across,
    blob,
    curve,
    dots,
    leaves,
    line,
    lines,
    oval,
    poly,
    resample,
)

BAND = [(0.29, -0.42), (0.15, -0.435), (-0.05, -0.41), (-0.25, -0.33), (-0.42, -0.20), (-0.50, -0.10)]


def ties() -> list[Part]:
    """The two ribbon ends behind the head."""
    ends = [[(-0.50, -0.10), (-0.62, 0.02), (-0.56, 0.18), (-0.66, 0.34)],
            [(-0.50, -0.10), (-0.54, 0.08), (-0.46, 0.24), (-0.52, 0.42)]]
    return [line(end, [0.05, 0.035, 0.05], 0.36) for end in ends]


def laurel() -> list[Part]:
    """A laurel wreath with its ties."""
    low = [(x, y + 0.02) for x, y in BAND[::-1]]
    return [*ties(), line(low, 0.03, 0.1, "add"), leaves(low, 0.17, 30, 0.26, "add", 7)]


def diadem() -> list[Part]:
    """A taenia: a plain band with its ties."""
    return [*ties(), line(BAND, 0.10, 0.12, "cut"), line(BAND, 0.065, 0.22, "add")]


def radiate() -> list[Part]:
    """A crown of rays."""
    base = resample(curve(BAND), 9)
    centre = np.array([-0.08, 0.05])
    rays = []
    for point in base[:-1]:
        out = (point - centre) / np.hypot(*(point - centre))
        side = np.array([-out[1], out[0]]) * 0.042
        foot = point + out * 0.08
        rays.append(poly([foot - side, point + out * 0.46, foot + side], 0.5, 0.03))
    return [*rays, *ties(), line(BAND, 0.06, 0.22, "add")]


def ivy() -> list[Part]:
    """An ivy wreath with clusters of berries."""
    at = [(float(x), float(y)) for x, y in resample(curve(BAND), 7)]
    berries = [(x + dx, y - 0.05 + dy) for x, y in at[::2]
               for dx, dy in ((0, 0), (0.05, 0.02), (0.02, -0.045))]
    hearts = [
        blob([(x, y + 0.08), (x - 0.09, y - 0.02), (x - 0.05, y - 0.09), (x, y - 0.05), (x + 0.05, y - 0.09),
              (x + 0.09, y - 0.02)], 0.24, 0.06, "add") for x, y in at[1::2]
    ]
    return [*ties(), line(BAND, 0.03, 0.1, "add"), *hearts, dots(berries, 0.034, 0.32, "add")]


def grain_wreath() -> list[Part]:
    """Ears of grain laid round the head."""
    low = [(x, y - 0.02) for x, y in BAND[::-1]]
    ears = [[(x, y), (x + 0.03, y - 0.15)] for x, y in resample(curve(BAND), 8)[:6]]
    return [
        line(low, 0.04, 0.16, "add"),
        leaves(low, 0.11, 40, 0.3, "add", 10),
        lines(ears, [0.05, 0.01], 0.4, "join")
    ]


def veil() -> list[Part]:
    """A veil over the back of the head, falling to the shoulder."""
    shape = [(0.20, -0.60), (0.10, -0.46), (-0.06, -0.30), (-0.14, -0.06), (-0.16, 0.20), (-0.10, 0.46),
             (0.02, 0.74), (0.02, 0.74), (-0.22, 0.82), (-0.50, 0.76), (-0.50, 0.76), (-0.58, 0.36),
             (-0.63, -0.02), (-0.60, -0.36), (-0.40, -0.64), (-0.10, -0.74)]
    folds = [[(-0.02 - 0.09 * i, -0.60 + 0.05 * i), (-0.22 - 0.07 * i, -0.26 + 0.03 * i),
              (-0.26 - 0.06 * i, 0.20), (-0.14 - 0.09 * i, 0.72)] for i in range(4)]
    edge = [(0.20, -0.60), (0.10, -0.46), (-0.06, -0.30), (-0.14, -0.06), (-0.16, 0.20), (-0.10, 0.46),
            (0.02, 0.74)]
    return [blob(shape, 0.70, 0.2, "over"), lines(folds, 0.04, 0.16, "cut"), line(edge, 0.05, 0.14, "add")]


def towers() -> list[Part]:
    """A turreted crown."""
    wall = [(0.26, -0.50), (-0.02, -0.55), (-0.30, -0.48), (-0.27, -0.66), (0.0, -0.74), (0.27, -0.66)]
    turrets = [
        poly(
            np.array([(-0.07, 0.06), (-0.07, -0.14), (-0.035, -0.14), (-0.035, -0.10), (0.035, -0.10),
                      (0.035, -0.14), (0.07, -0.14), (0.07, 0.06)]) + at, 0.76, 0.04
        ) for at in ((0.20, -0.66), (0.0, -0.72), (-0.20, -0.69))
    ]
    gates = [
        line([(x, y), (x, y + 0.07)], 0.035, 0.2, "cut")
        for x, y in ((0.20, -0.64), (0.0, -0.70), (-0.20, -0.66))
    ]
    return [poly(wall, 0.66, 0.05, "over"), *turrets, *gates, line(wall[:3], 0.03, 0.15, "add")]


def corinthian() -> list[Part]:
    """A Corinthian helmet pushed back, with a crest."""
    bowl = [(0.46, -0.40), (0.30, -0.36), (0.12, -0.28), (0.02, -0.14), (-0.06, -0.10), (-0.20, 0.02),
            (-0.34, 0.22), (-0.50, 0.26), (-0.42, 0.02), (-0.53, -0.16), (-0.50, -0.46), (-0.26, -0.68),
            (0.02, -0.72), (0.30, -0.60)]
    eye = [(0.33, -0.44), (0.22, -0.50), (0.12, -0.44), (0.22, -0.41)]
    return [
        *_crest(),
        blob(bowl, 0.74, 0.22, "over"),
        blob(eye, 0.2, 0.04, "cut"),
        line([(0.44, -0.38), (0.20, -0.31), (0.03, -0.15), (-0.16, 0.0), (-0.32, 0.21), (-0.48, 0.24)], 0.035,
             0.14, "add")
    ]


def attic() -> list[Part]:
    """An Attic helmet with raised brim, cheek piece and crest."""
    bowl = [(0.33, -0.38), (0.20, -0.30), (0.06, -0.24), (-0.02, -0.14), (-0.10, 0.10), (-0.30, 0.24),
            (-0.46, 0.22), (-0.54, -0.14), (-0.49, -0.44), (-0.28, -0.64), (-0.02, -0.69), (0.22, -0.60)]
    cheek = [(-0.06, -0.06), (0.04, -0.10), (0.12, 0.06), (0.10, 0.24), (0.02, 0.30), (-0.06, 0.16)]
    coil = [(-0.06, -0.40), (-0.20, -0.50), (-0.34, -0.40), (-0.30, -0.24), (-0.16, -0.24), (-0.16, -0.36)]
    return [
        *_crest(),
        blob(bowl, 0.74, 0.22, "over"),
        blob(cheek, 0.80, 0.06, "over"),
        line(coil, [0.02, 0.05, 0.03], 0.16, "add"),
        line([(0.42, -0.44), (0.24, -0.36), (0.06, -0.25), (-0.04, -0.14)], [0.03, 0.07, 0.04], 0.2, "add")
    ]


def _crest() -> list[Part]:
    ridge = [(0.24, -0.72), (0.02, -0.84), (-0.30, -0.80), (-0.56, -0.56), (-0.66, -0.20), (-0.60, 0.14),
             (-0.66, 0.40)]
    return [
        line(ridge, [0.05, 0.17, 0.20, 0.20, 0.16, 0.10, 0.03], 0.60, rounding=0.06),
        lines(across(ridge, 0.085, 30), 0.014, 0.2, "cut")
    ]


def lion_skin() -> list[Part]:
    """The scalp of a lion over the head, its paws knotted below the chin."""
    scalp = [(0.42, -0.42), (0.34, -0.34), (0.20, -0.32), (0.06, -0.20), (-0.02, 0.0), (-0.02, 0.20),
             (0.08, 0.40), (0.10, 0.60), (-0.10, 0.72), (-0.40, 0.64), (-0.46, 0.30), (-0.58, -0.10),
             (-0.52, -0.46), (-0.28, -0.70), (0.06, -0.72), (0.30, -0.62), (0.42, -0.52)]
    mane = [[(-0.10 - 0.075 * i, -0.42 + 0.10 * i), (-0.24 - 0.05 * i, -0.30 + 0.12 * i),
             (-0.28 - 0.045 * i, -0.10 + 0.13 * i)] for i in range(5)]
    mane += [[(0.0 - 0.02 * i, -0.12 + 0.14 * i), (-0.16 - 0.02 * i, 0.02 + 0.14 * i),
              (-0.22 - 0.02 * i, 0.18 + 0.12 * i)] for i in range(4)]
    paws = [
        line([(-0.06, 0.42), (0.10, 0.46), (0.20, 0.56)], [0.12, 0.10, 0.09], 0.74),
        line([(0.0, 0.62), (0.10, 0.50), (0.22, 0.44)], [0.08, 0.09, 0.09], 0.80)
    ]
    return [
        blob(scalp, 0.74, 0.18, "over"),
        oval(-0.13, -0.60, 0.09, 0.11, -20, 0.82),
        oval(-0.12, -0.58, 0.04, 0.06, -20, 0.2, None, "cut"),
        lines(mane, [0.07, 0.05, 0.02], 0.16),
        lines(mane, 0.014, 0.1, "cut"), *paws,
        oval(0.16, -0.52, 0.045, 0.03, 0, 0.22, None, "cut"),
        oval(0.16, -0.52, 0.02, 0.018, 0, 0.2, None, "add"),
        line([(0.06, -0.57), (0.16, -0.60), (0.27, -0.54)], 0.04, 0.16, "add"),
        oval(0.38, -0.49, 0.05, 0.05, 0, 0.14, None, "add"),
        poly([(0.37, -0.36), (0.41, -0.40), (0.39, -0.26)], 0.7, 0.03),
        poly([(0.26, -0.34), (0.31, -0.34), (0.29, -0.24)], 0.7, 0.03)
    ]


def petasos() -> list[Part]:
    """The winged traveller's hat."""
    crown = [(0.24, -0.44), (0.20, -0.66), (-0.02, -0.76), (-0.28, -0.70), (-0.42, -0.46), (-0.42, -0.30)]
    wing = [[(-0.10, -0.50), (-0.28 - 0.02 * i, -0.62 - 0.07 * i), (-0.56 - 0.02 * i, -0.66 - 0.07 * i)]
            for i in range(3)]
    return [
        blob(crown, 0.72, 0.18, "over"),
        line([(0.50, -0.40), (0.20, -0.44), (-0.20, -0.36), (-0.54, -0.18)], [0.06, 0.10, 0.10, 0.05], 0.86,
             "over"),
        lines(wing, [0.06, 0.08, 0.03], 0.8, "join"),
        lines(wing, 0.012, 0.12, "cut")
    ]


def phrygian() -> list[Part]:
    """A Phrygian cap with a lappet."""
    cap = [(0.30, -0.42), (0.10, -0.36), (-0.04, -0.16), (-0.10, 0.06), (-0.24, 0.34), (-0.46, 0.50),
           (-0.44, 0.20), (-0.54, -0.12), (-0.50, -0.42), (-0.34, -0.66), (-0.10, -0.80), (0.12, -0.90),
           (0.26, -0.84), (0.24, -0.72), (0.14, -0.68), (0.24, -0.58)]
    folds = [[(0.10, -0.72), (-0.10, -0.60), (-0.30, -0.36)], [(-0.06, -0.40), (-0.22, -0.16), (-0.30, 0.16)],
             [(0.16, -0.46), (-0.02, -0.40), (-0.14, -0.26)]]
    return [blob(cap, 0.74, 0.18, "over"), lines(folds, 0.04, 0.14, "cut")]


def kalathos() -> list[Part]:
    """The basket on the head of Sarapis."""
    basket = [(0.12, -0.60), (0.20, -0.92), (-0.20, -0.94), (-0.22, -0.62)]
    ribs = [[(-0.14 + 0.09 * i, -0.64), (-0.13 + 0.095 * i, -0.90)] for i in range(4)]
    return [
        poly(basket, 0.66, 0.06),
        lines(ribs, 0.025, 0.14, "cut"),
        line([(0.20, -0.92), (0.0, -0.945), (-0.20, -0.93)], 0.05, 0.76),
        line(BAND, 0.05, 0.18, "add")
    ]


def stephane() -> list[Part]:
    """A high diadem over the forehead."""
    return [
        blob([(0.27, -0.45), (0.10, -0.47), (-0.16, -0.44), (-0.12, -0.62), (0.06, -0.74), (0.22, -0.66)],
             0.72, 0.06),
        dots([(0.17, -0.53), (0.07, -0.56), (-0.03, -0.54)], 0.022, 0.16, "add")
    ]
