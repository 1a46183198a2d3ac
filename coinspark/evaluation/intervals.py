"""95 % intervals of metrics over split units, in NumPy and SciPy without Spark.

The variance is that of the jackknife, which leaves out one split unit at a time. Percentiles of a cluster
bootstrap are too narrow where units are few or unequal, or a metric is near 0 or 1; two corrections are made:

- As Agresti and Min (2005) add two pairs of opposite results, one unit of mean size is added, half of it
  correct and half not (for a difference: half of it won by each side). So an interval has a width where all
  results are equal.
- Quantiles are those of Student's t with the effective number of units, minus one, as degrees of freedom.

`tests/evaluation/test_intervals.py` measures the coverage. An interval is of the test units only; it does not
contain the variance of training.
"""

from __future__ import annotations

import numpy as np
from scipy import special  # scipy.stats takes as long to import as the rest of coinspark

from coinspark.evaluation.scores import Floats, MetricCounts

LEVEL = 0.95
"""Confidence level of all intervals."""


def share_interval(counts: MetricCounts) -> tuple[float, float]:
    """Interval of a metric between 0 and 1: Wilson's, with the effective number of images.

    This is the number n of independent images with the same variance: value · (1 - value) / variance, at most
    the number of images (Franco et al. 2019). (0, 1) with fewer than two units.
    """
    if counts.units < 2:
        return 0.0, 1.0
    added = with_added_unit(counts, (1, 0))
    n = added.value() * (1 - added.value()) / _variance(added.without_each_unit())
    n, t, value = min(n, float(counts.images.sum())), _quantile(added), counts.value()
    centre = (value + t**2 / (2 * n)) / (1 + t**2 / n)
    width = t / (1 + t**2 / n) * float(np.sqrt(value * (1 - value) / n + t**2 / (4 * n**2)))
    return max(0.0, centre - width), min(1.0, centre + width)


def difference_interval(first: MetricCounts, second: MetricCounts) -> tuple[float, float]:
    """Interval of `first` - `second`, two metrics of the same images (paired).

    Of Student's t, around the difference with the added unit. (-1, 1) with fewer than two units.
    """
    if first.units < 2:
        return -1.0, 1.0
    first, second = with_added_unit(first, (1, 0)), with_added_unit(second, (0, 1))
    centre = first.value() - second.value()
    variance = _variance(first.without_each_unit() - second.without_each_unit())
    width = _quantile(first) * float(np.sqrt(variance))
    return max(-1.0, centre - width), min(1.0, centre + width)


def with_added_unit(counts: MetricCounts, hits: tuple[int, int]) -> MetricCounts:
    """Counts with two halves of a unit of mean size, which are left out one at a time like units.

    Args:
        hits: Whether the first and the second half are correct, 1 or 0.

    Example: ten coins, each a unit, of which eight are correct: (8 + 0.5) of 11.
    """
    units, groups = counts.units, len(counts.group_images())
    half = counts.group_images() / (2 * units)
    return MetricCounts(
        np.concatenate([counts.unit, np.repeat([units, units + 1], groups)]),
        np.concatenate([counts.group, np.tile(np.arange(groups), 2)]),
        np.concatenate([counts.hits, hits[0] * half, hits[1] * half]),
        np.concatenate([counts.images, half, half]),
    )


def effective_units(weights: Floats) -> float:
    """Number of units of equal weight that say as much (Kish 1965): 1 / Σ weight², at least 2.

    Args:
        weights: Weights of the units, shape (units,), with sum 1.

    Example: weights 0.5, 0.25, 0.25 count as 1 / 0.375 = 2.67 units.
    """
    return max(2.0, 1 / float((weights**2).sum()))


def _variance(values: Floats) -> float:
    """Jackknife: (G - 1) / G · Σ (value - mean)² over the values without one of the G units."""
    return (len(values) - 1) / len(values) * float(((values - values.mean()) ** 2).sum())


def _quantile(counts: MetricCounts) -> float:
    """Quantile of Student's t."""
    return float(special.stdtrit(effective_units(counts.unit_weights()) - 1, (1 + LEVEL) / 2))
