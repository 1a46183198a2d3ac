"""The even share: counted out by hand, for one worker and for several, and beside what the published code served."""

from __future__ import annotations

import numpy as np
import pytest

from coinspark.training.deepcluster.sampler import serve, shares

LABELS = np.repeat(
    np.arange(15, dtype=np.int32), [350, *[46] * 8, *[47] * 6]
)  # one cluster of 35 % among 1,000 rows


def served(labels: list[np.ndarray], turn: int = 0) -> list[np.ndarray]:
    """What each of so many workers shows."""
    held = np.array([np.bincount(own, minlength=15) for own in labels])
    return [serve(own, held, rank, 7, turn) for rank, own in enumerate(labels)]


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_a_cluster_of_35_percent_is_served_its_even_share(workers: int) -> None:
    assert (np.bincount(LABELS) == 350).sum() == 1 and LABELS.size == 1000
    own = [LABELS[rank::workers] for rank in range(workers)]
    shown = np.concatenate([labels[order] for labels, order in zip(own, served(own), strict=True)])
    counts = np.bincount(shown, minlength=15)
    assert counts.sum() == 1000
    assert set(counts) == {66, 67}  # 1,000 / 15: 6.7 %, and not 35


def test_workers_whose_rows_are_another_mix_still_make_an_even_epoch() -> None:
    own = [
        LABELS[:400],
        LABELS[400:],
    ]  # the first has all of the large cluster, the second most of the others
    shown = np.concatenate([labels[order] for labels, order in zip(own, served(own), strict=True)])
    assert set(np.bincount(shown, minlength=15)) == {66, 67}


def test_an_epoch_shows_each_picture_of_a_small_cluster_equally_often_within_one() -> None:
    (order,) = served([LABELS])
    times = np.bincount(order, minlength=1000)
    assert set(times[:350]) == {0, 1}  # 67 of 350
    assert set(times[350:]) == {1, 2}  # 67 of 46


def test_each_epoch_is_drawn_anew_and_again_alike() -> None:
    (first,), (again,), (other,) = served([LABELS]), served([LABELS]), served([LABELS], 1)
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.9
    assert np.bincount(LABELS[first[:150]]).max() < 25  # mixed, not cluster by cluster


def test_shares_by_hand() -> None:
    # 12 rows in two clusters (the third is empty): 6 each; of the first, worker 0 holds 3 of 4, of the second 1 of 8
    held = np.array([[3, 1, 0], [1, 7, 0]])
    np.testing.assert_array_equal(
        shares(held), [[5, 1, 0], [1, 5, 0]]
    )  # 4.5 and 1.5, of equals the first; 0.75 and 5.25


def test_no_rows_are_no_epoch() -> None:
    assert serve(np.empty(0, np.int32), np.array([[0, 0], [3, 3]]), 0, 1, 0).size == 0
