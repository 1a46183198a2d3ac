"""Greek capitals as strokes, and legends: around the die, down both flanks, or in the exergue."""

from __future__ import annotations

from typing import Literal

from coinspark.synthetic.carving import Part, arc, line, transform

Point = tuple[float, float]
Layout = Literal["around", "flanks", "exergue"]

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
    """A capital of this height. Raises KeyError if the character is not a Greek capital."""
    strokes = [line(points, 0.17, 0.34) for points in STROKES[letter]]
    outlines = tuple(outline for part in strokes for outline in part.outlines)
    return transform([Part(outlines, 0.34, 0.085)], height, at, turn)


def legend(text: str, layout: Layout, height: float, start: float = 0) -> list[Part]:
    """A text on a die.

    around: clockwise from `start` degrees (-90 is the top), the feet of the letters towards the centre;
    flanks: one half down each side; exergue: the first six letters below the motif.
    """
    positions: list[tuple[Point, float]]  # centre and rotation of each letter
    if layout == "around":
        step = height * 74  # degrees for a letter and the gap after it, at the radius of the legend
        angles = [start + i * step for i in range(len(text))]
        positions = [(arc(0, 0, 0.81, 0.81, a, a, 1)[0], a + 90) for a in angles]
    elif layout == "flanks":
        half = (len(text) + 1) // 2
        positions = [
            ((x, (i - (length - 1) / 2) * height * 1.12), 0.0)
            for length, x in ((half, -0.70), (len(text) - half, 0.70))
            for i in range(length)
        ]
    else:
        text = text[:6]
        positions = [(((i - (len(text) - 1) / 2) * height * 0.95, 0.78), 0.0) for i in range(len(text))]
    return [
        part
        for letter, (at, turn) in zip(text, positions, strict=True)
        for part in glyph(letter, height, at, turn)
    ]
