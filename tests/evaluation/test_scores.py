"""Scores against scikit-learn and SciPy, and the roll-up, attraction and intervals by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import confusion_matrix, precision_score, recall_score, top_k_accuracy_score

from coinspark.evaluation import scores


def images(truth: list[str], rank: list[int], coins: list[str] | None = None) -> scores.Tested:
    """One image a row, of a coin of its own unless `coins` says so."""
    names = coins or [f"c{i:04}" for i in range(len(truth))]
    keys = [f"{name}-{i}" for i, name in enumerate(names)]
    return scores.Tested(np.array(keys), np.array(names), np.array(truth), np.array(rank))


@pytest.fixture
def guesses() -> tuple[np.ndarray, np.ndarray]:
    """300 images of six unequal classes and their probabilities."""
    draw = np.random.default_rng(5)
    truth = draw.choice(6, size=300, p=[0.4, 0.2, 0.15, 0.1, 0.1, 0.05])
    chances = draw.random((300, 6)) + 0.6 * np.eye(6)[truth]
    return truth, chances / chances.sum(axis=1, keepdims=True)


def ranks(truth: np.ndarray, chances: np.ndarray) -> list[int]:
    order = np.argsort(-chances, axis=1)
    return [int(np.flatnonzero(row == label)[0]) + 1 for row, label in zip(order, truth, strict=True)]


def test_top_k_and_macro_recall_are_those_of_scikit_learn(guesses: tuple[np.ndarray, np.ndarray]) -> None:
    truth, chances = guesses
    found = images([str(label) for label in truth], ranks(truth, chances))
    for k in (1, 2, 5):
        assert scores.tally(found, f"top{k}").value() == pytest.approx(
            top_k_accuracy_score(truth, chances, k=k)
        )
    assert scores.tally(found, "macro_recall").value() == pytest.approx(
        recall_score(truth, chances.argmax(axis=1), average="macro")
    )


def test_matrix_and_class_scores_are_those_of_scikit_learn(guesses: tuple[np.ndarray, np.ndarray]) -> None:
    truth, said = guesses[0].astype(str), guesses[1].argmax(axis=1).astype(str)
    made = scores.matrix([(a, b, 1) for a, b in zip(truth, said, strict=True)])
    names = list(made.names)
    assert (made.counts == confusion_matrix(truth, said, labels=names)).all()
    assert list(made.counts.sum(axis=1)) == sorted(made.counts.sum(axis=1), reverse=True)
    found = made.scores()
    assert [score.recall for score in found] == pytest.approx(
        recall_score(truth, said, labels=names, average=None)
    )
    assert [score.precision for score in found] == pytest.approx(
        precision_score(truth, said, labels=names, average=None)
    )


def test_attraction_by_hand() -> None:
    # 10 of Pergamon (8 right), 6 of Ilion (3 taken for Pergamon), 4 of Abdera (1 taken for Pergamon, 1 for Ilion)
    made = scores.matrix(
        [
            ("Pergamon", "Pergamon", 8),
            ("Pergamon", "Ilion", 2),
            ("Ilion", "Ilion", 3),
            ("Ilion", "Pergamon", 3),
            ("Abdera", "Abdera", 2),
            ("Abdera", "Pergamon", 1),
            ("Abdera", "Ilion", 1),
        ]
    )
    found = {score.name: score for score in made.scores()}
    assert found["Pergamon"].attraction == pytest.approx(4 / 10)
    assert found["Ilion"].attraction == pytest.approx(3 / 14)
    assert found["Abdera"].attraction == 0
    assert (found["Pergamon"].n, found["Pergamon"].recall, found["Pergamon"].precision) == (10, 0.8, 8 / 12)
    assert made.mix_ups(2) == [("Ilion", "Pergamon", 3, 0.5), ("Pergamon", "Ilion", 2, 0.2)]


def test_rows_of_several_folds_add_up_and_a_class_never_said_has_no_precision() -> None:
    made = scores.matrix([("a", "a", 1), ("a", "a", 2), ("b", "a", 1)])
    assert made.counts.tolist() == [[3, 0], [1, 0]]
    assert np.isnan(made.scores()[1].precision)


def test_a_mix_up_inside_a_mint_is_an_error_at_class_level_only() -> None:
    """The paper's Table 1 counted it: two owls of Pergamon taken for Pergamon's Zeus, right mint all the same."""
    at_class = images(["Pergamon/owl", "Pergamon/owl", "Pergamon/Zeus", "Ilion"], [2, 2, 1, 1])
    at_mint = images(["Pergamon", "Pergamon", "Pergamon", "Ilion"], [1, 1, 1, 1])
    assert scores.tally(at_class, "top1").value() == 0.5
    assert scores.tally(at_class, "macro_recall").value() == pytest.approx((0 + 1 + 1) / 3)
    assert scores.tally(at_mint, "top1").value() == scores.tally(at_mint, "macro_recall").value() == 1


def test_a_truth_that_was_not_among_the_predictions_counts_for_no_k() -> None:
    assert scores.tally(images(["a", "a"], [0, 3]), "top5").value() == 0.5
    with pytest.raises(ValueError, match="no metric 'f1'"):
        scores.tally(images(["a"], [1]), "f1")


def test_interval_is_that_of_scipys_bootstrap() -> None:
    hits = (np.random.default_rng(3).random(400) < 0.7).astype(int)
    low, high = scores.interval(scores.tally(images(["a"] * 400, list(hits)), "top1"), None, 4000, 1)
    other = stats.bootstrap(
        (hits,), np.mean, n_resamples=4000, method="percentile", random_state=2
    ).confidence_interval
    assert (low, high) == pytest.approx((other.low, other.high), abs=0.006)


def test_interval_depends_on_seed_and_tables_alone() -> None:
    found, again = (scores.tally(images(["a", "b"] * 60, [1, 2, 1] * 40), "top1") for _ in range(2))
    assert scores.interval(found, None, 300, 1) == scores.interval(again, None, 300, 1)
    assert scores.interval(found, None, 300, 1) != scores.interval(found, None, 300, 2)


def test_media_of_a_coin_are_drawn_together() -> None:
    """Four casts of each coin say nothing new: the interval is that of the coins, not half as wide."""
    hits = [int(i % 3 > 0) for i in range(90)]
    alone = scores.interval(scores.tally(images(["a"] * 90, hits), "top1"), None, 3000, 1)
    coins = [f"c{i:04}" for i in range(90) for _ in range(4)]
    casts = images(["a"] * 360, [hit for hit in hits for _ in range(4)], coins)
    cast = scores.interval(scores.tally(casts, "top1"), None, 3000, 1)
    assert cast == pytest.approx(alone, abs=1e-9)


def test_a_paired_difference_is_narrower_than_its_parts_and_zero_against_itself() -> None:
    draw = np.random.default_rng(0)
    base = (draw.random(200) < 0.7).astype(int)
    better = base.copy()
    better[np.flatnonzero(base == 0)[:20]] = 1
    first, second = (scores.tally(images(["a"] * 200, list(hits)), "top1") for hits in (better, base))
    assert scores.interval(first, first, 500, 1) == (0, 0)
    low, high = scores.interval(first, second, 2000, 1)
    assert 0.05 < low < 0.1 < high < 0.15  # 20 of 200: 0.1, standard error 0.021
    wide = scores.interval(first, None, 2000, 1)
    assert high - low < wide[1] - wide[0]


def test_common_keeps_the_images_that_both_tested() -> None:
    first, second = scores.common(images(["a", "a", "b"], [1, 2, 1]), images(["a", "a"], [1, 1]))
    assert list(first.image) == list(second.image) and len(first.rank) == 2


def test_a_class_missing_from_a_resample_is_left_out_of_its_mean() -> None:
    counts = scores.tally(images(["a", "b"], [1, 0]), "macro_recall")
    assert counts.resampled(np.array([[2.0, 0.0], [0.0, 2.0], [1.0, 1.0]])).tolist() == [1.0, 0.0, 0.5]
