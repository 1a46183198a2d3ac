"""Section "Class sizes": the mints that each layer splits, before and after, and the sizes of all mints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coinspark.evaluation.report.section import ReportSection
from coinspark.evaluation.report.source import ClassSize, ReportSource

SHOWN = 24
"""Mints shown at once; the others are folded away."""


@dataclass(frozen=True)
class SplitMint:
    """A mint that a layer splits: its coins and its classes."""

    mint: str
    coins: int
    classes: Sequence[ClassSize]


@dataclass(frozen=True)
class LayerSizes:
    """The mints that a layer splits, and the coins of its largest class before (as a mint) and after."""

    name: str
    mints: Sequence[SplitMint]
    before: int
    after: int


def gather(source: ReportSource) -> Mapping[str, Any]:
    """Sizes of the layers' classes and of all mints."""
    layers = [layer_sizes(name, source.class_sizes[name]) for name in source.additional_layers]
    return {"layers": layers, "mints": source.mints, "shown": SHOWN}


def layer_sizes(name: str, sizes: Sequence[ClassSize]) -> LayerSizes:
    """The sizes of one layer."""
    by_mint: dict[str, list[ClassSize]] = defaultdict(list)
    for size in sizes:
        by_mint[size.mint].append(size)
    mints = [
        SplitMint(mint, sum(size.coins for size in classes), classes) for mint, classes in by_mint.items()
    ]
    return LayerSizes(
        name,
        [mint for mint in mints if any(size.is_new for size in mint.classes)],
        before=max(mint.coins for mint in mints),
        after=max(size.coins for size in sizes),
    )


SECTION = ReportSection("sizes", "Class sizes before and after", gather, "sizes.html")
