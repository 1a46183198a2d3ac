"""The feed: both ways give the same rows, every row comes once, and nothing is unpickled."""

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
from coinspark.training.feed import Epoch
from coinspark.training.shards import Share
from coinspark.vision.network import Picture
from tests.training_shards import shade, write

PICTURE = Picture(32, 64)
KINDS = ("petastorm", "tfdata")


def _rows(kind: feed.Kind, share: Share) -> list[tuple[str, int, bytes]]:
    return [
        (coin.numpy().decode(), int(label), jpeg.numpy())
        for coin, _, label, _, jpeg in feed.rows(kind, share)
    ]


def test_both_feeds_give_the_same_rows_in_the_same_order(tmp_path: Path) -> None:
    held = write(tmp_path, {"train": (5, 4, 4)}, row_group=2)
    share = shards.share(held, "train", 0, 1)
    expected = [(f"train{n}", n % 3, shade(n)) for n in range(13)]
    assert _rows("petastorm", share) == _rows("tfdata", share) == expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [(7, 6), (5, 5, 4), (9, 8, 8, 8, 8)])
def test_the_workers_see_every_row_once_an_epoch_in_equal_steps(
    tmp_path: Path, kind: feed.Kind, rows: tuple[int, ...]
) -> None:
    held = write(tmp_path, {"train": rows})
    steps = shards.steps(held, "train", 2, 3)
    seen: list[bytes] = []
    for rank in range(2):
        share = shards.share(held, "train", rank, 2)
        batches = list(
            feed.batches(
                kind,
                share,
                PICTURE,
                Epoch(1, 0, rank, steps, Augment(shift=0, rotate=0, zoom=0, brightness=0, contrast=0)),
            )
        )
        assert len(batches) == steps
        assert (
            max(len(labels) for _, labels, _ in batches) - min(len(labels) for _, labels, _ in batches) <= 1
        )
        seen += [image.numpy().tobytes() for images, _, _ in batches for image in images]
    everything = Share(
        tuple(str(shards.path_of(str(tmp_path), "train", n)) for n in range(len(rows))), sum(rows)
    )
    plain = next(iter(feed.batches(kind, everything, PICTURE, Epoch(1, 0, 0, 1, None))))[0]
    assert len(seen) == len(set(seen)) == sum(rows)
    # Moved by nothing, a picture is what it was but for the rounding of the transform.
    changed = np.stack([np.frombuffer(image, np.float32).reshape(32, 64, 3) for image in seen])
    nearest = [np.abs(plain.numpy() - image).max(axis=(1, 2, 3)).argmin() for image in changed]
    assert sorted(nearest) == list(range(sum(rows)))


def test_an_epoch_is_shuffled_by_its_number_and_comes_again(tmp_path: Path) -> None:
    share = shards.share(write(tmp_path, {"train": (24,)}), "train", 0, 1)

    def labels(epoch: int) -> list[int]:
        batches = feed.batches("tfdata", share, PICTURE, Epoch(1, epoch, 0, 3, Augment()))
        return [int(label) for _, found, _ in batches for label in found]

    assert labels(0) == labels(0) != labels(1)
    assert sorted(labels(1)) == sorted(n % 3 for n in range(24))


def test_without_augmentation_the_rows_keep_their_order(tmp_path: Path) -> None:
    share = shards.share(write(tmp_path, {"test": (7,)}), "test", 0, 1)
    batches = list(feed.batches("tfdata", share, PICTURE, Epoch(1, 0, 0, 2, None)))
    assert [list(labels) for _, labels, _ in batches] == [[0, 1, 2, 0], [1, 2, 0]]
    assert [list(types) for _, _, types in batches] == [[0, 0, 1, 1], [0, 0, 1]]
    assert batches[0][0].shape == (4, 32, 64, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_short_epoch_is_an_error(tmp_path: Path, kind: feed.Kind) -> None:
    share = shards.share(write(tmp_path, {"train": (5,)}), "train", 0, 1)
    with pytest.raises(InputError, match=f"{kind} gave 5 of 6 rows"):
        list(feed.chunks(kind, Share(share.files, 6)))


class _Evil:
    def __init__(self, mark: str) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, (
            f"open({self.mark!r}, 'w')",
        )  # builtins are what Petastorm's own unpickler lets through


def _craft(folder: Path, mark: Path) -> None:
    schema = pa.schema(
        [("coin_id", pa.string())], {b"dataset-toolkit.unischema.v1": pickle.dumps(_Evil(str(mark)), 0)}
    )
    pq.write_metadata(schema, folder / "_common_metadata")


def test_petastorm_would_unpickle_a_crafted_file(tmp_path: Path) -> None:
    """The fault that the next test guards against is real: given the folder, Petastorm runs what the file says."""
    from petastorm import make_batch_reader

    write(tmp_path, {"train": (3,)})
    _craft(tmp_path / "train", tmp_path / "mark")
    with pytest.raises(AttributeError), make_batch_reader((tmp_path / "train").as_uri()):
        pass
    assert (tmp_path / "mark").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_crafted_common_metadata_is_never_unpickled(tmp_path: Path, kind: feed.Kind) -> None:
    share = shards.share(write(tmp_path, {"train": (3,)}), "train", 0, 1)
    _craft(tmp_path / "train", tmp_path / "mark")
    with pytest.raises(InputError, match="_common_metadata: shards are plain Parquet"):
        list(feed.chunks(kind, share))
    assert not (tmp_path / "mark").exists()


def test_even_past_the_guard_files_by_name_are_not_unpickled(tmp_path: Path) -> None:
    share = shards.share(write(tmp_path, {"train": (3,)}), "train", 0, 1)
    _craft(tmp_path / "train", tmp_path / "mark")
    assert sum(len(chunk[0]) for chunk in feed._petastorm(share.files)) == 3
    assert not (tmp_path / "mark").exists()
