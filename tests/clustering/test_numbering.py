"""Cluster numbers: by size in the first build, then by mutual nearest neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from coinspark.clustering.numbering import keep_numbers


def number_on_a_line(
    new: list[float], sizes: list[int], former: Sequence[float] = (), former_numbers: Sequence[int] = ()
) -> list[int]:
    """Numbers of clusters with one-dimensional centroids."""

    def line(values: Sequence[Any]) -> np.ndarray:
        return np.array(values, np.float32).reshape(-1, 1)

    return keep_numbers(line(new), np.array(sizes), line(former), np.array(former_numbers, np.int64)).tolist()


def test_first_build_numbers_by_size_and_ties_by_centroid() -> None:
    assert number_on_a_line([5, 1, 9, 3], [10, 40, 10, 20]) == [3, 1, 4, 2]
    assert keep_numbers(
        np.array([[1, 2], [1, 1]], np.float32),
        np.array([5, 5]),
        np.empty((0, 2), np.float32),
        np.array([], np.int64),
    ).tolist() == [2, 1]


def test_mutual_nearest_clusters_share_the_number() -> None:
    assert number_on_a_line([9.2, 0.1, 5], [1, 2, 3], [0, 5.2, 9], [4, 2, 7]) == [7, 4, 2]


@pytest.mark.parametrize(
    ("new", "sizes", "former", "former_numbers", "expected"),
    [
        (
            [0, 1, 9],
            [5, 50, 7],
            [0.1, 9],
            [1, 2],
            [1, 3, 2],
        ),  # 1 is nearest to 0.1, but 0.1 is nearest to 0: 1 is new
        (
            [0, 1, 9, 8],
            [5, 6, 7, 60],
            [0.1, 9],
            [1, 3],
            [1, 4, 3, 2],
        ),  # the larger of two new clusters gets the free number 2
        ([0, 9], [5, 5], [0, 5, 9], [1, 2, 3], [1, 3]),  # 2 disappeared; the others keep their numbers
        ([0], [5], [0.2, 0.1], [1, 2], [2]),
        ([], [], [1], [1], []),
    ],
)
def test_numbers_are_those_computed_by_hand(
    new: list[float], sizes: list[int], former: list[float], former_numbers: list[int], expected: list[int]
) -> None:
    assert number_on_a_line(new, sizes, former, former_numbers) == expected


def test_numbers_are_unique() -> None:
    random = np.random.default_rng(4)
    for _ in range(50):
        former_numbers = random.permutation(np.arange(1, 12))[:8]
        numbers = keep_numbers(
            random.normal(size=(10, 3)).astype(np.float32),
            random.integers(0, 5, 10),
            random.normal(size=(8, 3)).astype(np.float32),
            former_numbers,
        )
        assert len(set(numbers.tolist())) == 10 and numbers.min() >= 1
