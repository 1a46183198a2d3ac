"""Exit of a command: exit codes, messages, and the reaction to Ctrl-C and SIGTERM."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from coinspark.core.errors import CoinsparkError
from coinspark.core.formatting import escape_controls
from coinspark.core.reported_errors import reported_error

_interrupted = False


def handle_signals() -> None:
    """Raise KeyboardInterrupt on SIGINT and SIGTERM, and record that the user asked to stop.

    The record counts, not the exception: a KeyboardInterrupt inside a call to Java surfaces as any other
    error. Call it again after Spark has started, since Spark installs its own handler.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, _interrupt)
        signal.signal(signal.SIGTERM, _interrupt)


def was_interrupted() -> bool:
    """Whether the user has asked to stop, by SIGINT or SIGTERM."""
    return _interrupted


def _interrupt(signum: int, frame: object) -> None:
    global _interrupted
    _interrupted = True
    logging.disable()  # py4j would log the broken connection
    raise KeyboardInterrupt


@contextmanager
def exit_codes() -> Iterator[None]:
    """Context of a whole command that turns exceptions into exit codes.

    A CoinsparkError prints its message and exits with 1, as do any error of a Spark worker, a catalog or
    storage that fails, and a path that is full, read-only or unsuitable; an interrupt exits with 130. Other
    exceptions are program faults and keep their traceback.
    """
    try:
        yield
    except CoinsparkError as error:
        if _interrupted:
            _exit_interrupted()
        _exit_failed(error)
    except BaseException as error:
        if _interrupted or isinstance(error, KeyboardInterrupt):
            _exit_interrupted()
        if (reported := reported_error(error)) is not None:
            _exit_failed(reported)
        raise


def _exit_failed(error: CoinsparkError) -> NoReturn:
    message = escape_controls(str(error), keep="\n")
    print(f"coinspark: {message}", file=sys.stderr)
    sys.exit(1)


def _exit_interrupted() -> None:
    """Exit at once; stopping Spark would wait for running jobs. Spark's Java process ends with this one."""
    print(
        "\ncoinspark: interrupted; published tables are unchanged. Run the same command again to resume.",
        file=sys.stderr,
    )
    sys.stderr.flush()
    os._exit(130)
