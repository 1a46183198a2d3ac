"""Messages of the driver on standard error: permanent lines, and one progress line in a terminal."""

from __future__ import annotations

import shutil
import sys

from coinspark.core.formatting import escape_controls

_progress_shown = False


def say(text: str) -> None:
    """Print a line on standard error, without control characters. Standard output is for results."""
    _clear_progress()
    print(escape_controls(text, keep="\n"), file=sys.stderr, flush=True)


def progress(text: str) -> None:
    """Replace the progress line; does nothing if standard error is not a terminal."""
    global _progress_shown
    if not sys.stderr.isatty():
        return
    width = shutil.get_terminal_size().columns - 1
    print(f"\r\x1b[2K{escape_controls(text)[:width]}", end="", file=sys.stderr, flush=True)
    _progress_shown = True


def _clear_progress() -> None:
    global _progress_shown
    if _progress_shown:
        print("\r\x1b[2K", end="", file=sys.stderr)
        _progress_shown = False
