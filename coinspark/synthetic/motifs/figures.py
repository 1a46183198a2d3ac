"""Standing, advancing and seated figures of the reverses with their attributes."""

from __future__ import annotations

from collections.abc import Sequence

from coinspark.synthetic.carving import Part, blob, dots, line, lines, oval, poly, transform, with_label
from coinspark.synthetic.motifs.animals import ground, horse, serpent
from coinspark.synthetic.motifs.objects import amphora, cornucopia, lyre, palm, wreath

Point = tuple[float, float]


def _head(x: float = 0, y: float = -0.66, size: float = 0.12) -> list[Part]:
    """A small head to the right."""
    return [
        oval(x, y, size * 0.92, size, 0, 0.70),
        poly([(x + size * 0.8, y - 0.03), (x + size * 1.25, y + 0.04), (x + size * 0.7, y + 0.07)], 0.66,
             0.03),
        line([(x + size * 0.5, y - size * 0.75), (x - size * 0.35, y - size * 0.35),
              (x - size * 0.7, y + size * 0.5)], [0.04, 0.07, 0.05], 0.14, "add"),
        oval(x + size * 0.45, y - 0.01, 0.018, 0.016, 0, 0.2, None, "cut")
    ]


def _arm(points: Sequence[Point], lift: float = 0.66) -> Part:
    return line(points, [0.12, 0.085, 0.06], lift)


def robed(lean: float = 0) -> list[Part]:
    """A standing figure in a long garment."""
    robe = [(-0.13, -0.52), (0.13, -0.52), (0.18, -0.30), (0.15, -0.06), (0.22, 0.24), (0.26 + lean, 0.60),
            (-0.26 + lean, 0.60), (-0.22, 0.24), (-0.15, -0.06), (-0.18, -0.30)]
    folds = [[(x * 0.5, -0.08), (x * 0.9 + lean * 0.3, 0.24), (x + lean, 0.56)]
             for x in (-0.16, -0.06, 0.05, 0.15)]
    drape = [[(-0.14, -0.40), (0.02, -0.24), (0.14, -0.12)], [(-0.15, -0.28), (0.0, -0.14), (0.13, -0.04)]]
    return [
        blob(robe, 0.62, 0.14),
        lines(folds, 0.035, 0.2, "cut"),
        lines(drape, 0.035, 0.16, "cut"),
        line([(-0.15, -0.07), (0.15, -0.03)], 0.04, 0.14, "add"), *_head()
    ]


def nude() -> list[Part]:
    """A standing male figure, weight on one leg."""
    legs = [
        line([(-0.07, 0.04), (-0.09, 0.32), (-0.08, 0.56)], [0.16, 0.11, 0.07], 0.6),
        line([(0.08, 0.04), (0.15, 0.30), (0.10, 0.56)], [0.16, 0.11, 0.07], 0.56)
    ]
    feet = [line([(-0.09, 0.59), (0.02, 0.59)], 0.05, 0.56), line([(0.09, 0.59), (0.20, 0.59)], 0.05, 0.52)]
    trunk = [(-0.18, -0.50), (0.18, -0.50), (0.14, -0.26), (0.11, -0.10), (0.15, 0.10), (-0.14, 0.10),
             (-0.11, -0.10), (-0.14, -0.26)]
    return [
        *legs, *feet,
        blob(trunk, 0.66, 0.12),
        line([(0, -0.46), (0, -0.10)], 0.025, 0.12, "cut"),
        line([(-0.10, -0.32), (0.0, -0.29), (0.10, -0.32)], 0.025, 0.12, "cut"), *_head()
    ]


def nike() -> list[Part]:
    """Nike advancing to the right with wreath and palm branch."""
    skirt = [(-0.10, -0.20), (0.12, -0.20), (0.20, 0.10), (0.34, 0.56), (0.10, 0.60), (0.0, 0.46),
             (-0.16, 0.60), (-0.42, 0.50), (-0.22, 0.16)]
    folds = [[(0.0 + 0.04 * i, -0.10), (-0.14 + 0.11 * i, 0.24), (-0.30 + 0.18 * i, 0.52)] for i in range(4)]
    feathers = [[(-0.12, -0.40 + 0.03 * i), (-0.34 - 0.02 * i, -0.50 + 0.13 * i),
                 (-0.66 + 0.06 * i, -0.56 + 0.22 * i)] for i in range(4)]
    return [
        lines(feathers, [0.06, 0.12, 0.02], 0.5,
              "join"), *with_label("palm branch", transform(palm(), 0.42, (-0.42, 0.18), -50)),
        blob(skirt, 0.58, 0.12),
        lines(folds, 0.035, 0.2, "cut"),
        blob([(-0.12, -0.52), (0.12, -0.52), (0.14, -0.30), (0.12, -0.14), (-0.10, -0.14), (-0.13, -0.30)],
             0.64, 0.1),
        _arm([(0.10, -0.44), (0.30, -0.42), (0.44, -0.50)]),
        _arm([(-0.10, -0.42), (-0.20, -0.18), (-0.30, -0.02)]), *_head(0.04, -0.66),
        *with_label("wreath", transform(wreath(0.6, 0.34, 6), 0.26, (0.58, -0.50))),
        line([(0.22, 0.60), (0.36, 0.60)], 0.05, 0.5),
        ground(0.64)
    ]


