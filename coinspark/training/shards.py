"""Shards: the plain Parquet files that workers read, and how they are dealt out so that no worker waits for another.

A shard holds the columns `coin_id` (string), `medium` (string), `label` (int32, index into `classes`), `type` (int32, index
into `types`, -1 where the type is not shown), `jpeg` (binary).
The files are `<folder>/<split>/<shard, five digits>.parquet`; `<folder>/shards.json` is written last and marks them whole.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from coinspark.core import atomic_files as files
from coinspark.core.errors import InputError

COLUMNS = ("coin_id", "medium", "label", "type", "jpeg")
MARKER = "shards.json"
PICKLED = ("_common_metadata", "_metadata")


@dataclass(frozen=True)
class Shards:
    """What was exported: `digest` of all rows, `classes` in label order, `rows[split][shard]`, train images a label.

    `types`, in label order, are those that the train rows show; none where the network is not to learn them.
    """

    folder: str
    digest: str
    classes: tuple[str, ...]
    rows: dict[str, tuple[int, ...]]
    images: tuple[int, ...]
    types: tuple[str, ...] = ()

    @staticmethod
    def from_plain(held: dict[str, Any]) -> Shards:
        """The way back from `asdict`, through JSON, where tuples have become lists."""
        rows = {split: tuple(rows) for split, rows in held["rows"].items()}
        return Shards(
            **{**held, "rows": rows, **{name: tuple(held[name]) for name in ("classes", "images", "types")}}
        )


@dataclass(frozen=True)
class Share:
    """What one worker reads of a split: whole files, and how many rows they hold together."""

    files: tuple[str, ...]
    rows: int


def save(shards: Shards) -> None:
    """Write the marker, atomically: from here on the shards count as whole."""
    files.write_json(Path(shards.folder) / MARKER, asdict(shards))


def load(folder: Path, digest: str) -> Shards | None:
    """The shards finished in this folder if they hold exactly these rows, else None."""
    try:
        found = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return Shards.from_plain({**found, "folder": str(folder)}) if found.get("digest") == digest else None


def number(shards: int, workers: int) -> int:
    """How many shards to write: at least `shards`, and as many for each worker as for any other."""
    return -(-max(shards, workers) // workers) * workers


def share(shards: Shards, split: str, rank: int, workers: int) -> Share:
    """The files of a split that worker `rank` of `workers` reads: every `workers`-th one; no file goes to two workers."""
    rows = shards.rows.get(split, ())
    mine = [n for n in range(rank, len(rows), workers) if rows[n]]
    return Share(tuple(str(path_of(shards.folder, split, n)) for n in mine), sum(rows[n] for n in mine))


def path_of(folder: str, split: str, shard: int) -> Path:
    """Where a shard lies."""
    return Path(folder) / split / f"{shard:05d}.parquet"


def steps(shards: Shards, split: str, workers: int, batch: int) -> int:
    """Steps an epoch, equal on all workers although one may hold a row (or a shard) more than another.

    `batch` is a worker's own. Raises InputError where a worker would have nothing to train on.
    """
    held = [share(shards, split, rank, workers).rows for rank in range(workers)]
    if not min(held):
        raise InputError(
            f"{shards.folder}: {sum(held)} {split} rows in {len(shards.rows.get(split, ()))} shards leave one of "
            f"{workers} workers without a row; lower training.workers or add coins"
        )
    return min(-(-max(held) // batch), min(held))


def cuts(rows: int, steps: int) -> list[int]:
    """Sizes of the `steps` batches that `rows` rows are cut into: they differ by at most one, and add up to `rows`."""
    size, more = divmod(rows, steps)
    return [size + 1] * more + [size] * (steps - more)


def refuse_pickles(files: tuple[str, ...]) -> None:
    """Stop before anything opens a folder that holds a file which Petastorm would unpickle (DESIGN section 6, fault 18)."""
    for folder in sorted({str(Path(file).parent) for file in files}):
        for name in PICKLED:
            if os.path.lexists(found := str(Path(folder) / name)):
                raise InputError(
                    f"{found}: shards are plain Parquet, this file was not written by the export and may hold "
                    "pickled code; it was not opened: remove it"
                )
