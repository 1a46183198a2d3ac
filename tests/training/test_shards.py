"""Distribution of shards over workers, against values computed by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from coinspark.core.errors import InputError
from coinspark.training import shards
from coinspark.training.shards import ShardSet, WorkerShards
from coinspark.warehouse.files import Location


def _shards(*rows: int) -> ShardSet:
    return ShardSet("f", "d", ("a", "b"), {"train": rows}, (1, 1))


@pytest.mark.parametrize(
    ("minimum", "workers", "expected"), [(4, 2, 4), (1, 2, 2), (4, 3, 6), (1, 1, 1), (5, 5, 5)]
)
def test_shard_count_is_a_multiple_of_the_workers(minimum: int, workers: int, expected: int) -> None:
    assert shards.shard_count(minimum, workers) == expected


def test_each_shard_is_assigned_to_one_worker() -> None:
    shard_set = _shards(10, 9, 9, 9, 9)
    sources = [shards.worker_shards(shard_set, "train", rank, 3) for rank in range(3)]
    assert [source.rows for source in sources] == [19, 18, 9]
    files = [file for source in sources for file in source.files]
    assert len(files) == len(set(files)) == 5


def test_empty_shard_has_no_file() -> None:
    assert shards.worker_shards(_shards(1, 0), "train", 1, 2) == WorkerShards((), 0)


@pytest.mark.fault(19)
@pytest.mark.parametrize(
    ("rows", "workers", "batch", "steps"),
    [
        ((10, 9), 2, 4, 3),  # 3 batches for 10 rows, and 3 for 9 rows
        ((12, 12), 2, 4, 3),
        ((13, 12), 2, 4, 4),
        ((9, 9, 9), 2, 4, 5),  # 18 rows and 9 rows
        ((20, 2), 2, 1, 2),  # at most as many steps as rows
        ((5,), 1, 16, 1),
    ],
)
def test_steps_per_epoch_are_equal_on_all_workers(
    rows: tuple[int, ...], workers: int, batch: int, steps: int
) -> None:
    assert shards.steps_per_epoch(_shards(*rows), "train", workers, batch) == steps


@pytest.mark.fault(19)
def test_worker_without_rows_is_an_error() -> None:
    with pytest.raises(
        InputError, match=r"leave one of 2 workers without rows; lower training\.workers or add coins"
    ):
        shards.steps_per_epoch(_shards(3), "train", 2, 4)


@pytest.mark.parametrize(
    ("rows", "steps", "sizes"), [(10, 3, [4, 3, 3]), (9, 3, [3, 3, 3]), (5, 5, [1] * 5), (7, 2, [4, 3])]
)
def test_batch_sizes_differ_by_at_most_one(rows: int, steps: int, sizes: list[int]) -> None:
    assert shards.batch_sizes(rows, steps) == sizes


def test_load_returns_saved_shards_only_with_the_same_digest(tmp_path: Path) -> None:
    shard_set = ShardSet(str(tmp_path), "d1", ("a", "b"), {"train": (2, 1), "test": (1, 0)}, (2, 1))
    assert shards.load(Location.of(tmp_path), "d1") is None
    shards.save(shard_set, Location.of(tmp_path))
    assert shards.load(Location.of(tmp_path), "d1") == shard_set
    assert shards.load(Location.of(tmp_path), "another") is None
    (tmp_path / shards.MARKER).write_text('{"dig')
    assert shards.load(Location.of(tmp_path), "d1") is None
