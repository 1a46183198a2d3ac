"""The corrected resampled t-test and Holm's adjustment: by hand, and against SciPy's t-test."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from coinspark.evaluation.significance import corrected_resampled_test, holm

DIFFERENCES = [0.03, -0.01, 0.02, 0.05, 0.01, 0.04, 0.0, 0.02, 0.03, 0.01]


def test_test_without_shared_training_data_is_the_t_test_of_scipy() -> None:
    test, other = corrected_resampled_test(DIFFERENCES, 0.0), stats.ttest_1samp(DIFFERENCES, 0.0)
    interval = other.confidence_interval(0.95)
    assert test is not None
    assert (test.difference, test.p_value) == pytest.approx((0.02, other.pvalue))
    assert (test.low, test.high) == pytest.approx((interval.low, interval.high))


def test_correction_by_hand() -> None:
    # Mean 3, variance 2.5. Standard error √(2.5 · (1/5 + 20/80)) = 1.06066, t = 2.82843 with 4 degrees.
    # With 4 degrees P(|T| > t) = 1 - s · (3 - s²) / 2 for s = t / √(t² + 4) = 0.81650: 0.04742.
    test = corrected_resampled_test([1, 2, 3, 4, 5], 20 / 80)
    assert test is not None and test.difference == 3
    assert test.p_value == pytest.approx(0.04742, abs=1e-5)
    assert (test.low, test.high) == pytest.approx((3 - 2.77645 * 1.06066, 3 + 2.77645 * 1.06066), abs=1e-4)
    negative = corrected_resampled_test([-1, -2, -3, -4, -5], 20 / 80)
    assert negative is not None and negative.p_value == pytest.approx(test.p_value)


def test_equal_differences_and_single_resamples_are_not_tested() -> None:
    assert corrected_resampled_test([0.1] * 6, 0.25) is None
    assert corrected_resampled_test([0.0] * 6, 0.25) is None
    assert corrected_resampled_test([0.1], 0.25) is None


def test_corrected_test_keeps_its_level_where_the_plain_one_does_not() -> None:
    """Differences of one mean 0, correlated by n_test / (n_test + n_train) as Nadeau and Bengio assume."""
    random, draws, folds, correlation = np.random.default_rng(4), 1000, 10, 0.2
    common = random.normal(size=(draws, 1)) * np.sqrt(correlation)
    values = common + random.normal(size=(draws, folds)) * np.sqrt(1 - correlation)
    tests = [corrected_resampled_test(list(row), 0.25) for row in values]
    assert np.mean([test is not None and test.p_value <= 0.05 for test in tests]) < 0.065
    assert np.mean([stats.ttest_1samp(row, 0).pvalue <= 0.05 for row in values]) > 0.2


def test_holm_by_hand() -> None:
    # The example of Holm's method with four tests: 4 · 0.005, 3 · 0.01, 2 · 0.03 and 0.04 raised to 0.06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([0.03]) == [0.03] and holm([]) == []
