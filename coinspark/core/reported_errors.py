"""Errors of storage, catalog and Spark's workers that a user can fix, whichever library raised them."""

from __future__ import annotations

from coinspark.core.errors import CoinsparkError
from coinspark.core.formatting import one_line
from coinspark.core.service_errors import service_error
from coinspark.core.storage_errors import storage_error
from coinspark.core.worker_errors import worker_error

_LENGTH = 500  # characters of a line


def reported_error(error: BaseException) -> CoinsparkError | None:
    """The error that a command prints as one line; None for a program fault, which keeps its traceback."""
    if isinstance(error, CoinsparkError):
        return error
    return service_error(error) or storage_error(error) or worker_error(error)


def error_line(error: BaseException) -> str:
    """The message that a command prints, as one line; for a program fault, its class and first line."""
    if (shown := reported_error(error)) is None:
        lines = str(error).strip().splitlines() or [""]
        return one_line(f"{type(error).__name__}: {lines[0]}", _LENGTH)
    return one_line("; ".join(str(shown).splitlines()), _LENGTH)
