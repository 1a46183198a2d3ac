"""Shards: plain Parquet files of training images, and their distribution over workers.

Columns: `coin_id` (string), `medium` (string), `label` (int32, index into `classes`), `type` (int32, index
into `types`, -1 if unknown), `jpeg` (binary). The files are `<folder>/<split>/<shard, five
digits>.parquet`. `<folder>/shards.json` is written last: shards without it are incomplete.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from coinspark.core.errors import InputError
from coinspark.warehouse.files import Location
from coinspark.warehouse.object_storage import Access

COLUMNS = ("coin_id", "medium", "label", "type", "jpeg")
MARKER = "shards.json"
_TRAINING_SPLITS = ("train", "validation")  # the test split is exported for its digest only
PICKLED = ("_common_metadata", "_metadata")
"""Files that Petastorm unpickles if they are in a folder of shards."""


@dataclass(frozen=True)
class ShardSet:
    """The exported shards of one fold of one layer.

    Attributes:
        folder: Path or URI of the folder of the shards.
        digest: SHA-256 hex of all rows.
        classes: Class names in label order.
        rows: Number of rows by split and shard.
        images: Number of training images by label.
        types: Type names in label order; empty if types are not trained.
    """

    folder: str
    digest: str
    classes: tuple[str, ...]
    rows: dict[str, tuple[int, ...]]
    images: tuple[int, ...]
    types: tuple[str, ...] = ()

    @staticmethod
    def from_dict(values: dict[str, Any]) -> ShardSet:
        """Inverse of `dataclasses.asdict`. Accepts lists in place of tuples, as they come from JSON."""
        rows = {split: tuple(counts) for split, counts in values["rows"].items()}
        sequences = {name: tuple(values[name]) for name in ("classes", "images", "types")}
        return ShardSet(**{**values, "rows": rows, **sequences})


@dataclass(frozen=True)
class WorkerShards:
    """The files of a split that one worker reads, and the number of rows in them."""

    files: tuple[str, ...]
    rows: int


def save(shard_set: ShardSet, folder: Location) -> None:
    """Write the marker file to the folder of the shards. Call it after all shards are written."""
    (folder / MARKER).write_json(asdict(shard_set))


def load(folder: Location, digest: str) -> ShardSet | None:
    """The complete shards in this folder if their digest matches, else None."""
    try:
        values = json.loads((folder / MARKER).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return ShardSet.from_dict({**values, "folder": str(folder)}) if values.get("digest") == digest else None


def shard_count(minimum: int, workers: int) -> int:
    """The least multiple of `workers` that is at least `minimum`: workers read equally many shards."""
    return -(-max(minimum, workers) // workers) * workers


def worker_shards(shard_set: ShardSet, split: str, rank: int, workers: int) -> WorkerShards:
    """Assign every `workers`-th file of a split to the worker `rank`. No file is assigned twice."""
    rows = shard_set.rows.get(split, ())
    indices = [n for n in range(rank, len(rows), workers) if rows[n]]
    files = tuple(str(shard_path(shard_set.folder, split, n)) for n in indices)
    return WorkerShards(files, sum(rows[n] for n in indices))


def shard_path(folder: str, split: str, shard: int) -> Path:
    """Path of a shard file on a local disk."""
    return Path(folder) / shard_name(split, shard)


def shard_name(split: str, shard: int) -> str:
    """Path of a shard file below the folder of the shards."""
    return f"{split}/{shard:05d}.parquet"


@contextmanager
def local_copy(shard_set: ShardSet, access: Access, workers: tuple[int, int] = (0, 1)) -> Iterator[ShardSet]:
    """The shards on a local disk: these, or a copy of the files that a training reads, removed at the end.

    Args:
        access: How to open the shards if they are in an object store.
        workers: Rank and number of the workers; only the files of this worker are copied.
    """
    folder = Location.of(shard_set.folder, access)
    if folder.local is not None:
        yield shard_set
        return
    with tempfile.TemporaryDirectory(prefix="coinspark-shards-") as temporary:
        local = replace(shard_set, folder=temporary)
        for split in _TRAINING_SPLITS:
            for file in map(Path, worker_shards(local, split, *workers).files):
                _download(folder / file.relative_to(temporary).as_posix(), file)
        yield local


def _download(file: Location, target: Path) -> None:
    try:
        file.download(target)
    except FileNotFoundError:
        raise InputError(f"{file}: no such shard; remove the folder of the shards and run again") from None


def steps_per_epoch(shard_set: ShardSet, split: str, workers: int, batch: int) -> int:
    """Steps per epoch, equal on all workers even if they hold different numbers of rows.

    Args:
        batch: Batch size of one worker.

    Raises:
        InputError: A worker would have no rows.
    """
    rows = [worker_shards(shard_set, split, rank, workers).rows for rank in range(workers)]
    if not min(rows):
        raise InputError(
            f"{shard_set.folder}: the {sum(rows)} rows of the split {split}, in "
            f"{len(shard_set.rows.get(split, ()))} shards, leave one of {workers} workers without rows; "
            "lower training.workers or add coins"
        )
    return min(-(-max(rows) // batch), min(rows))


def batch_sizes(rows: int, steps: int) -> list[int]:
    """Sizes of `steps` batches that add up to `rows` and differ by at most one."""
    size, remainder = divmod(rows, steps)
    return [size + 1] * remainder + [size] * (steps - remainder)


def refuse_pickles(files: tuple[str, ...]) -> None:
    """Check that no folder of these files contains a file that Petastorm would unpickle.

    Raises:
        InputError: Such a file exists. It is not opened.
    """
    for folder in sorted({Path(file).parent for file in files}):
        for name in PICKLED:
            if os.path.lexists(folder / name):
                raise InputError(
                    f"{folder / name}: shards are plain Parquet; this file may contain pickled code, so it "
                    "was not opened; remove it"
                )
