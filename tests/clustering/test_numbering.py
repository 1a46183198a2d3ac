"""Numbers of clusters: by size at first, then whoever is each other's nearest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from coinspark.clustering.numbering import keep_numbers


def named(
    tonight: list[float], sizes: list[int], former: Sequence[float] = (), known: Sequence[int] = ()
) -> list[int]:
    """The numbers of clusters on a line."""

    def line(values: Sequence[Any]) -> np.ndarray:
        return np.array(values, np.float32).reshape(-1, 1)

    return keep_numbers(line(tonight), np.array(sizes), line(former), np.array(known, np.int64)).tolist()


def test_at_first_by_size_and_of_equals_by_place() -> None:
    assert named([5, 1, 9, 3], [10, 40, 10, 20]) == [3, 1, 4, 2]
    assert keep_numbers(
        np.array([[1, 2], [1, 1]], np.float32),
        np.array([5, 5]),
        np.empty((0, 2), np.float32),
        np.array([], np.int64),
    ).tolist() == [2, 1]


def test_each_others_nearest_share_the_number_whatever_their_order_and_size() -> None:
    assert named([9.2, 0.1, 5], [1, 2, 3], [0, 5.2, 9], [4, 2, 7]) == [7, 4, 2]


@pytest.mark.parametrize(
    ("tonight", "sizes", "former", "known", "wanted"),
    [
        (
            [0, 1, 9],
            [5, 50, 7],
            [0.1, 9],
            [1, 2],
            [1, 3, 2],
        ),  # 1 is nearest to 0.1, which is nearest to 0: it is new
        (
            [0, 1, 9, 8],
            [5, 6, 7, 60],
            [0.1, 9],
            [1, 3],
            [1, 4, 3, 2],
        ),  # the larger of two new ones takes the free 2
        ([0, 9], [5, 5], [0, 5, 9], [1, 2, 3], [1, 3]),  # 2 is gone, and nobody is renumbered
        ([0], [5], [0.2, 0.1], [1, 2], [2]),
        ([], [], [1], [1], []),
    ],
)
def test_by_hand(
    tonight: list[float], sizes: list[int], former: list[float], known: list[int], wanted: list[int]
) -> None:
    assert named(tonight, sizes, former, known) == wanted


def test_nobody_shares_a_number() -> None:
    random = np.random.default_rng(4)
    for _ in range(50):
        known = random.permutation(np.arange(1, 12))[:8]
        found = keep_numbers(
            random.normal(size=(10, 3)).astype(np.float32),
            random.integers(0, 5, 10),
            random.normal(size=(8, 3)).astype(np.float32),
            known,
        )
        assert len(set(found.tolist())) == 10 and found.min() >= 1
