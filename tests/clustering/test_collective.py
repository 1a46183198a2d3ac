"""Collective operations built from sums, and those of a single process."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from coinspark.clustering.collective import ALONE, Collective
from tests.clustering.test_kmeans import run_workers


def test_single_process_returns_its_own_values() -> None:
    values = np.array([1.0, 2.5])
    assert (ALONE.rank, ALONE.size) == (0, 1)
    assert_array_equal(ALONE.allreduce(values), values)
    assert_array_equal(ALONE.mean(values), values)
    assert (ALONE.allgather(b"abc"), ALONE.broadcast(b"abc")) == ([b"abc"], b"abc")


@pytest.mark.parametrize("size", [1, 2, 5])
def test_messages_of_any_length_are_gathered_by_sums(size: int) -> None:
    messages = [bytes(range(7 * rank)) for rank in range(size)]

    def work(rank: int, collective: Collective) -> list[bytes]:
        return collective.allgather(messages[rank])

    assert run_workers(size, work) == [messages] * size


def test_broadcast_and_mean_are_the_same_on_all_workers() -> None:
    def work(rank: int, collective: Collective) -> tuple[bytes, list[float]]:
        mean = collective.mean(np.array([float(rank), 1.0]))
        return collective.broadcast(b"first" if rank == 0 else b"ignored"), mean.tolist()

    assert run_workers(3, work) == [(b"first", [1.0, 1.0])] * 3
