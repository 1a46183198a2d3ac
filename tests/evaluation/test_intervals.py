"""Intervals: values by hand, SciPy's where they agree, and coverage in simulations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from coinspark.evaluation.intervals import difference_interval, effective_units, share_interval
from coinspark.evaluation.scores import MetricCounts, metric_counts
from tests.evaluation.results import images
from tests.evaluation.unequal_units import Sizes, beta, counts_of, geometric, one_large


def top1(hits: list[int], units: list[str] | None = None) -> MetricCounts:
    return metric_counts(images(["a"] * len(hits), hits, units=units), "top1")


def test_interval_of_a_share_by_hand() -> None:
    # 8 of 10, with the added unit 8.5 of 11 = 0.772727. Without a correct coin 7.5 / 10 (8 times), without a
    # wrong one 8.5 / 10 (twice), without a half 8 / 10.5 or 8.5 / 10.5: mean 0.769048, sum of squares
    # 8 · 0.000363 + 2 · 0.006553 + 0.000051 + 0.001638 = 0.017697, variance 11 / 12 · 0.017697 = 0.016223.
    # n = 0.772727 · 0.227273 / 0.016223 = 10.825, at most 10 images. Effective units 121 / 10.5 = 11.524,
    # t(10.524) = 2.2132, t² = 4.8982. Centre (0.8 + 4.8982 / 20) / 1.48982 = 0.70137.
    # Width 2.2132 / 1.48982 · √(0.016 + 4.8982 / 400) = 1.48555 · 0.168065 = 0.24967.
    assert share_interval(top1([1] * 8 + [0] * 2)) == pytest.approx((0.45170, 0.95104), abs=1e-4)


def test_interval_of_many_units_equals_wilsons_of_scipy() -> None:
    other = stats.binomtest(2400, 4000).proportion_ci(method="wilson")
    assert share_interval(top1([1] * 2400 + [0] * 1600)) == pytest.approx((other.low, other.high), abs=1e-4)


def test_interval_of_units_that_are_all_correct_has_a_width() -> None:
    # n is the number of images, 20. Effective units 21² / 20.5 = 21.512, t(20.512) = 2.0826, t² = 4.3372:
    # Wilson's lower bound at 1 is 1 / (1 + t² / n) = 0.8218.
    assert share_interval(top1([1] * 20)) == pytest.approx((0.8218, 1.0), abs=2e-4)
    assert share_interval(top1([0] * 20)) == pytest.approx((0.0, 0.1782), abs=2e-4)
    assert share_interval(top1([1, 1, 0], ["u"] * 3)) == (0, 1)  # one unit says nothing


def test_images_of_a_unit_count_once() -> None:
    """Four equal casts of each coin add no information; without units they would halve the interval."""
    hits = [int(i % 3 > 0) for i in range(90)]
    casts = [hit for hit in hits for _ in range(4)]
    low, high = share_interval(top1(casts, [f"u{i}" for i in range(90) for _ in range(4)]))
    assert (low, high) == pytest.approx(share_interval(top1(hits)), abs=1e-3)
    apart = share_interval(top1(casts))
    assert apart[1] - apart[0] < 0.55 * (high - low)


def test_interval_of_a_difference_by_hand() -> None:
    # Of ten coins, three are correct in the first only, one in the second only: 2 / 11 with the added unit.
    # Left out in turn: 1 / 10 (3 times), 3 / 10, 2 / 10 (6 times), 1.5 / 10.5, 2.5 / 10.5; mean 0.181746.
    values = np.array([0.1] * 3 + [0.3] + [0.2] * 6 + [1.5 / 10.5, 2.5 / 10.5])
    variance = 11 * values.var()  # (12 - 1) / 12 · sum of squares
    first, second = top1([1] * 5 + [1, 1, 1, 0, 0]), top1([1] * 5 + [0, 0, 0, 1, 0])
    width = 2.2132 * np.sqrt(variance)  # t(10.524), as above
    assert difference_interval(first, second) == pytest.approx((2 / 11 - width, 2 / 11 + width), abs=1e-4)


def test_interval_of_equal_results_is_around_zero_and_not_empty() -> None:
    counts = top1([1] * 30 + [0] * 10)
    low, high = difference_interval(counts, counts)
    assert low == -high and 0.02 < high < 0.06
    assert difference_interval(top1([1, 1], ["u", "u"]), top1([0, 1], ["u", "u"])) == (-1, 1)


def test_paired_interval_is_narrower_than_that_of_its_parts() -> None:
    base = [1] * 140 + [0] * 60
    better = [1] * 160 + [0] * 40
    low, high = difference_interval(top1(better), top1(base))
    assert 0.05 < low < 0.1 < high < 0.15  # 20 of 200: 0.1, standard error 0.021
    wide = share_interval(top1(better))
    assert high - low < wide[1] - wide[0]


def test_effective_number_of_units_by_hand() -> None:
    assert effective_units(np.full(8, 1 / 8)) == pytest.approx(8)
    assert effective_units(np.array([0.5, 0.25, 0.25])) == pytest.approx(1 / 0.375)
    assert effective_units(np.array([0.99, 0.01])) == 2  # at least one degree of freedom


@pytest.mark.parametrize("sizes", [geometric, one_large])
@pytest.mark.parametrize("mean", [0.6, 0.8, 0.95])
@pytest.mark.parametrize("units", [12, 25])
def test_share_interval_covers_with_few_unequal_units(sizes: Sizes, mean: float, units: int) -> None:
    random, covered, covered_by_images, draws = np.random.default_rng(1), 0, 0, 1000
    for _ in range(draws):
        images_of = sizes(random, units)
        hits = random.binomial(images_of, beta(random, mean, units))
        low, high = share_interval(counts_of(hits, images_of))
        covered += low <= mean <= high
        total = images_of.sum()
        share = hits.sum() / total
        covered_by_images += abs(share - mean) <= 1.96 * np.sqrt(share * (1 - share) / total)
    assert covered / draws >= 0.93
    assert covered_by_images / draws < 0.8  # an interval that resamples images, not units


@pytest.mark.parametrize("sizes", [geometric, one_large])
@pytest.mark.parametrize(("first", "second"), [(0.9, 0.8), (0.9, 0.95)])
@pytest.mark.parametrize("units", [12, 25])
def test_difference_interval_covers_with_few_unequal_units(
    sizes: Sizes, first: float, second: float, units: int
) -> None:
    """Two models whose chances on a unit are correlated by 0.5, roughly."""
    random, covered, draws = np.random.default_rng(2), 0, 800
    for _ in range(draws):
        images_of = sizes(random, units)
        shared = random.random(units) < 0.5
        ranks = [np.sort(beta(random, mean, 200)) for mean in (first, second)]
        order = random.integers(0, 200, units)
        other = np.where(shared, order, random.integers(0, 200, units))
        hits = [random.binomial(images_of, ranks[0][order]), random.binomial(images_of, ranks[1][other])]
        low, high = difference_interval(*(counts_of(hit, images_of) for hit in hits))
        covered += low <= first - second <= high
    assert covered / draws >= 0.93


def test_macro_recall_interval_covers_with_few_unequal_units() -> None:
    """Three classes with 6, 8 and 10 units; the macro recall is the mean of their chances."""
    random, covered, draws = np.random.default_rng(3), 0, 1000
    group = np.repeat([0, 1, 2], [6, 8, 10])
    means = np.array([0.5, 0.7, 0.9])
    for _ in range(draws):
        images_of = geometric(random, len(group))
        chances = random.beta(means[group] * 0.7 / 0.3, (1 - means[group]) * 0.7 / 0.3)
        hits = random.binomial(images_of, chances)
        low, high = share_interval(
            MetricCounts(np.arange(len(group)), group, hits.astype(float), images_of.astype(float))
        )
        covered += low <= means.mean() <= high
    assert covered / draws >= 0.93
