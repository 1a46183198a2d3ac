"""Tests of differences between trained models over repeated folds, in NumPy and SciPy without Spark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from coinspark.evaluation.intervals import LEVEL

MIN_RESAMPLES = 5
"""Fewest resamples (folds times repeats) that permit a claim. The variance is estimated from as many numbers:
with four of them, the quantile of t is 3.2, and one unusual fold decides the result. Five folds, each unit
tested once, are the smallest usual cross-validation."""
ALPHA = 1 - LEVEL
"""Greatest adjusted p-value of a claim."""


@dataclass(frozen=True)
class ResampledTest:
    """A corrected resampled t-test: mean difference, its 95 % interval, two-sided p-value."""

    difference: float
    low: float
    high: float
    p_value: float


def corrected_resampled_test(differences: Sequence[float], test_to_train: float) -> ResampledTest | None:
    """Corrected resampled t-test that the mean difference is 0; None if it cannot be made.

    The models of several resamples share training data, so that the plain t-test claims too much. Nadeau and
    Bengio (2003), section 3, multiply the variance of the differences by 1/J + n_test / n_train in place of
    1/J; Bouckaert and Frank (2004) do so for repeated k-fold cross-validation. Degrees of freedom: J - 1.

    Args:
        differences: The difference of each of the J resamples.
        test_to_train: Test units divided by training units of a resample.

    Returns:
        None with fewer than two resamples, or if all differences are equal: they have no variance.

    Example: differences 1, 2, 3, 4, 5 with 20 test and 80 training units: mean 3, variance 2.5, standard
    error √(2.5 · (1/5 + 1/4)) = 1.061, t = 2.828 with 4 degrees of freedom, p = 0.0474.
    """
    values = np.asarray(differences, dtype=np.float64)
    if len(values) < 2 or np.ptp(values) < 1e-12:
        return None
    mean, degrees = float(values.mean()), len(values) - 1
    error = float(np.sqrt(values.var(ddof=1) * (1 / len(values) + test_to_train)))
    width = float(special.stdtrit(degrees, (1 + LEVEL) / 2)) * error
    p_value = 2 * float(special.stdtr(degrees, -abs(mean) / error))
    return ResampledTest(mean, mean - width, mean + width, p_value)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values of several tests (Holm 1979), in the given order.

    Example: 0.01, 0.04, 0.03 give 3 · 0.01 = 0.03; then 2 · 0.03 = 0.06; and 0.06, since no adjusted value is
    below that of a smaller p-value.
    """
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = highest
    return adjusted
