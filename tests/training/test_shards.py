"""How shards are dealt out, by hand-made numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from coinspark.core.errors import InputError
from coinspark.training import shards
from coinspark.training.shards import Shards


def _shards(*rows: int) -> Shards:
    return Shards("f", "d", ("a", "b"), {"train": rows}, (1, 1))


@pytest.mark.parametrize(
    ("wanted", "workers", "number"), [(4, 2, 4), (1, 2, 2), (4, 3, 6), (1, 1, 1), (5, 5, 5)]
)
def test_every_worker_gets_as_many_shards_as_any_other(wanted: int, workers: int, number: int) -> None:
    assert shards.number(wanted, workers) == number


def test_the_shards_are_dealt_out_whole_and_once() -> None:
    held = _shards(10, 9, 9, 9, 9)
    shares = [shards.share(held, "train", rank, 3) for rank in range(3)]
    assert [share.rows for share in shares] == [19, 18, 9]
    files = [file for share in shares for file in share.files]
    assert len(files) == len(set(files)) == 5


def test_an_empty_shard_has_no_file() -> None:
    assert shards.share(_shards(1, 0), "train", 1, 2) == shards.Share((), 0)


@pytest.mark.parametrize(
    ("rows", "workers", "batch", "steps"),
    [
        ((10, 9), 2, 4, 3),  # 10 rows in batches of 4 are 3 steps, for 9 rows too
        ((12, 12), 2, 4, 3),
        ((13, 12), 2, 4, 4),
        ((9, 9, 9), 2, 4, 5),  # 18 rows against 9
        ((20, 2), 2, 1, 2),  # never a step without a row
        ((5,), 1, 16, 1),
    ],
)
def test_steps_are_equal_on_all_workers(rows: tuple[int, ...], workers: int, batch: int, steps: int) -> None:
    assert shards.steps(_shards(*rows), "train", workers, batch) == steps


def test_fewer_rows_than_workers_stop_before_anybody_waits() -> None:
    with pytest.raises(InputError, match=r"leave one of 2 workers without a row; lower training\.workers"):
        shards.steps(_shards(3), "train", 2, 4)


@pytest.mark.parametrize(
    ("rows", "steps", "cuts"), [(10, 3, [4, 3, 3]), (9, 3, [3, 3, 3]), (5, 5, [1] * 5), (7, 2, [4, 3])]
)
def test_batches_differ_by_at_most_one_row(rows: int, steps: int, cuts: list[int]) -> None:
    assert shards.cuts(rows, steps) == cuts


def test_the_marker_brings_the_shards_back(tmp_path: Path) -> None:
    held = Shards(str(tmp_path), "d1", ("a", "b"), {"train": (2, 1), "test": (1, 0)}, (2, 1))
    assert shards.load(tmp_path, "d1") is None
    shards.save(held)
    assert shards.load(tmp_path, "d1") == held
    assert shards.load(tmp_path, "another") is None
    (tmp_path / shards.MARKER).write_text('{"dig')
    assert shards.load(tmp_path, "d1") is None
