"""Files of a training whose run folder is not on a local disk: workers share no folder with the driver.

A worker trains in a temporary folder: it copies its shards and the last checkpoint there, and worker 0 copies
what it writes back to the run's folder while it trains. On a local disk the files are used where they are.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from coinspark.core.errors import CoinsparkError
from coinspark.training import checkpoint, shards
from coinspark.training.collective import TrainingCollective
from coinspark.training.run_folder import PROGRESS, RESULT
from coinspark.training.shards import ShardSet
from coinspark.warehouse.files import Location
from coinspark.warehouse.object_storage import Access

INTERVAL = 3.0  # seconds between two copies of the files of a run
_SECTIONS = ("training", "settings")  # of a job, whose key `weights` may name a file of the driver
_RESUMED = (checkpoint.NAME, PROGRESS)


@contextmanager
def local_job(job: str, workers: TrainingCollective, access: Access) -> Iterator[str]:
    """The job with local folders, as the training function gets it.

    Args:
        job: The job as JSON.
    """
    values = json.loads(job)
    folder = Location.of(values["folder"], access)
    if folder.local is not None:
        yield job
        return
    shard_set = ShardSet.from_dict(values["shards"])
    rank = workers.rank, workers.size
    with (
        shards.local_copy(shard_set, access, rank) as local,
        tempfile.TemporaryDirectory(prefix="coinspark-run-") as temporary,
    ):
        run = Path(temporary)
        values |= {"folder": temporary, "shards": {**values["shards"], "folder": local.folder}}
        for section, name in _initial_weights(values):
            (folder / name).download(run / name)
            section["weights"] = str(run / name)
        for name in _RESUMED:
            with suppress(FileNotFoundError):
                (folder / name).download(run / name)
        if workers.rank:
            yield json.dumps(values)
        else:
            with _copied_back(run, folder):
                yield json.dumps(values)


@contextmanager
def driver_folder(folder: Location) -> Iterator[Path]:
    """A local folder for the job and the logs of the driver, which are then stored in the run's folder."""
    if (path := folder.local) is not None:
        path.mkdir(parents=True, exist_ok=True)
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="coinspark-driver-") as temporary:
        files = Path(temporary)
        try:
            yield files
        finally:
            with suppress(CoinsparkError, OSError):  # they are for people; the first error counts
                folder.upload(files)


def upload_initial_weights(job: str, access: Access) -> None:
    """Store the weights files that the job's settings name beside the run, if workers cannot open them."""
    values = json.loads(job)
    folder = Location.of(values["folder"], access)
    if folder.local is None:
        for section, name in _initial_weights(values):
            (folder / name).upload(Path(section["weights"]))


def _initial_weights(values: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """The sections of a job whose initial weights are a file, and its name in the run's folder."""
    sections = [(name, values[name]) for name in _SECTIONS if name in values]
    return [
        (section, f"initial-{name}{Path(section['weights']).suffix}")
        for name, section in sections
        if section.get("weights") and section.get("weights_sha256")
    ]


@contextmanager
def _copied_back(run: Path, folder: Location) -> Iterator[None]:
    """Meanwhile copy the files of a run to its folder, each as a whole; `result.json` at the end and last.

    An error of the storage while the training runs is not the end: the next copy may succeed. The last copy
    must.
    """
    copied: dict[Path, tuple[int, int]] = {path: _state(path) for path in _files(run)}
    finished = threading.Event()

    def copy_changes() -> None:
        for path in _files(run):
            if (state := _state(path)) != copied.get(path):
                (folder / path.relative_to(run).as_posix()).upload(path)
                copied[path] = state

    def copy_until_finished() -> None:
        while not finished.wait(INTERVAL):
            with suppress(CoinsparkError, OSError):
                copy_changes()

    thread = threading.Thread(target=copy_until_finished, daemon=True)
    thread.start()
    try:
        yield
    except BaseException:
        finished.set()
        thread.join()
        with suppress(CoinsparkError, OSError):  # the first error counts
            copy_changes()
        raise
    finished.set()
    thread.join()
    copy_changes()
    (folder / RESULT).upload(run / RESULT)


def _files(run: Path) -> list[Path]:
    """The complete files without the result, the smallest first: progress must not wait for a checkpoint."""
    files = sorted((path for path in run.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    return [path for path in files if not path.name.endswith(".part") and path != run / RESULT]


def _state(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns
