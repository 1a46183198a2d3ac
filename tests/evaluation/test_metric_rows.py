"""Rows of the table `metrics` of a few coins, computed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from coinspark.evaluation.metric_rows import Comparisons, MetricRow, metric_rows
from coinspark.warehouse.schemas import METRICS

REFERENCE = ("mint", "vgg16")
COMPARISONS = Comparisons(
    reference=REFERENCE,
    networks=frozenset({REFERENCE, ("designs", "vgg16"), ("fewer", "vgg16")}),
    test_to_train={"mint": 0.25, "designs": 0.25, "fewer": 0.25},
    unsupervised={"mint": (), "designs": ("PCA", "k-means")},
    top_k=3,
)


def outcome(
    key: tuple[str, str, str], coin: str, truth: str, rank: int | None, fold: int = 0, unit: str | None = None
) -> dict[str, object]:
    layer, model, level = key
    return {
        "layer": layer,
        "model": model,
        "level": level,
        "fold": fold,
        "unit": unit or coin,
        "coin_id": coin,
        "medium": "original",
        "truth": truth,
        "rank": rank,
    }


def by_key(rows: list[MetricRow]) -> Mapping[tuple[str, str, str, str], MetricRow]:
    return {(row.layer, row.model, row.level, row.metric): row for row in rows}


def folds_of(key: tuple[str, str], correct: list[int], repeats: int = 1) -> list[dict[str, object]]:
    """Ten coins in each fold of each repeat, of which so many are correct; the same coins in each repeat."""
    folds = len(correct) // repeats
    return [
        outcome((*key, "mint"), f"c{fold % folds}-{i}", "A", 1 if i < hits else 2, fold)
        for fold, hits in enumerate(correct)
        for i in range(10)
    ]


def test_row_has_the_columns_of_the_table() -> None:
    assert MetricRow._fields == tuple(METRICS.columns)


def test_values_pool_all_coins_and_differences_compare_common_ones() -> None:
    truth = ["A"] * 6 + ["B"] * 4
    rows = [outcome((*REFERENCE, "mint"), f"c{i}", truth[i], 1 if i % 2 else 2) for i in range(10)]
    layer = ("designs", "vgg16", "mint")
    rows += [outcome(layer, f"c{i}", truth[i], 1 if i else 3) for i in range(10)]
    rows.append(outcome(layer, "only here", "B", None))
    values = by_key(metric_rows(rows, COMPARISONS))
    assert len(values) == 6
    reference, top1 = values[*REFERENCE, "mint", "top1"], values[*layer, "top1"]
    assert (reference.n, reference.value, reference.difference) == (10, 0.5, None)
    assert (reference.is_reference, top1.is_reference) == (True, False)
    assert (top1.n, top1.value) == (11, pytest.approx(9 / 11))
    assert top1.difference == pytest.approx(0.9 - 0.5)
    assert top1.difference_low is not None and top1.difference_high is not None
    assert top1.difference_low < 0.4 < top1.difference_high
    assert values[*layer, "top3"].value == pytest.approx(10 / 11)
    macro = values[*layer, "macro_recall"]
    assert macro.value == pytest.approx((5 / 6 + 4 / 5) / 2)
    assert macro.difference == pytest.approx((5 / 6 + 4 / 4) / 2 - (3 / 6 + 2 / 4) / 2)
    assert (top1.unsupervised, reference.unsupervised) == (("PCA", "k-means"), ())


def test_one_split_has_an_interval_and_no_p_value() -> None:
    """A layer that is right on all coins, a reference that is right on a third: still no claim."""
    rows = folds_of(REFERENCE, [3]) + folds_of(("designs", "vgg16"), [10])
    top1 = by_key(metric_rows(rows, COMPARISONS))["designs", "vgg16", "mint", "top1"]
    assert (top1.resamples, top1.p_value, top1.p_adjusted) == (1, None, None)
    assert top1.difference_low is not None and top1.difference_low > 0


def test_four_folds_have_no_p_value_and_five_do() -> None:
    for correct, tested in (([8, 9, 10, 9], False), ([8, 9, 10, 9, 10], True)):
        rows = folds_of(REFERENCE, [7] * len(correct)) + folds_of(("designs", "vgg16"), correct)
        top1 = by_key(metric_rows(rows, COMPARISONS))["designs", "vgg16", "mint", "top1"]
        assert (top1.resamples, top1.p_value is not None) == (len(correct), tested)


def test_folds_are_tested_with_the_correction_and_holms_adjustment() -> None:
    # Differences of designs: 0.1, 0.2, 0.3, 0.4, 0.5, as in the docstring of the test: p = 0.04742 with 0.25.
    # Those of fewer: -0.1, 0, 0, 0, 0.1: p = 1. Holm: 2 · 0.04742 and 1.
    rows = folds_of(REFERENCE, [5] * 5)
    rows += folds_of(("designs", "vgg16"), [6, 7, 8, 9, 10]) + folds_of(("fewer", "vgg16"), [4, 5, 5, 5, 6])
    rows += folds_of(("mint", "hog-svm"), [6, 7, 8, 9, 10])
    values = by_key(metric_rows(rows, COMPARISONS))
    designs = values["designs", "vgg16", "mint", "top1"]
    assert (designs.difference, designs.p_value) == pytest.approx((0.3, 0.04742), abs=1e-5)
    assert designs.p_adjusted == pytest.approx(2 * 0.04742, abs=2e-5)
    width = 2.77645 * 0.106066
    assert (designs.difference_low, designs.difference_high) == pytest.approx(
        (0.3 - width, 0.3 + width), abs=1e-4
    )
    fewer = values["fewer", "vgg16", "mint", "top1"]
    assert (fewer.p_value, fewer.p_adjusted) == (pytest.approx(1.0), 1.0)
    numbers = [cell for row in values.values() for cell in row[4:13] if cell is not None]
    assert {type(number) for number in numbers} == {int, float}  # Spark accepts no NumPy numbers
    baseline = values["mint", "hog-svm", "mint", "top1"]
    assert baseline.p_value == pytest.approx(0.04742, abs=1e-5) and baseline.p_adjusted is None
    more_training = replace(COMPARISONS, test_to_train={"designs": 0.1})
    other = by_key(metric_rows(rows, more_training))["designs", "vgg16", "mint", "top1"]
    assert other.p_value is not None and other.p_value < 0.03


def test_repeats_count_as_resamples_and_pair_images_of_the_same_fold() -> None:
    """Two repeats of three folds. The layer and the reference differ in the second repeat only."""
    rows = folds_of(REFERENCE, [5] * 6, repeats=2)
    rows += folds_of(("designs", "vgg16"), [5, 5, 5, 8, 7, 6], repeats=2)
    top1 = by_key(metric_rows(rows, COMPARISONS))["designs", "vgg16", "mint", "top1"]
    assert (top1.n, top1.resamples, top1.difference) == (30, 6, pytest.approx(0.6 / 6))
    assert top1.value == pytest.approx(36 / 60)


def test_coin_that_the_reference_tested_in_another_fold_is_not_compared() -> None:
    rows = [outcome((*REFERENCE, "mint"), "c", "A", 2, 0), outcome((*REFERENCE, "mint"), "d", "A", 1, 1)]
    layer = ("designs", "vgg16", "mint")
    rows += [outcome(layer, "c", "A", 1, 0), outcome(layer, "d", "A", 2, 0)]
    top1 = by_key(metric_rows(rows, COMPARISONS))[*layer, "top1"]
    assert (top1.difference, top1.resamples) == (1.0, 1)  # of coin c alone


def test_equal_differences_in_every_fold_permit_no_claim() -> None:
    rows = folds_of(REFERENCE, [5] * 5) + folds_of(("designs", "vgg16"), [6] * 5)
    top1 = by_key(metric_rows(rows, COMPARISONS))["designs", "vgg16", "mint", "top1"]
    assert (top1.difference, top1.p_value) == (pytest.approx(0.1), None)
    assert top1.difference_low is not None and top1.difference_low < 0.1


def test_interval_is_over_split_units() -> None:
    """Sixty coins of six types. With types as units, the interval is that of six equal results."""
    key = ("designs", "vgg16", "mint")
    by_coin = [outcome(key, f"c{i}", "A", 1 if i < 30 else 2) for i in range(60)]
    by_type = [{**row, "unit": f"type {int(str(row['coin_id'])[1:]) // 10}"} for row in by_coin]
    six = [outcome(key, f"c{i}", "A", 1 if i < 3 else 2) for i in range(6)]
    widths = []
    for rows in (by_coin, by_type, six):
        top1 = by_key(metric_rows(rows, COMPARISONS))[*key, "top1"]
        assert top1.value == 0.5
        widths.append(top1.high - top1.low)
    assert widths[1] == pytest.approx(widths[2], abs=0.02) and widths[1] > 2.5 * widths[0]


def test_levels_are_separate_and_a_layer_without_common_coins_has_no_difference() -> None:
    rows = [
        outcome((*REFERENCE, "mint"), "a", "A", 1),
        outcome(("x", "vgg16", "mint"), "b", "A", 1),
        outcome(("x", "vgg16", "class"), "b", "A/o", 2),
        outcome(("designs", "vgg16", "class"), "a", "A/o", 2),
    ]
    values = by_key(metric_rows(rows, replace(COMPARISONS, top_k=1)))
    assert (
        values["x", "vgg16", "class", "top1"].value == 0 and values["x", "vgg16", "mint", "top1"].value == 1
    )
    assert values["designs", "vgg16", "class", "top1"].difference is None  # only mints are compared
    without = values["x", "vgg16", "mint", "top1"]
    assert (without.difference, without.resamples, without.p_value) == (None, None, None)


def test_steps_of_initial_weights_mark_networks_and_no_baseline() -> None:
    keys = [(*REFERENCE, "mint"), ("designs", "vgg16", "mint"), ("mint", "hog-svm", "mint")]
    comparisons = replace(COMPARISONS, network_steps=("DeepCluster network", "k-means"))
    rows = by_key(metric_rows([outcome(key, "c1", "A", 1) for key in keys], comparisons))
    assert [rows[(*key, "top1")].unsupervised for key in keys] == [
        ("DeepCluster network", "k-means"),
        ("PCA", "k-means", "DeepCluster network"),
        (),
    ]
