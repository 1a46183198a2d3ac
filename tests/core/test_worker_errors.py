"""Errors of Spark's workers: one line with the message, whatever the way in which Spark passes them on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from coinspark.core import exits
from coinspark.core.errors import CoinsparkError, InputError
from coinspark.core.worker_errors import worker_error

MESSAGE = "runs/a/weights.npz: SHA-256 is 00, expected 11: the weights were not loaded"


def fail(kind: str) -> None:
    """Raise an error of coinspark, or a program fault."""
    raise InputError(MESSAGE) if kind == "own" else KeyError("jpeg")


def in_pandas(frame: DataFrame, kind: str) -> DataFrame:
    def run(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        fail(kind)
        yield from parts

    return frame.mapInPandas(run, "id long")


def in_arrow(frame: DataFrame, kind: str) -> DataFrame:
    def run(parts: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        fail(kind)
        yield from parts

    return frame.mapInArrow(run, "id long")


def in_function(frame: DataFrame, kind: str) -> DataFrame:
    return frame.select(F.udf(lambda n: fail(kind), "string")("id").alias("id"))


def run_command(action: Callable[[], object], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command prints on standard error that ends with exit code 1."""
    with pytest.raises(SystemExit) as end, exits.exit_codes():
        action()
    assert end.value.code == 1
    return capsys.readouterr().err


@pytest.mark.parametrize("transform", [in_pandas, in_arrow, in_function])
def test_error_of_coinspark_is_its_own_line(
    spark: SparkSession, capsys: pytest.CaptureFixture[str], transform: Callable[[DataFrame, str], DataFrame]
) -> None:
    failing = transform(spark.range(0, 2, 1, 1), "own")
    assert run_command(failing.collect, capsys) == f"coinspark: {MESSAGE}\n"


def test_error_while_writing_is_its_own_line(
    spark: SparkSession, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    failing = in_arrow(spark.range(0, 2, 1, 1), "own")
    expected = f"coinspark: {MESSAGE}\n"
    assert run_command(lambda: failing.write.parquet(str(tmp_path / "out")), capsys) == expected
    assert run_command(failing.rdd.collect, capsys) == expected


def test_program_fault_is_one_line_that_names_the_file_with_the_details(
    spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    line = run_command(in_arrow(spark.range(0, 4, 1, 1), "fault").collect, capsys)
    start = "coinspark: a Spark worker failed: KeyError: 'jpeg'; all details: "
    assert line.startswith(start) and line.count("\n") == 1
    details = Path(line.removeprefix(start).strip())
    assert details.stat().st_mode & 0o077 == 0
    assert "Traceback" in details.read_text() and "in fail" in details.read_text()
    details.unlink()


def test_dead_worker_is_one_line(spark: SparkSession, capsys: pytest.CaptureFixture[str]) -> None:
    def die(parts: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import os

        os._exit(9)
        yield from parts

    line = run_command(spark.range(2).mapInArrow(die, "id long").collect, capsys)
    assert line.startswith("coinspark: a Spark worker failed: Lost task ") and line.count("\n") == 1
    Path(line.rpartition(" ")[2].strip()).unlink()


def test_other_errors_of_spark_are_program_faults(spark: SparkSession) -> None:
    with pytest.raises(Exception, match="nowhere") as missing:
        spark.range(1).select("nowhere")
    assert worker_error(missing.value) is None
    assert worker_error(RuntimeError(f"coinspark.core.errors.InputError: {MESSAGE}")) is None


class Captured(Exception):
    """An exception of PySpark."""

    __module__ = "pyspark.errors.exceptions.captured"


def test_cause_of_another_error_is_the_message() -> None:
    own = f"Traceback (most recent call last):\n  File a\ncoinspark.core.errors.InputError: {MESSAGE}"
    text = f"{own}\n\nThe above exception was the direct cause of the following exception:\n\n"
    raised = worker_error(
        Captured(f"{text}Traceback (most recent call last):\n  File b\nRuntimeError: no\n\n\tat x")
    )
    assert str(raised) == MESSAGE


def test_class_of_the_error_is_kept() -> None:
    raised = worker_error(Captured("Traceback (most recent call last):\ncoinspark.core.errors.InputError: x"))
    assert type(raised) is InputError and str(raised) == "x"
    unknown = worker_error(Captured("coinspark.core.errors.CoinsparkError: y"))
    assert type(unknown) is CoinsparkError and str(unknown) == "y"


def test_missing_python_of_a_worker_names_the_variable() -> None:
    error = PySparkException(
        "Job aborted due to stage failure: Task 0 in stage 3.0 failed 4 times, most recent failure: Lost "
        'task 0.3 in stage 3.0: java.io.IOException: Cannot run program "/gone/python" (in directory "/w"): '
        "error=2, "
        "No such file or directory\n\tat java.base/java.lang.ProcessBuilder.start(ProcessBuilder.java:1143)"
    )
    assert str(worker_error(error)) == (
        "a Spark worker cannot run /gone/python: No such file or directory; set PYSPARK_PYTHON to the Python "
        "of coinspark's environment, which must have the same path on all workers"
    )


@pytest.mark.parametrize(
    "text",
    [
        "An error occurred while calling o59.sessionState.\n: java.lang.IllegalStateException: "
        "LiveListenerBus is stopped.\n\tat org.apache.spark.A.b(A.scala:92)",
        "Job 0 cancelled because SparkContext was shut down",
        "Cannot call methods on a stopped SparkContext.\nThis stopped SparkContext was created at:\n",
    ],
)
def test_cluster_that_ended_the_application_is_named(text: str) -> None:
    assert str(worker_error(PySparkException(text))).startswith(
        "Spark has stopped: the master does not answer"
    )
