"""What the driver says: lines that stay, and one line of progress that only a terminal shows."""

from __future__ import annotations

import shutil
import sys

_open = False


def say(text: str) -> None:
    """A line that stays, on standard error, so that standard output holds results only."""
    _clear()
    print(text, file=sys.stderr, flush=True)


def progress(text: str) -> None:
    """Rewrite the line of progress; nothing when standard error is not a terminal."""
    global _open
    if not sys.stderr.isatty():
        return
    width = shutil.get_terminal_size().columns - 1
    print(f"\r\x1b[2K{text[:width]}", end="", file=sys.stderr, flush=True)
    _open = True


def _clear() -> None:
    global _open
    if _open:
        print("\r\x1b[2K", end="", file=sys.stderr)
        _open = False
