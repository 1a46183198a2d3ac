"""Messages that C libraries print on standard error."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import IO


@contextmanager
def captured_stderr() -> Iterator[list[str]]:
    """A list that receives what this process writes to file descriptor 2 in the context, when it ends.

    libjpeg reports damaged data there and nowhere else. Output of other threads is captured too.
    """
    target, messages = _file(os.getpid()).fileno(), list[str]()
    standard = os.dup(2)
    os.dup2(target, 2)
    try:
        yield messages
    finally:
        os.dup2(standard, 2)
        os.close(standard)
        if size := os.fstat(target).st_size:
            messages.append(os.pread(target, size, 0).decode(errors="replace"))
            os.ftruncate(target, 0)
            os.lseek(target, 0, os.SEEK_SET)


@lru_cache(maxsize=1)
def _file(process: int) -> IO[bytes]:
    """A file of this process; a fork must not share it."""
    return tempfile.TemporaryFile()