def athena() -> list[Part]:
    """Athena standing, with spear and shield."""
    shield = [
        oval(0.42, 0.32, 0.22, 0.27, 0, 0.56, 0.06),
        oval(0.42, 0.32, 0.15, 0.20, 0, 0.14, 0.05, "cut"),
        oval(0.42, 0.32, 0.06, 0.07, 0, 0.3, None, "add")
    ]
    crest = line([(0.10, -0.84), (-0.06, -0.88), (-0.18, -0.74), (-0.20, -0.54)], [0.04, 0.09, 0.09, 0.03],
                 0.6)
    return [
        *with_label(
            "spear", [
                line([(-0.50, 0.62), (-0.46, -0.78)], 0.04, 0.44),
                poly([(-0.51, -0.76), (-0.455, -0.94), (-0.41, -0.76)], 0.5, 0.03)
            ]
        ), *with_label("shield", shield), *robed(), crest,
        line([(0.12, -0.74), (-0.10, -0.70)], 0.06, 0.2, "add"),
        _arm([(-0.12, -0.46), (-0.34, -0.36), (-0.47, -0.48)]),
        _arm([(0.12, -0.46), (0.30, -0.22), (0.38, 0.06)]),
        ground(0.64)
    ]


def zeus() -> list[Part]:
    """Zeus seated to the right on a throne, with sceptre and patera."""
    throne = [
        line([(-0.44, 0.60), (-0.42, -0.40)], 0.07, 0.42),
        line([(-0.46, 0.16), (0.06, 0.16)], 0.08, 0.44),
        line([(0.02, 0.18), (0.04, 0.60)], 0.07, 0.42),
        line([(-0.42, 0.42), (0.02, 0.42)], 0.04, 0.34)
    ]
    lap = [(-0.26, -0.06), (-0.06, -0.10), (0.26, -0.02), (0.34, 0.08), (0.34, 0.34), (0.42, 0.56),
           (0.16, 0.58), (0.12, 0.30), (-0.24, 0.22)]
    trunk = [(-0.30, -0.48), (-0.02, -0.48), (0.02, -0.24), (0.0, 0.06), (-0.26, 0.10), (-0.28, -0.20)]
    folds = [[(-0.16 + 0.06 * i, 0.0), (0.08 + 0.06 * i, 0.06 + 0.02 * i), (0.16 + 0.06 * i, 0.26),
              (0.18 + 0.07 * i, 0.52)] for i in range(3)]
    return [
        *with_label("throne", throne), *with_label(
            "sceptre",
            [line([(-0.60, 0.62), (-0.54, -0.80)], 0.04, 0.44),
             oval(-0.54, -0.82, 0.05, 0.06, 0, 0.5)]
        ),
        blob(lap, 0.60, 0.12),
        lines(folds, 0.035, 0.2, "cut"),
        blob(trunk, 0.66, 0.12),
        line([(-0.14, -0.44), (-0.12, -0.10)], 0.025, 0.12, "cut"),
        _arm([(-0.26, -0.42), (-0.46, -0.24), (-0.57, -0.40)]),
        _arm([(-0.04, -0.42), (0.18, -0.24), (0.42, -0.30)]),
        *with_label("patera", [oval(0.52, -0.31, 0.12, 0.045, -8, 0.6)]), *_head(-0.13, -0.64, 0.125),
        line([(-0.06, -0.56), (0.0, -0.48), (-0.02, -0.42)], [0.08, 0.09, 0.03], 0.68),
        line([(0.28, 0.60), (0.46, 0.60)], 0.05, 0.52),
        ground(0.64, 0.62)
    ]


def asclepius() -> list[Part]:
    """Asclepius standing, leaning on the staff with the serpent."""
    return [
        *with_label("serpent", transform(serpent(), 0.56, (0.46, 0.16))), *robed(),
        line([(0.06, -0.56), (0.10, -0.48), (0.06, -0.42)], [0.08, 0.08, 0.03], 0.7),
        _arm([(0.12, -0.46), (0.28, -0.26), (0.44, -0.28)]),
        _arm([(-0.13, -0.46), (-0.28, -0.24), (-0.14, -0.10)]),
        ground(0.64)
    ]


