"""Uniform sampling over clusters: counts computed by hand, with one and with several workers."""

from __future__ import annotations

import numpy as np
import pytest

from coinspark.training.deepcluster.sampler import sample_epoch, worker_counts

LABELS = np.repeat(np.arange(15, dtype=np.int32), [350, *[46] * 8, *[47] * 6])
"""1,000 rows in 15 clusters, one of them with 35 % of the rows."""


def _sample(labels: list[np.ndarray], epoch: int = 0) -> list[np.ndarray]:
    """The indices that each worker shows, given the labels of each worker's rows."""
    sizes = np.array([np.bincount(own, minlength=15) for own in labels])
    return [sample_epoch(own, sizes, rank, 7, epoch) for rank, own in enumerate(labels)]


def _shown(labels: list[np.ndarray]) -> np.ndarray:
    """The labels of all images that the workers show."""
    return np.concatenate([own[order] for own, order in zip(labels, _sample(labels), strict=True)])


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_cluster_with_35_percent_of_the_rows_gets_an_equal_share(workers: int) -> None:
    assert (np.bincount(LABELS) == 350).sum() == 1 and LABELS.size == 1000
    counts = np.bincount(_shown([LABELS[rank::workers] for rank in range(workers)]), minlength=15)
    assert counts.sum() == 1000
    assert set(counts) == {66, 67}  # 1,000 / 15


def test_shares_are_equal_if_workers_hold_different_clusters() -> None:
    counts = np.bincount(_shown([LABELS[:400], LABELS[400:]]), minlength=15)
    assert set(counts) == {66, 67}


def test_rows_of_a_cluster_are_shown_equally_often_within_one() -> None:
    (order,) = _sample([LABELS])
    times = np.bincount(order, minlength=1000)
    assert set(times[:350]) == {0, 1}  # 67 of 350
    assert set(times[350:]) == {1, 2}  # 67 of 46


def test_order_is_shuffled_by_epoch_and_reproducible() -> None:
    (first,), (same,), (other,) = _sample([LABELS]), _sample([LABELS]), _sample([LABELS], 1)
    np.testing.assert_array_equal(first, same)
    assert (first != other).mean() > 0.9
    assert np.bincount(LABELS[first[:150]]).max() < 25  # clusters are mixed


def test_worker_counts_by_hand() -> None:
    # 12 rows in two clusters and an empty one: 6 images each. Worker 0 has 3 of 4 rows of the first and 1
    # of 8 of the second: 4.5 and 0.75 images; worker 1 has 1.5 and 5.25. Worker 0 wins the tie of 0.5.
    sizes = np.array([[3, 1, 0], [1, 7, 0]])
    np.testing.assert_array_equal(worker_counts(sizes), [[5, 1, 0], [1, 5, 0]])


def test_worker_without_rows_shows_nothing() -> None:
    assert sample_epoch(np.empty(0, np.int32), np.array([[0, 0], [3, 3]]), 0, 1, 0).size == 0
