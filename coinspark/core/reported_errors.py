"""Errors of storage, catalog and Spark's workers that a user can fix, whichever library raised them."""

from __future__ import annotations

from coinspark.core.errors import CoinsparkError
from coinspark.core.service_errors import service_error
from coinspark.core.storage_errors import storage_error
from coinspark.core.worker_errors import worker_error


def reported_error(error: BaseException) -> CoinsparkError | None:
    """The error that a command prints as one line; None for a program fault, which keeps its traceback."""
    if isinstance(error, CoinsparkError):
        return error
    return service_error(error) or storage_error(error) or worker_error(error)
