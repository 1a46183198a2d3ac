"""Full, read-only and forbidden storage: one line, whether Python, the JVM or a Spark task met it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from py4j.protocol import Py4JError
from pyspark.errors.exceptions.base import PySparkException

from coinspark.config import Config
from coinspark.core import exits
from coinspark.core.errors import InputError
from coinspark.core.storage_errors import storage_error
from coinspark.core.worker_errors import worker_error
from coinspark.warehouse import session

FULL = (
    "no space left on device; free some space there, then run the same command again; finished work is kept"
)
SOMEWHERE = "the warehouse or a temporary folder (spark.local.dir, TMPDIR)"

FROM_A_TASK = """An exception was thrown from the Python worker. Please see the stack trace below.
Traceback (most recent call last):
  File "/venv/lib/python3.11/site-packages/coinspark/ingest/merge.py", line 9, in merge
    file.write(data)
OSError: [Errno 28] No space left on device: '/data/w/scratch/part-0'
"""
FROM_THE_JVM = """An error occurred while calling o99.append.
: org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 3.0 failed 1 times
\tat org.apache.spark.scheduler.DAGScheduler.failJobAndIndependentStages(DAGScheduler.scala:2898)
Caused by: java.io.IOException: No space left on device
\tat java.base/java.io.FileOutputStream.writeBytes(Native Method)
"""
OF_THE_CATALOG = """An error occurred while calling o42.sql.
: org.apache.iceberg.jdbc.UncheckedSQLException: Failed to connect
Caused by: org.sqlite.SQLiteException: [SQLITE_READONLY] (attempt to write a readonly database)
"""
OF_A_WRITE = """An error occurred while calling o99.parquet.
: org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 3.0 failed 1 times
Caused by: java.io.IOException: No space left on device
\tat java.base/java.io.FileOutputStream.writeBytes(Native Method)
: [TASK_WRITE_FAILED] Task failed while writing rows to file:/data/w/scratch/train/shards.part.
"""
NO_FOLDER = """An error occurred while calling o7.commit.
: org.apache.iceberg.exceptions.RuntimeIOException: Failed to create file: file:/data/w/lease/metadata/1.avro
Caused by: java.io.IOException: Mkdirs failed to create file:/data/w/lease/metadata (exists=false, cwd=/x)
"""
READ_ONLY = """An error occurred while calling o7.parquet.
: java.io.FileNotFoundException: /data/w/coins/data/a.parquet (Read-only file system)
"""


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        (errno.ENOSPC, "no space left on device; free some space"),
        (errno.EDQUOT, "disk quota exceeded; free some space"),
        (errno.EROFS, "read-only file system; make it writable"),
        (errno.EACCES, "permission denied; make it writable"),
        (errno.ENAMETOOLONG, "the path is too long; choose a shorter one"),
        (errno.ENOTDIR, "a part of this path is a file; choose another path"),
        (errno.EEXIST, "this is a file; choose the path of a folder"),
        (errno.ELOOP, "too many symbolic links; choose a path without a loop of links"),
    ],
)
def test_error_of_the_operating_system_names_its_file(number: int, problem: str) -> None:
    error = storage_error(OSError(number, os.strerror(number), "/data/w/coins.parquet"))
    assert isinstance(error, InputError)
    assert str(error).startswith(f"/data/w/coins.parquet: {problem}")


def test_write_to_a_full_device_is_one_line_although_it_has_no_name() -> None:
    with pytest.raises(OSError) as raised, Path("/dev/full").open("wb", buffering=0) as full:
        full.write(b"x")
    assert str(storage_error(raised.value)) == f"{SOMEWHERE}: {FULL}"


@pytest.mark.parametrize("kind", [Py4JError, PySparkException])
@pytest.mark.parametrize(
    ("text", "start"),
    [
        (FROM_A_TASK, "/data/w/scratch/part-0: no space left on device; "),
        (FROM_THE_JVM, f"{SOMEWHERE}: no space left on device; "),
        (OF_A_WRITE, "/data/w/scratch/train/shards.part: no space left on device; "),
        (OF_THE_CATALOG, f"{SOMEWHERE}: read-only file system; "),
        (NO_FOLDER, "/data/w/lease/metadata: the folder cannot be created; make it writable"),
        (READ_ONLY, "/data/w/coins/data/a.parquet: read-only file system; "),
    ],
)
def test_error_of_spark_is_reduced_to_one_line(kind: type[Exception], text: str, start: str) -> None:
    error = storage_error(kind(text))
    assert str(error).startswith(start)
    assert "\n" not in str(error)


def test_own_error_of_a_worker_keeps_its_message() -> None:
    own = "coinspark.core.errors.TrainingError: /data/w/runs/mint-0: disk full; the last checkpoint is kept"
    error = Py4JError(f"{FROM_A_TASK}\n{own}")
    assert storage_error(error) is None
    assert str(worker_error(error)) == own.partition(": ")[2]


def test_cause_of_an_error_counts() -> None:
    with pytest.raises(RuntimeError) as raised:
        try:
            raise OSError(errno.EROFS, "Read-only file system", "/data/w")
        except OSError as error:
            raise RuntimeError("could not save") from error
    assert str(storage_error(raised.value)).startswith("/data/w: read-only file system; ")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("No space left on device"),
        FileNotFoundError(errno.ENOENT, "No such file or directory", "a"),
        Py4JError("java.lang.NullPointerException"),
    ],
)
def test_other_errors_are_program_faults(error: Exception) -> None:
    assert storage_error(error) is None


@pytest.mark.parametrize(
    "warehouse", ["{folder}/file", "{folder}/file/below", "{folder}/loop", "/" + "x" * 300]
)
def test_warehouse_that_cannot_be_a_folder_is_one_line(
    tmp_path: Path, warehouse: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    config = Config(warehouse=warehouse.format(folder=tmp_path))
    with pytest.raises(SystemExit) as stopped, exits.exit_codes():
        session.start(config)
    assert stopped.value.code == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_command_exits_1_with_one_line() -> None:
    program = """
from coinspark.core import exits
with exits.exit_codes(), open("/dev/full", "w", buffering=1) as full:
    full.write("line\\n")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == f"coinspark: {SOMEWHERE}: {FULL}\n"
