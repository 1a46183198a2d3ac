"""Helpers of all figures: the SVG element, axis ticks, short labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup


def svg(css_class: str, size: tuple[float, float], label: str, parts: Sequence[Markup]) -> Markup:
    """An SVG element of `size` (width, height) in pixels; `label` is its text for screen readers."""
    open_tag = Markup(
        '<svg class="{}" viewBox="0 0 {:.0f} {:.0f}" width="{:.0f}" height="{:.0f}" '
        'role="img" aria-label="{}">'
    )
    return open_tag.format(css_class, *size, *size, label) + Markup("").join(parts) + Markup("</svg>")


def ticks(low: float, high: float, limit: int) -> list[float]:
    """Round numbers from `low` to `high`, about `limit` of them at most."""
    raw = (high - low) / limit
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw)
    first, last = int(np.ceil(low / step)), int(np.floor(high / step))
    return [round(float(step * i), 10) + 0.0 for i in range(first, last + 1)]


def is_finite(value: float | None) -> bool:
    """Whether the value is a number and neither NaN nor infinite."""
    return value is not None and bool(np.isfinite(value))


def shorten(text: str, length: int) -> str:
    """The text, cut to `length` characters with an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"
