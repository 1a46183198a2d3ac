"""Errors of Spark's workers as the driver receives them: one message inside two stack traces."""

from __future__ import annotations

import re
import tempfile
from functools import lru_cache
from pathlib import Path

from coinspark.core import errors
from coinspark.core.errors import CoinsparkError

_LIBRARIES = ("pyspark.", "py4j.")
_TRACEBACK = "Traceback (most recent call last):"
_OURS = re.compile(r"^coinspark\.core\.errors\.(\w+): (.+)$", re.MULTILINE)
_FAILURE = re.compile(r"Job aborted due to stage failure: .*?most recent failure: (.+)")
_CAUSE = re.compile(r"^Caused by: (.+)$", re.MULTILINE)
_NO_PROGRAM = re.compile(r'Cannot run program "([^"]+)".*?: error=\d+, (.+)')
_STOPPED = re.compile(
    r"LiveListenerBus is stopped|stopped SparkContext|SparkContext (was|has been) ?shut ?down"
    r"|All masters are unresponsive"
)
_LENGTH = 300  # characters of a message that is not coinspark's own


def worker_error(error: BaseException) -> CoinsparkError | None:
    """The error that a Spark worker or the cluster caused; None for an exception of another origin.

    A CoinsparkError of the worker keeps its class and message. For any other error the message is its last
    line, with the path of a file that has the stack traces.

    Args:
        error: An exception of PySpark or Py4J.
    """
    if not type(error).__module__.startswith(_LIBRARIES):
        return None
    text = str(error)
    if own := _OURS.findall(text):
        name, message = own[-1]
        kind = getattr(errors, name, CoinsparkError)
        return kind(message) if issubclass(kind, CoinsparkError) else None
    if _STOPPED.search(text):
        return CoinsparkError(
            "Spark has stopped: the master does not answer, or it has ended the application; check "
            "spark.master and the log of the master, then run the same command again; finished work is kept"
        )
    if program := _NO_PROGRAM.search(text):
        return CoinsparkError(
            f"a Spark worker cannot run {program[1]}: {program[2]}; set PYSPARK_PYTHON to the Python of "
            "coinspark's environment, which must have the same path on all workers"
        )
    if _TRACEBACK in text:
        message = _last_line(text.rpartition(_TRACEBACK)[2])
    elif failure := _FAILURE.search(text):
        message = failure[1]
        if message.rstrip().endswith("awaitResult:"):  # says nothing by itself
            message += "".join(_CAUSE.findall(text)[-1:])
    else:
        return None
    return CoinsparkError(f"a Spark worker failed: {message[:_LENGTH]}; all details: {store_details(text)}")


@lru_cache(maxsize=1)
def store_details(text: str) -> Path:
    """Write stack traces to a temporary file that only this user can read; the same text only once."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="coinspark-", suffix=".log", delete=False, encoding="utf-8"
    ) as file:
        file.write(text)
    return Path(file.name)


def _last_line(traceback: str) -> str:
    """The line with the exception: the first one after the indented lines of the calls."""
    lines = (line for line in traceback.splitlines() if line.strip())
    return next((line for line in lines if not line[0].isspace()), "no message")
