"""Confusion matrices against scikit-learn, attraction by hand."""

from __future__ import annotations

import numpy as np
import pytest
from pyspark.sql import Row
from sklearn import metrics as sklearn_metrics

from coinspark.evaluation.confusion import confusion_matrix, pooled_matrices


def test_matrix_and_class_scores_equal_scikit_learn() -> None:
    random = np.random.default_rng(5)
    truth_index = random.choice(6, size=300, p=[0.4, 0.2, 0.15, 0.1, 0.1, 0.05])
    chances = random.random((300, 6)) + 0.6 * np.eye(6)[truth_index]
    truth, predicted = truth_index.astype(str), chances.argmax(axis=1).astype(str)
    matrix = confusion_matrix([(a, b, 1) for a, b in zip(truth, predicted, strict=True)])
    names = list(matrix.names)
    assert (matrix.counts == sklearn_metrics.confusion_matrix(truth, predicted, labels=names)).all()
    assert list(matrix.counts.sum(axis=1)) == sorted(matrix.counts.sum(axis=1), reverse=True)
    scores = matrix.scores()
    assert [score.recall for score in scores] == pytest.approx(
        sklearn_metrics.recall_score(truth, predicted, labels=names, average=None)
    )
    assert [score.precision for score in scores] == pytest.approx(
        sklearn_metrics.precision_score(truth, predicted, labels=names, average=None)
    )


def test_attraction_is_the_share_of_other_classes_images() -> None:
    # 10 of Pergamon (8 correct), 6 of Ilion (3 as Pergamon), 4 of Abdera (1 as Pergamon, 1 as Ilion)
    matrix = confusion_matrix(
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
    scores = {score.name: score for score in matrix.scores()}
    assert scores["Pergamon"].attraction == pytest.approx(4 / 10)
    assert scores["Ilion"].attraction == pytest.approx(3 / 14)
    assert scores["Abdera"].attraction == 0
    pergamon = scores["Pergamon"]
    assert (pergamon.n, pergamon.recall, pergamon.precision) == (10, 0.8, 8 / 12)
    assert matrix.top_errors(2) == [("Ilion", "Pergamon", 3, 0.5), ("Pergamon", "Ilion", 2, 0.2)]


def test_cells_of_several_folds_add_up_and_a_class_never_predicted_has_no_precision() -> None:
    matrix = confusion_matrix([("a", "a", 1), ("a", "a", 2), ("b", "a", 1)])
    assert matrix.counts.tolist() == [[3, 0], [1, 0]]
    assert np.isnan(matrix.scores()[1].precision)


def test_pooled_matrices_sum_the_folds_of_a_layer() -> None:
    rows = [Row(run_id=run, level="mint", truth="A", predicted="A", n=2) for run in ("f0", "f1", "gone")]
    matrices = pooled_matrices(rows, {"f0": ("mint", "vgg16"), "f1": ("mint", "vgg16")}, "mint")
    assert matrices["mint", "vgg16"].counts.tolist() == [[4]]
