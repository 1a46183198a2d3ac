"""Metrics against scikit-learn, intervals against SciPy, roll-up by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import recall_score, top_k_accuracy_score

from coinspark.evaluation import scores


def images(truth: list[str], rank: list[int], coins: list[str] | None = None) -> scores.TestResults:
    """One image per entry, each of another coin unless `coins` is given."""
    coin_ids = coins or [f"c{i:04}" for i in range(len(truth))]
    keys = [f"{name}-{i}" for i, name in enumerate(coin_ids)]
    return scores.TestResults(np.array(keys), np.array(coin_ids), np.array(truth), np.array(rank))


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
    with pytest.raises(ValueError, match="unknown metric 'f1'"):
        scores.metric_counts(images(["a"], [1]), "f1")


def test_interval_equals_scipy_bootstrap() -> None:
    hits = (np.random.default_rng(3).random(400) < 0.7).astype(int)
    low, high = scores.bootstrap_interval(
        scores.metric_counts(images(["a"] * 400, list(hits)), "top1"), None, 4000, 1
    )
    other = stats.bootstrap(
        (hits,), np.mean, n_resamples=4000, method="percentile", random_state=2
    ).confidence_interval
    assert (low, high) == pytest.approx((other.low, other.high), abs=0.006)


def test_interval_depends_on_seed_and_results_alone() -> None:
    first, second = (scores.metric_counts(images(["a", "b"] * 60, [1, 2, 1] * 40), "top1") for _ in range(2))
    assert scores.bootstrap_interval(first, None, 300, 1) == scores.bootstrap_interval(second, None, 300, 1)
    assert scores.bootstrap_interval(first, None, 300, 1) != scores.bootstrap_interval(first, None, 300, 2)


def test_media_of_a_coin_are_resampled_together() -> None:
    """Four casts of each coin add no information: the interval is that of the coins, not half as wide."""
    hits = [int(i % 3 > 0) for i in range(90)]
    alone = scores.bootstrap_interval(scores.metric_counts(images(["a"] * 90, hits), "top1"), None, 3000, 1)
    coins = [f"c{i:04}" for i in range(90) for _ in range(4)]
    casts = images(["a"] * 360, [hit for hit in hits for _ in range(4)], coins)
    cast = scores.bootstrap_interval(scores.metric_counts(casts, "top1"), None, 3000, 1)
    assert cast == pytest.approx(alone, abs=1e-9)


def test_paired_interval_is_narrower_than_its_parts_and_zero_against_itself() -> None:
    random = np.random.default_rng(0)
    base = (random.random(200) < 0.7).astype(int)
    better = base.copy()
    better[np.flatnonzero(base == 0)[:20]] = 1
    first, second = (scores.metric_counts(images(["a"] * 200, list(hits)), "top1") for hits in (better, base))
    assert scores.bootstrap_interval(first, first, 500, 1) == (0, 0)
    low, high = scores.bootstrap_interval(first, second, 2000, 1)
    assert 0.05 < low < 0.1 < high < 0.15  # 20 of 200: 0.1, standard error 0.021
    wide = scores.bootstrap_interval(first, None, 2000, 1)
    assert high - low < wide[1] - wide[0]


def test_common_images_are_those_in_both_results() -> None:
    first, second = scores.common_images(images(["a", "a", "b"], [1, 2, 1]), images(["a", "a"], [1, 1]))
    assert list(first.image) == list(second.image) and len(first.rank) == 2


def test_class_without_images_in_a_resample_is_left_out_of_its_mean() -> None:
    counts = scores.metric_counts(images(["a", "b"], [1, 0]), "macro_recall")
    assert counts.resampled(np.array([[2.0, 0.0], [0.0, 2.0], [1.0, 1.0]])).tolist() == [1.0, 0.0, 0.5]
