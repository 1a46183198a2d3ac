"""Random split units of unequal size, to measure the coverage of intervals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from coinspark.evaluation.scores import MetricCounts

Sizes = Callable[[np.random.Generator, int], np.ndarray]
"""Images of each unit."""


def geometric(random: np.random.Generator, units: int) -> np.ndarray:
    """Types as in a catalogue: many of one coin, few of many."""
    return random.geometric(1 / 6, units)


def one_large(random: np.random.Generator, units: int) -> np.ndarray:
    return np.append(random.geometric(1 / 6, units - 1), 60)


def beta(random: np.random.Generator, mean: float, units: int) -> np.ndarray:
    """The chance of each unit to be recognised; correlation of two images of a unit 0.3."""
    return random.beta(mean * 0.7 / 0.3, (1 - mean) * 0.7 / 0.3, units)


def counts_of(hits: np.ndarray, sizes: np.ndarray) -> MetricCounts:
    units = np.arange(len(sizes))
    return MetricCounts(units, np.zeros_like(units), hits.astype(float), sizes.astype(float))
