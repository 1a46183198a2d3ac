"""Metrics against scikit-learn, counts by unit against metrics that are computed anew."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, recall_score, top_k_accuracy_score

from coinspark.evaluation import scores
from tests.evaluation.results import images


@pytest.fixture
def guesses() -> tuple[np.ndarray, np.ndarray]:
    """300 images of six unequal classes and their probabilities."""
    random = np.random.default_rng(5)
    truth = random.choice(6, size=300, p=[0.4, 0.2, 0.15, 0.1, 0.1, 0.05])
    chances = random.random((300, 6)) + 0.6 * np.eye(6)[truth]
    return truth, chances / chances.sum(axis=1, keepdims=True)


def ranks(truth: np.ndarray, chances: np.ndarray) -> list[int]:
    order = np.argsort(-chances, axis=1)
    return [int(np.flatnonzero(row == label)[0]) + 1 for row, label in zip(order, truth, strict=True)]


def test_top_k_and_macro_recall_equal_scikit_learn(guesses: tuple[np.ndarray, np.ndarray]) -> None:
    truth, chances = guesses
    results = images([str(label) for label in truth], ranks(truth, chances))
    for k in (1, 2, 5):
        assert scores.metric_counts(results, f"top{k}").value() == pytest.approx(
            top_k_accuracy_score(truth, chances, k=k)
        )
    assert scores.metric_counts(results, "macro_recall").value() == pytest.approx(
        recall_score(truth, chances.argmax(axis=1), average="macro")
    )


def test_confusion_inside_a_mint_is_an_error_at_class_level_only() -> None:
    """Two owls of Pergamon predicted as Zeus of Pergamon: wrong class, correct mint."""
    at_class = images(["Pergamon/owl", "Pergamon/owl", "Pergamon/Zeus", "Ilion"], [2, 2, 1, 1])
    at_mint = images(["Pergamon", "Pergamon", "Pergamon", "Ilion"], [1, 1, 1, 1])
    assert scores.metric_counts(at_class, "top1").value() == 0.5
    assert scores.metric_counts(at_class, "macro_recall").value() == pytest.approx((0 + 1 + 1) / 3)
    assert (
        scores.metric_counts(at_mint, "top1").value()
        == scores.metric_counts(at_mint, "macro_recall").value()
        == 1
    )


def test_truth_that_is_not_predicted_is_no_hit_for_any_k() -> None:
    assert scores.metric_counts(images(["a", "a"], [0, 3]), "top5").value() == 0.5
    assert scores.metric_counts(images(["a", "a"], [6, 5]), "top5").value() == 0.5
    with pytest.raises(ValueError, match="unknown metric 'f1'"):
        scores.metric_counts(images(["a"], [1]), "f1")


def test_metric_without_each_unit_equals_scikit_learn_on_the_other_units() -> None:
    random = np.random.default_rng(8)
    truth, rank = random.integers(0, 4, 60), random.integers(1, 3, 60)
    units = np.array([f"u{n}" for n in random.integers(0, 9, 60)])
    predicted = np.where(rank == 1, truth, (truth + 1) % 4)
    results = images(list(truth.astype(str)), list(rank), units=list(units))
    rest = [units != name for name in np.unique(units)]
    top1 = [accuracy_score(truth[mask], predicted[mask]) for mask in rest]
    assert scores.metric_counts(results, "top1").without_each_unit() == pytest.approx(top1)
    recall = [
        recall_score(truth[mask], predicted[mask], labels=np.unique(truth[mask]), average="macro")
        for mask in rest
    ]
    assert scores.metric_counts(results, "macro_recall").without_each_unit() == pytest.approx(recall)


def test_class_without_images_is_left_out_of_the_mean() -> None:
    """Unit u has the only image of class b, which is wrong."""
    results = images(["a", "a", "b"], [1, 2, 0], units=["t", "v", "u"])
    counts = scores.metric_counts(results, "macro_recall")
    assert counts.value() == pytest.approx((1 / 2 + 0) / 2)
    assert counts.without_each_unit() == pytest.approx([(0 + 0) / 2, 1 / 2, (1 + 0) / 2])  # t, u, v


def test_weights_of_units_are_their_shares_of_the_metric() -> None:
    results = images(["a", "a", "a", "b"], [1, 1, 1, 1], units=["t", "t", "u", "u"])
    assert scores.metric_counts(results, "top1").unit_weights().tolist() == [0.5, 0.5]
    # Class a: two thirds and one third, class b: all of u. Their mean:
    assert scores.metric_counts(results, "macro_recall").unit_weights() == pytest.approx([1 / 3, 2 / 3])


def test_results_are_sorted_and_a_missing_rank_is_zero() -> None:
    rows = [
        {"fold": 1, "unit": "u", "coin_id": "c", "medium": "plaster", "truth": "A", "rank": None},
        {"fold": 0, "unit": "u", "coin_id": "d", "medium": "original", "truth": "B", "rank": 2},
        {"fold": 0, "unit": "u", "coin_id": "c", "medium": "original", "truth": "A", "rank": 1},
    ]
    results = scores.test_results(rows)
    assert (results.fold.tolist(), results.coin.tolist()) == ([0, 0, 1], ["c", "d", "c"])
    assert (results.truth.tolist(), results.rank.tolist()) == (["A", "B", "A"], [1, 2, 0])


def test_common_images_are_those_that_both_tested_in_the_same_fold() -> None:
    first = images(["a"] * 4, [1, 2, 3, 4], coins=["c", "d", "c", "d"], folds=[0, 0, 1, 1])
    second = images(["a"] * 3, [5, 6, 7], coins=["d", "c", "e"], folds=[0, 1, 1])
    first, second = scores.common_images(first, second)
    assert (first.rank.tolist(), second.rank.tolist()) == ([2, 3], [5, 6])
