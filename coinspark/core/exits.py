"""How a command ends: faults that the user can mend as one message, Ctrl-C at once, and everything else as it is."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from coinspark.core.errors import CoinsparkError

_asked = False


def listen() -> None:
    """Note that Ctrl-C (or SIGTERM) asked us to end, and raise KeyboardInterrupt.

    The note counts, not the exception: between Python and Java it comes out as any error. Called after Spark's start, which
    installs a handler of its own.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, _note)
        signal.signal(signal.SIGTERM, _note)


def _note(signum: int, frame: object) -> None:
    global _asked
    _asked = True
    logging.disable()  # py4j would report at length that we broke off
    raise KeyboardInterrupt


@contextmanager
def ended() -> Iterator[None]:
    """Around a whole command: exit code 1 with a CoinsparkError's message, 130 when interrupted."""
    try:
        yield
    except CoinsparkError as error:
        if _asked:
            _leave()
        print(f"coinspark: {error}", file=sys.stderr)
        sys.exit(1)
    except BaseException as error:
        if _asked or isinstance(error, KeyboardInterrupt):
            _leave()
        raise


def _leave() -> None:
    """End at once: Spark's own farewell waits for jobs that nobody wants any more; its Java process ends with this one."""
    print(
        "\ncoinspark: interrupted; what was published stands, and the same command goes on from there",
        file=sys.stderr,
    )
    sys.stderr.flush()
    os._exit(130)