def tyche() -> list[Part]:
    """Tyche standing, with rudder and cornucopia."""
    rudder = [
        line([(0.52, 0.60), (0.32, -0.26)], 0.045, 0.46),
        blob([(0.46, 0.28), (0.62, 0.30), (0.66, 0.60), (0.50, 0.60)], 0.5, 0.05)
    ]
    crown = [
        poly([(-0.10, -0.74), (-0.10, -0.86), (-0.04, -0.82), (0.0, -0.88), (0.04, -0.82), (0.10, -0.86),
              (0.10, -0.74)], 0.66, 0.03)
    ]
    return [
        *with_label("cornucopia", transform(cornucopia(), 0.46, (-0.40, -0.36), mirror=True)),
        *with_label("rudder", rudder), *robed(0.03), *crown,
        _arm([(0.12, -0.46), (0.26, -0.28), (0.33, -0.22)]),
        _arm([(-0.13, -0.46), (-0.30, -0.26), (-0.38, -0.20)]),
        ground(0.64)
    ]


def apollo() -> list[Part]:
    """Apollo standing, with lyre."""
    return [
        *with_label("lyre", transform(lyre(), 0.42, (0.44, -0.10))), *nude(),
        _arm([(0.14, -0.46), (0.26, -0.24), (0.36, -0.06)]),
        _arm([(-0.14, -0.46), (-0.34, -0.34), (-0.36, -0.10)]), *with_label(
            "branch", [
                line([(-0.34, -0.10), (-0.44, -0.34), (-0.42, -0.60)], 0.03, 0.44),
                lines([[(-0.41, -0.20 - 0.11 * i), (-0.41 + s * 0.13, -0.31 - 0.11 * i)] for i in range(4)
                       for s in (-1, 1)], [0.03, 0.05, 0.01], 0.44, "join")
            ]
        ),
        ground(0.64)
    ]


def dionysus() -> list[Part]:
    """Dionysus standing, with cantharus and thyrsus."""
    return [
        *with_label(
            "thyrsus", [
                line([(-0.50, 0.62), (-0.44, -0.66)], 0.04, 0.46),
                oval(-0.44, -0.74, 0.08, 0.12, 0, 0.56),
                dots([(-0.46, -0.72), (-0.41, -0.74), (-0.44, -0.80), (-0.44, -0.68)], 0.025, 0.15, "add")
            ]
        ), *nude(),
        _arm([(-0.14, -0.46), (-0.36, -0.30), (-0.46, -0.42)]),
        _arm([(0.14, -0.46), (0.30, -0.22), (0.42, -0.12)]),
        *with_label("cantharus", transform(amphora(), 0.28, (0.50, -0.10))),
        ground(0.64)
    ]


def heracles() -> list[Part]:
    """Heracles standing, with club and lion skin."""
    skin = [(-0.30, -0.30), (-0.20, -0.26), (-0.24, 0.06), (-0.20, 0.36), (-0.32, 0.30), (-0.38, 0.46),
            (-0.46, 0.24), (-0.42, -0.06)]
    return [
        *with_label(
            "lion skin", [
                blob(skin, 0.5, 0.07),
                lines([[(-0.30, -0.16), (-0.36, 0.10), (-0.34, 0.30)]], 0.03, 0.16, "cut")
            ]
        ), *nude(),
        line([(0.06, -0.57), (0.09, -0.49), (0.05, -0.44)], [0.07, 0.08, 0.03], 0.7),
        _arm([(0.15, -0.46), (0.30, -0.26), (0.36, -0.08)]),
        _arm([(-0.15, -0.46), (-0.30, -0.38), (-0.32, -0.24)]), *with_label(
            "club", [
                line([(0.36, -0.12), (0.40, 0.24), (0.43, 0.60)], [0.07, 0.12, 0.19], 0.56),
                dots([(0.37, 0.14), (0.43, 0.28), (0.39, 0.42)], 0.03, 0.18, "add")
            ]
        ),
        ground(0.64)
    ]


def rider() -> list[Part]:
    """A rider on a horse that prances to the right."""
    man = [
        line([(-0.04, -0.14), (0.06, 0.08), (-0.02, 0.30)], [0.15, 0.10, 0.06], 0.86, "over"),
        blob([(-0.16, -0.50), (0.06, -0.50), (0.10, -0.30), (0.06, -0.08), (-0.16, -0.08), (-0.18, -0.30)],
             0.84, 0.1, "over"),
        lines([[(-0.16, -0.46), (-0.34, -0.34),
                (-0.54, -0.40)], [(-0.16, -0.38), (-0.34, -0.22), (-0.52, -0.26)]], [0.05, 0.08, 0.02], 0.44,
              "join"), *_head(-0.04, -0.62, 0.11),
        _arm([(0.04, -0.42), (0.20, -0.30), (0.30, -0.36)], 0.9)
    ]
    return [
        *with_label("horse", transform(horse(), 0.92, (0, 0.06))), *with_label("rider", man),
        *with_label("spear", [line([(-0.30, -0.56), (0.62, -0.02)], 0.03, 0.5, "over")])
    ]
