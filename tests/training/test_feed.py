"""The feed: both kinds return the same rows, each row occurs once per epoch, nothing is unpickled."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coinspark.config import Augment
from coinspark.core.errors import InputError
from coinspark.training import feed, shards
from coinspark.training.feed import EpochSpec
from coinspark.training.shards import ShardSet, WorkerShards
from coinspark.vision.network import ImageSpec
from tests.training_shards import striped_image, write_shards

IMAGE = ImageSpec(32, 64)
KINDS = ("petastorm", "tfdata")
NO_CHANGE = Augment(shift=0, rotate=0, zoom=0, brightness=0, contrast=0)


def _all(shard_set: ShardSet, split: str = "train") -> WorkerShards:
    return shards.worker_shards(shard_set, split, 0, 1)


def _rows(kind: feed.Kind, source: WorkerShards) -> list[tuple[str, int, bytes]]:
    return [
        (coin.numpy().decode(), int(label), jpeg.numpy())
        for coin, _, label, _, jpeg in feed.rows(kind, source)
    ]


def test_both_feeds_return_the_same_rows_in_the_same_order(tmp_path: Path) -> None:
    source = _all(write_shards(tmp_path, {"train": (5, 4, 4)}, row_group=2))
    expected = [(f"train{n}", n % 3, striped_image(n)) for n in range(13)]
    assert _rows("petastorm", source) == _rows("tfdata", source) == expected


@pytest.mark.fault(19)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [(7, 6), (5, 5, 4), (9, 8, 8, 8, 8)])
def test_workers_see_each_row_once_per_epoch_in_equal_steps(
    tmp_path: Path, kind: feed.Kind, rows: tuple[int, ...]
) -> None:
    shard_set = write_shards(tmp_path, {"train": rows})
    steps = shards.steps_per_epoch(shard_set, "train", 2, 3)
    seen: list[np.ndarray] = []
    for rank in range(2):
        source = shards.worker_shards(shard_set, "train", rank, 2)
        batches = list(feed.batches(kind, source, IMAGE, EpochSpec(1, 0, rank, steps, NO_CHANGE)))
        sizes = [len(labels) for _, labels, _ in batches]
        assert len(batches) == steps
        assert max(sizes) - min(sizes) <= 1
        seen += [image.numpy() for images, _, _ in batches for image in images]
    whole = feed.batches(kind, _all(shard_set), IMAGE, EpochSpec(1, 0, 0, 1, None))
    expected = next(iter(whole))[0].numpy()
    assert len(seen) == len({image.tobytes() for image in seen}) == sum(rows)
    # The transform changes nothing but rounding, so that each image is nearest to its original.
    nearest = [np.abs(expected - image).max(axis=(1, 2, 3)).argmin() for image in seen]
    assert sorted(nearest) == list(range(sum(rows)))


def test_shuffling_depends_on_the_epoch_and_is_reproducible(tmp_path: Path) -> None:
    source = _all(write_shards(tmp_path, {"train": (24,)}))

    def labels(epoch: int) -> list[int]:
        batches = feed.batches("tfdata", source, IMAGE, EpochSpec(1, epoch, 0, 3, Augment()))
        return [int(label) for _, batch_labels, _ in batches for label in batch_labels]

    assert labels(0) == labels(0) != labels(1)
    assert sorted(labels(1)) == sorted(n % 3 for n in range(24))


def test_rows_keep_their_order_without_augmentation(tmp_path: Path) -> None:
    source = _all(write_shards(tmp_path, {"test": (7,)}), "test")
    batches = list(feed.batches("tfdata", source, IMAGE, EpochSpec(1, 0, 0, 2, None)))
    assert [list(labels) for _, labels, _ in batches] == [[0, 1, 2, 0], [1, 2, 0]]
    assert [list(types) for _, _, types in batches] == [[0, 0, 1, 1], [0, 0, 1]]
    assert batches[0][0].shape == (4, 32, 64, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_missing_row_is_an_error(tmp_path: Path, kind: feed.Kind) -> None:
    source = _all(write_shards(tmp_path, {"train": (5,)}))
    with pytest.raises(InputError, match=f"{kind} returned 5 rows, 6 were exported"):
        list(feed.chunks(kind, WorkerShards(source.files, 6)))


class _Exploit:
    """An object whose unpickling creates a file."""

    def __init__(self, file: str) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, (f"open({self.file!r}, 'w')",)  # Petastorm's restricted unpickler allows builtins


def _write_exploit(folder: Path, file: Path) -> None:
    metadata = {b"dataset-toolkit.unischema.v1": pickle.dumps(_Exploit(str(file)), 0)}
    pq.write_metadata(pa.schema([("coin_id", pa.string())], metadata), folder / "_common_metadata")


def test_petastorm_unpickles_common_metadata_of_a_folder(tmp_path: Path) -> None:
    """The fault that the next tests guard against is real."""
    from petastorm import make_batch_reader

    write_shards(tmp_path, {"train": (3,)})
    _write_exploit(tmp_path / "train", tmp_path / "mark")
    with pytest.raises(AttributeError), make_batch_reader((tmp_path / "train").as_uri()):
        pass
    assert (tmp_path / "mark").exists()


@pytest.mark.fault(18)
@pytest.mark.parametrize("kind", KINDS)
def test_common_metadata_is_refused_and_not_unpickled(tmp_path: Path, kind: feed.Kind) -> None:
    source = _all(write_shards(tmp_path, {"train": (3,)}))
    _write_exploit(tmp_path / "train", tmp_path / "mark")
    with pytest.raises(InputError, match="_common_metadata: shards are plain Parquet"):
        list(feed.chunks(kind, source))
    assert not (tmp_path / "mark").exists()


def test_common_metadata_is_not_unpickled_with_explicit_file_names(tmp_path: Path) -> None:
    source = _all(write_shards(tmp_path, {"train": (3,)}))
    _write_exploit(tmp_path / "train", tmp_path / "mark")
    assert sum(len(chunk[0]) for chunk in feed._petastorm(source.files)) == 3
    assert not (tmp_path / "mark").exists()
