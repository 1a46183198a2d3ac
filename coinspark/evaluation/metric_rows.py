"""Outcomes → rows of the table `metrics`: values, intervals, differences from the reference run, p-values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from coinspark.evaluation.intervals import difference_interval, share_interval
from coinspark.evaluation.scores import TestResults, common_images, metric_counts, test_results
from coinspark.evaluation.significance import MIN_RESAMPLES, ResampledTest, corrected_resampled_test, holm

Key = tuple[str, str]
"""Layer and model. The folds of a layer and model are scored together."""


class MetricRow(NamedTuple):
    """A row of the table `metrics`, with its columns in their order."""

    layer: str
    model: str
    level: str
    metric: str
    n: int
    value: float
    low: float
    high: float
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    resamples: int | None
    p_value: float | None
    p_adjusted: float | None
    is_reference: bool
    unsupervised: tuple[str, ...]


@dataclass(frozen=True)
class Comparisons:
    """Which runs are compared, and how.

    Attributes:
        reference: The run to compare with; None without one.
        networks: The trained networks. Claims are made about them, not about baselines.
        test_to_train: Layer → test units divided by training units of a fold.
        unsupervised: Layer → the steps that it fitted on all coins, test coins included.
        top_k: The k of top-k.
        network_steps: Steps that fitted the initial weights of the networks on all coins.
    """

    reference: Key | None
    networks: frozenset[Key]
    test_to_train: Mapping[str, float]
    unsupervised: Mapping[str, tuple[str, ...]]
    top_k: int
    network_steps: tuple[str, ...] = ()


class Difference(NamedTuple):
    """The columns of a difference from the reference run; all null without common images."""

    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    resamples: int | None = None
    p_value: float | None = None


def metric_names(top_k: int) -> tuple[str, ...]:
    """The metrics of a comparison, in the order in which they are shown."""
    return ("top1", f"top{top_k}", "macro_recall") if top_k > 1 else ("top1", "macro_recall")


def metric_rows(outcomes: Sequence[Any], comparisons: Comparisons) -> list[MetricRow]:
    """Rows of the table `metrics` for every layer, model, level and metric.

    All folds of a layer and model are scored together; `n` is the number of test coins. Differences from the
    reference run are taken at level `mint`, over the images that both runs tested in the same fold.

    Args:
        outcomes: Rows with layer, model, level, fold, unit, coin_id, medium, truth and rank.
    """
    grouped: dict[tuple[str, str, str], list[Any]] = defaultdict(list)
    for row in outcomes:
        grouped[row["layer"], row["model"], row["level"]].append(row)
    results = {key: test_results(rows) for key, rows in sorted(grouped.items())}
    reference = comparisons.reference
    reference_results = results.get((*reference, "mint")) if reference else None
    rows: list[MetricRow] = []
    for (layer, model, level), result in results.items():
        is_reference = (layer, model) == reference
        compared = reference_results if level == "mint" and not is_reference else None
        ratio = comparisons.test_to_train.get(layer, 1.0)
        initial = comparisons.network_steps if (layer, model) in comparisons.networks else ()
        steps = dict.fromkeys((*comparisons.unsupervised.get(layer, ()), *initial))
        for metric in metric_names(comparisons.top_k):
            counts = metric_counts(result, metric)
            rows.append(
                MetricRow(
                    *(layer, model, level, metric, len(set(result.coin))),
                    *(counts.value(), *share_interval(counts)),
                    **_difference(result, compared, metric, ratio)._asdict(),
                    p_adjusted=None,
                    is_reference=is_reference,
                    unsupervised=tuple(steps),
                )
            )
    return _with_adjusted(rows, comparisons.networks)


def _difference(
    results: TestResults, reference: TestResults | None, metric: str, test_to_train: float
) -> Difference:
    """Difference from the reference.

    With enough resamples it is the mean over the folds, with the interval of the corrected resampled t-test;
    otherwise the difference over all folds, with an interval over split units and no p-value.
    """
    if reference is None:
        return Difference()
    first, second = common_images(results, reference)
    if not len(first.rank):
        return Difference()
    folds = np.unique(first.fold)
    if test := _resampled_test(first, second, metric, test_to_train):
        return Difference(test.difference, test.low, test.high, len(folds), test.p_value)
    counts, reference_counts = metric_counts(first, metric), metric_counts(second, metric)
    difference = counts.value() - reference_counts.value()
    return Difference(difference, *difference_interval(counts, reference_counts), len(folds))


def _resampled_test(
    first: TestResults, second: TestResults, metric: str, test_to_train: float
) -> ResampledTest | None:
    """The test over the folds of two results on the same images; None with too few folds."""
    folds = np.unique(first.fold)
    if len(folds) < MIN_RESAMPLES:
        return None
    differences = [
        metric_counts(first.select(first.fold == fold), metric).value()
        - metric_counts(second.select(second.fold == fold), metric).value()
        for fold in folds
    ]
    return corrected_resampled_test(differences, test_to_train)


def _with_adjusted(rows: Sequence[MetricRow], networks: frozenset[Key]) -> list[MetricRow]:
    """Rows with the p-values of the networks adjusted by Holm's method, one family per metric."""
    adjusted: dict[int, float] = {}
    for metric in {row.metric for row in rows}:
        family = [
            (i, row.p_value)
            for i, row in enumerate(rows)
            if row.metric == metric and row.p_value is not None and (row.layer, row.model) in networks
        ]
        adjusted |= zip((i for i, _ in family), holm([p for _, p in family]), strict=True)
    return [row._replace(p_adjusted=adjusted.get(i)) for i, row in enumerate(rows)]
