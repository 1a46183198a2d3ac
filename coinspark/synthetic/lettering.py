"""Greek capitals as strokes, and legends set with them: round the die, down its flanks, or in the exergue."""

from __future__ import annotations

from typing import Literal

from coinspark.synthetic.carving import Part, arc, line, place

Point = tuple[float, float]
Setting = Literal["around", "flanks", "exergue"]

_O: list[Point] = arc(0, 0, 0.32, 0.48, -90, 270, 13)
STROKES: dict[str, list[list[Point]]] = {
    "Α": [[(-0.34, 0.5), (0, -0.5)], [(0, -0.5), (0.34, 0.5)], [(-0.2, 0.12), (0.2, 0.12)]],
    "Β": [
        [(-0.26, 0.5), (-0.26, -0.5)],
        [(-0.26, -0.48), (0.22, -0.26), (-0.24, -0.02)],
        [(-0.24, -0.02), (0.3, 0.24), (-0.26, 0.48)],
    ],
    "Γ": [[(-0.22, 0.5), (-0.22, -0.5)], [(-0.22, -0.47), (0.28, -0.47)]],
    "Δ": [[(-0.38, 0.46), (0, -0.5)], [(0, -0.5), (0.38, 0.46)], [(-0.38, 0.46), (0.38, 0.46)]],
    "Ε": [
        [(-0.24, 0.5), (-0.24, -0.5)],
        [(-0.24, -0.47), (0.26, -0.47)],
        [(-0.24, 0), (0.18, 0)],
        [(-0.24, 0.47), (0.26, 0.47)],
    ],
    "Ζ": [[(-0.28, -0.47), (0.28, -0.47)], [(0.28, -0.47), (-0.28, 0.47)], [(-0.28, 0.47), (0.28, 0.47)]],
    "Η": [[(-0.28, 0.5), (-0.28, -0.5)], [(0.28, 0.5), (0.28, -0.5)], [(-0.28, 0), (0.28, 0)]],
    "Θ": [_O, [(-0.14, 0), (0.14, 0)]],
    "Ι": [[(0, 0.5), (0, -0.5)]],
    "Κ": [[(-0.24, 0.5), (-0.24, -0.5)], [(0.28, -0.5), (-0.24, 0.04)], [(-0.1, -0.04), (0.3, 0.5)]],
    "Λ": [[(-0.34, 0.5), (0, -0.5)], [(0, -0.5), (0.34, 0.5)]],
    "Μ": [
        [(-0.36, 0.5), (-0.3, -0.5)],
        [(-0.3, -0.5), (0, 0.2)],
        [(0, 0.2), (0.3, -0.5)],
        [(0.3, -0.5), (0.36, 0.5)],
    ],
    "Ν": [[(-0.28, 0.5), (-0.28, -0.5)], [(-0.28, -0.5), (0.28, 0.5)], [(0.28, 0.5), (0.28, -0.5)]],
    "Ξ": [[(-0.28, -0.46), (0.28, -0.46)], [(-0.18, 0), (0.18, 0)], [(-0.28, 0.46), (0.28, 0.46)]],
    "Ο": [_O],
    "Π": [[(-0.28, 0.5), (-0.28, -0.5)], [(0.28, 0.5), (0.28, -0.5)], [(-0.36, -0.47), (0.36, -0.47)]],
    "Ρ": [[(-0.24, 0.5), (-0.24, -0.5)], [(-0.24, -0.48), (0.3, -0.24), (-0.22, 0.04)]],
    "Σ": [
        [(0.28, -0.47), (-0.26, -0.47)],
        [(-0.26, -0.47), (0.08, 0)],
        [(0.08, 0), (-0.26, 0.47)],
        [(-0.26, 0.47), (0.28, 0.47)],
    ],
    "Τ": [[(0, 0.5), (0, -0.5)], [(-0.32, -0.47), (0.32, -0.47)]],
    "Υ": [[(0, 0.5), (0, 0.02)], [(0, 0.02), (-0.3, -0.5)], [(0, 0.02), (0.3, -0.5)]],
    "Φ": [[(0, 0.5), (0, -0.5)], arc(0, 0, 0.34, 0.28, -90, 270, 11)],
    "Χ": [[(-0.3, -0.5), (0.3, 0.5)], [(0.3, -0.5), (-0.3, 0.5)]],
    "Ψ": [[(0, 0.5), (0, -0.5)], [(-0.32, -0.5), (-0.2, 0.04), (0, 0.14), (0.2, 0.04), (0.32, -0.5)]],
    "Ω": [[(-0.34, 0.47), (-0.12, 0.47), (-0.32, -0.1), (0, -0.5), (0.32, -0.1), (0.12, 0.47), (0.34, 0.47)]],
}


def glyph(letter: str, height: float, at: Point, turn: float = 0) -> list[Part]:
    """One capital of this height; raises KeyError for a character that is no Greek capital."""
    strokes = [line(points, 0.17, 0.34) for points in STROKES[letter]]
    outlines = tuple(outline for part in strokes for outline in part.outlines)
    return place([Part(outlines, 0.34, 0.085)], height, at, turn)


def legend(text: str, setting: Setting, height: float, start: float = 0) -> list[Part]:
    """The text on a die: `around` clockwise from `start` degrees (-90 is the top), its feet towards the centre."""
    if setting == "around":
        step = height * 74  # degrees: a letter and the gap after it, at the legend's radius
        angles = [start + i * step for i in range(len(text))]
        spots = [(arc(0, 0, 0.81, 0.81, a, a, 1)[0], a + 90) for a in angles]
    elif setting == "flanks":
        half = (len(text) + 1) // 2
        columns = [(text[:half], -0.70), (text[half:], 0.70)]
        spots = [
            ((x, (i - (len(part) - 1) / 2) * height * 1.12), 0.0)
            for part, x in columns
            for i in range(len(part))
        ]
    else:
        short = text[:6]
        text, spots = (
            short,
            [(((i - (len(short) - 1) / 2) * height * 0.95, 0.78), 0.0) for i in range(len(short))],
        )
    return [
        part
        for letter, (at, turn) in zip(text, spots, strict=True)
        for part in glyph(letter, height, at, turn)
    ]
