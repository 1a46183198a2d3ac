"""Coverage of 95 % intervals of accuracy over split units of unequal size; prints a Markdown table.

Units are like types: sizes are geometric with mean 6, and the chances of units to be recognised vary, so that
two images of a unit are correlated by 0.3.

    python -m tests.bench.bench_intervals
"""

from __future__ import annotations

import numpy as np

from coinspark.evaluation.intervals import share_interval
from tests.evaluation.unequal_units import beta, counts_of, geometric

DRAWS, RESAMPLES = 2_000, 1_000
UNITS, MEANS = (12, 25, 60), (0.6, 0.8, 0.95)
Interval = tuple[float, float]


def over_images(random: np.random.Generator, hits: np.ndarray, sizes: np.ndarray) -> Interval:
    """Percentile bootstrap of images, ignoring units."""
    total = sizes.sum()
    low, high = np.percentile(random.binomial(total, hits.sum() / total, RESAMPLES) / total, [2.5, 97.5])
    return low, high


def over_units(random: np.random.Generator, hits: np.ndarray, sizes: np.ndarray) -> Interval:
    """Percentile bootstrap of units."""
    draws = random.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), RESAMPLES)
    low, high = np.percentile((draws @ hits) / (draws @ sizes), [2.5, 97.5])
    return low, high


def ours(random: np.random.Generator, hits: np.ndarray, sizes: np.ndarray) -> Interval:
    """`share_interval`."""
    return share_interval(counts_of(hits, sizes))


METHODS = {
    "percentile bootstrap over images, ignoring units": over_images,
    "percentile bootstrap over units": over_units,
    "`share_interval`": ours,
}


def coverage(units: int, mean: float) -> dict[str, float]:
    """The share of intervals that contain the mean, by method."""
    random, covered = np.random.default_rng(1), dict.fromkeys(METHODS, 0)
    for _ in range(DRAWS):
        sizes = geometric(random, units)
        hits = random.binomial(sizes, beta(random, mean, units))
        for name, method in METHODS.items():
            low, high = method(random, hits, sizes)
            covered[name] += low <= mean <= high
    return {name: count / DRAWS for name, count in covered.items()}


if __name__ == "__main__":
    cells = {(units, mean): coverage(units, mean) for units in UNITS for mean in MEANS}
    print("| interval | " + " | ".join(f"{units} units, {mean:.0%}" for units, mean in cells) + " |")
    print("|---" * (1 + len(cells)) + "|")
    for name in METHODS:
        print(f"| {name} | " + " | ".join(f"{cell[name]:.3f}" for cell in cells.values()) + " |")
